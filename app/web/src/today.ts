// Today's numbers, from the record, since midnight in the viewer's zone.
import { signal } from "@preact/signals";
import type { Schemas } from "./api/client";

export type Slot = Schemas["HalfHour"];
export const today = signal<Schemas["TodayOut"] | null>(null);
export const handoffs = signal<Schemas["OpenHandoff"][]>([]);

export async function loadToday(): Promise<boolean> {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  const [day, open] = await Promise.all([
    read<Schemas["TodayOut"]>(`/api/board/today?zone=${encodeURIComponent(zone)}`),
    read<Schemas["OpenHandoff"][]>("/api/board/handoffs"),
  ]);
  if (day) today.value = day;
  if (open) handoffs.value = open;
  return Boolean(day && open);
}

async function read<T>(address: string): Promise<T | null> {
  const answer = await fetch(address, { signal: AbortSignal.timeout(8000) }).catch(() => null);
  return answer?.ok ? ((await answer.json()) as T) : null;
}
