// The flat list of agencies that this hotline knows.
import { signal } from "@preact/signals";

export interface Entry {
  /** What goes into a handoff: the entry's key. */
  to: string;
  name: string;
  about: string;
  number?: string;
}
export const directory = signal<Entry[]>([]);

export async function loadDirectory(): Promise<void> {
  if (directory.value.length) return;
  const answer = await fetch("/api/agencies").catch(() => null);
  if (!answer?.ok) return;
  const list = (await answer.json()) as { id?: string; key?: string; name: string; number?: string; area?: string }[];
  directory.value = list.map((one) => ({ to: one.id ?? one.key ?? one.name, name: one.name, about: one.area ?? "", number: one.number }));
}
