// Today's numbers, from the record, since midnight in the viewer's zone.
import { signal } from "@preact/signals";

export interface Slot {
  at_ms: number;
  offered: number;
  answered: number;
  median_s: number | null;
  worst_s: number | null;
}
export interface Today {
  since_ms: number;
  threshold_s: number;
  offered: number;
  answered: number;
  abandoned: number;
  rolled_over: number;
  service_level: number | null;
  median_answer: number | null;
  worst_answer: number | null;
  half_hours: Slot[];
}
export const today = signal<Today | null>(null);

export async function loadToday(): Promise<boolean> {
  return false;
}
