// The steps of a plan, each at its second; the backup line stays the last.
import type { JSX } from "preact";
import * as p from "../plan";
import { Button } from "../ui/parts";
import { t } from "../words";

const KINDS = ["tier", "interpreter", "page", "callback"] as const;

interface Props {
  of: "plan" | "closed_plan";
  steps: p.Step[];
  latest: number;
}

export function Steps({ of, steps, latest }: Props): JSX.Element {
  const w = t.value.plan;
  const add = (): void =>
    p.edit((draft) => {
      const end = draft[of].at(-1)?.at_s ?? latest;
      draft[of].splice(-1, 0, { at_s: Math.floor(end / 2), step: "page", tier: 0, partner: "" });
    });
  return (
    <>
      <ol class="steps">
        {steps.map((step, n) => (
          <Row key={n} of={of} step={step} n={n} latest={latest} />
        ))}
      </ol>
      <Button onPress={add}>{w.add}</Button>
    </>
  );
}

function Row({ of, step, n, latest }: { of: Props["of"]; step: p.Step; n: number; latest: number }): JSX.Element {
  const w = t.value.plan;
  const set = (change: Partial<p.Step>): void => p.edit((draft) => void Object.assign(draft[of][n] as p.Step, change));
  const last = step.step === "backup";
  const fixed = last || step.step === "partner"; // whom partners are is the operator's agreement
  return (
    <li class={`row ${last ? "backup" : ""}`}>
      <label class="short">
        <span>{w.atSecond}</span>
        <input
          type="number"
          min={0}
          max={latest}
          step={5}
          value={step.at_s}
          onInput={(event) => set({ at_s: event.currentTarget.valueAsNumber || 0 })}
        />
      </label>
      {fixed ? (
        <strong class="grow">{`${w.kinds[step.step]} ${step.partner}`.trim()}</strong>
      ) : (
        <label class="grow">
          <span>{w.kind}</span>
          <select
            value={step.step}
            onChange={(event) => {
              const kind = event.currentTarget.value as (typeof KINDS)[number];
              set({ step: kind, tier: kind === "tier" ? 2 : 0 });
            }}
          >
            {KINDS.map((kind) => (
              <option key={kind} value={kind}>
                {w.kinds[kind]}
              </option>
            ))}
          </select>
        </label>
      )}
      {step.step === "tier" && (
        <label class="short">
          <span>{w.tier}</span>
          <input
            type="number"
            min={2}
            max={9}
            value={step.tier}
            onInput={(event) => set({ tier: event.currentTarget.valueAsNumber || 2 })}
          />
        </label>
      )}
      {!last && (
        <Button
          kind="quiet"
          label={`${w.remove}: ${w.kinds[step.step]}`}
          onPress={() => p.edit((d) => void d[of].splice(n, 1))}
        >
          {w.remove}
        </Button>
      )}
    </li>
  );
}
