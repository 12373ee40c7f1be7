// The lines' wait plans: what happens next for somebody who waits, and when.
import { signal } from "@preact/signals";
import { ask, type Schemas } from "./api/client";

export type Line = Schemas["LineOut"];
export const lines = signal<Record<string, Line>>({});

export async function loadLines(again = false): Promise<void> {
  if (!again && Object.keys(lines.value).length) return;
  const list = await ask("get", "/api/lines").catch(() => null);
  if (list) lines.value = Object.fromEntries(list.map((line) => [line.id, line]));
}

/** The first step of the plan that lies ahead of this wait. */
export function nextStep(
  line: Line | undefined,
  { cls, closed }: { cls: string; closed: boolean },
  wait_ms: number,
): { step: string; at_ms: number } | null {
  if (!line) return null;
  const backup = cls === "danger" || cls === "attempt" ? [{ step: "backup", at_s: line.danger_backup_s }] : [];
  const ahead = [...(closed ? line.closed_plan : line.plan), ...backup]
    .map((step) => ({ step: step.step, at_ms: step.at_s * 1000 }))
    .filter((step) => step.at_ms > wait_ms);
  return ahead.sort((a, b) => a.at_ms - b.at_ms)[0] ?? null;
}
