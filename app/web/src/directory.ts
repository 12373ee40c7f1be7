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

/** What an entry is called; what is no key is shown as it was typed. */
export function nameOf(to: string): string {
  return directory.value.find((entry) => entry.key === to)?.name ?? to;
}

/** Whether this may be rung from here: a number that looks like one, or an entry that has one (C7). */
export function diallable(to: string): boolean {
  const entry = directory.value.find((one) => one.key === to);
  return entry ? entry.diallable : /^\+?[\d\s().\/-]{7,}$/.test(to.trim());
}

/** The number behind an entry's key; what is no key is a number already. */
export function numberOf(to: string): string {
  const entry = directory.value.find((one) => one.key === to);
  return entry ? entry.number || entry.name : to;
}
