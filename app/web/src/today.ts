// Today's numbers, from the record, since midnight in the viewer's zone.
import { signal } from "@preact/signals";
import type { Schemas } from "./api/client";

export type Slot = Schemas["SlotOut"];
export const today = signal<Schemas["TodayOut"] | null>(null);

export async function loadToday(): Promise<boolean> {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  try {
    const answer = await fetch(`/api/board/today?zone=${encodeURIComponent(zone)}`, { signal: AbortSignal.timeout(8000) });
    if (answer.ok) today.value = (await answer.json()) as Schemas["TodayOut"];
    return answer.ok;
  } catch {
    return false;
  }
}
