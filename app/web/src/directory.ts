// The flat list of agencies that this hotline knows, and when a handoff is late (C1).
import { signal } from "@preact/signals";
import { ask, type Schemas } from "./api/client";

export type Entry = Schemas["Agency"];
export const directory = signal<Entry[]>([]);
/** Seconds: `contact` from the decision, `news` from the dispatch. */
export const deadlines = signal<Record<string, number>>({ contact: 180, news: 900 });

export async function loadDirectory(): Promise<void> {
  if (directory.value.length) return;
  const said = await ask("get", "/api/directory").catch(() => null);
  if (!said) return;
  directory.value = said.agencies;
  deadlines.value = said.deadlines_s;
}

/** The number behind an entry's key; what is no key is a number already. */
export function numberOf(to: string): string {
  return directory.value.find((entry) => entry.key === to)?.number ?? to;
}
