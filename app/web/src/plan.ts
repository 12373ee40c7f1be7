// A line's plan as a lead edits it: one draft, changed only through `edit`, compared with what is in force.
import { computed, signal } from "@preact/signals";
import { ask, Refused, type Schemas } from "./api/client";
import { loadLines } from "./lines";

export type Plan = Schemas["PlanOut"];
export type Draft = Pick<Plan, "plan" | "closed_plan" | "hours" | "say" | "words">;
export type Step = Schemas["Step"];
export type Hours = NonNullable<Draft["hours"]>;
export type Day = keyof Hours["weekly"];
export const DAYS: readonly Day[] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

export const inForce = signal<Plan | null>(null);
export const history = signal<Schemas["VersionOut"][]>([]);
export const draft = signal<Draft | null>(null);
export const changed = computed(
  () => inForce.value !== null && JSON.stringify(draft.value) !== JSON.stringify(part(inForce.value)),
);

function part({ plan, closed_plan, hours, say, words }: Plan): Draft {
  return structuredClone({ plan, closed_plan, hours, say, words });
}

/** Change a copy of the draft, and show it. */
export function edit(change: (draft: Draft) => void): void {
  if (!draft.value) return;
  const copy = structuredClone(draft.value);
  change(copy);
  draft.value = copy;
}

export async function loadPlan(id: string): Promise<void> {
  const at = { id };
  inForce.value = await ask("get", "/api/lines/{id}/plan", { at });
  draft.value = part(inForce.value);
  await loadHistory(id);
}

async function loadHistory(id: string): Promise<void> {
  history.value = await ask("get", "/api/lines/{id}/plan/versions", { at: { id } }).catch(() => []);
}

/** Save the whole draft on the version that was shown; null, or what is wrong. */
export async function savePlan(why: string): Promise<Refused | null> {
  const before = inForce.value;
  if (!before || !draft.value) return null;
  try {
    const body = { version: before.version, why, ...tidy(draft.value) };
    inForce.value = await ask("put", "/api/lines/{id}/plan", { at: { id: before.line }, body });
  } catch (error) {
    if (error instanceof Refused) return error;
    throw error;
  }
  draft.value = part(inForce.value);
  void loadLines(true); // the board shows the steps ahead
  await loadHistory(before.line);
  return null;
}

/** Steps in the order of their seconds; words that were emptied are the common ones again. */
function tidy(given: Draft): Draft {
  const inOrder = (steps: Step[]): Step[] =>
    [...steps].sort((a, b) => Number(a.step === "backup") - Number(b.step === "backup") || a.at_s - b.at_s);
  const texts = Object.entries(given.words).map(
    ([code, own]) => [code, Object.fromEntries(Object.entries(own).filter(([, text]) => text.trim()))] as const,
  );
  return {
    ...given,
    plan: inOrder(given.plan),
    closed_plan: inOrder(given.closed_plan),
    say: [...given.say].sort((a, b) => a.from_s - b.from_s),
    words: Object.fromEntries(texts),
  };
}

/** Hours to begin with: office hours of this machine's zone. */
export function someHours(): Hours {
  const office = [{ start: "08:00:00", end: "20:00:00" }];
  const weekly = Object.fromEntries(DAYS.map((day) => [day, structuredClone(office)])) as Hours["weekly"];
  return { zone: Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC", weekly, holidays: [] };
}
