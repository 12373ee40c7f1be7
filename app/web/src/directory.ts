// The flat list of agencies that this hotline knows.
import { signal } from "@preact/signals";
import { ask, type Schemas } from "./api/client";

export type Entry = Schemas["AgencyOut"];
export const directory = signal<Entry[]>([]);

export async function loadDirectory(): Promise<void> {
  if (!directory.value.length) directory.value = await ask("get", "/api/agencies").catch(() => []);
}

/** The number behind an entry's id; what is no id is a number already. */
export function numberOf(to: string): string {
  return directory.value.find((entry) => entry.id === to)?.number ?? to;
}
