import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import * as act from "../actions";
import * as kept from "../kept";
import { useKey } from "../keys";
import { call } from "../state";
import { clock } from "../time";
import { Button, Card, Choice, Kbd } from "../ui/parts";
import { t } from "../words";

type Level = "" | "none" | "low" | "moderate" | "high";
const LEVELS = ["none", "low", "moderate", "high"] as const;

/** Three statements, each unknown until it is made; codes only. */
export function Risk({ file }: { file: kept.CaseFile }): JSX.Element {
  const w = t.value.risk;
  const form = file.risk;
  const box = useRef<HTMLDivElement>(null);
  useKey("r", () => box.current?.querySelector<HTMLInputElement>("input")?.focus());
  const set = (change: Partial<kept.RiskForm>): void =>
    kept.change(file.call, (one) => ({ ...one, risk: { ...one.risk, ...change } }));
  const said = form.screened || form.judged || form.imminent;
  const lacking = !said ? w.needsOne : form.judged && !form.rationale.trim() ? w.needsWhy : "";
  const levels = [
    ["", w.levels.unknown],
    ...LEVELS.map((level) => [level, w.levels[level]]),
  ] as unknown as readonly (readonly [Level, string])[];
  const saved = file.riskSaved;
  const high = saved?.judged === "high" || saved?.imminent === "yes" || Boolean(call.value?.risk_high);
  return (
    <Card
      title={w.title}
      class="risk"
      aside={
        <span class="dim">
          {saved ? `${w.last} ${clock(saved.at_ms)} ` : ""}
          <Kbd k="r" />
        </span>
      }
    >
      <Standing saved={saved} high={high} />
      <div ref={box} class="stack">
        <Choice
          legend={w.when}
          name="at"
          value={form.at}
          options={(["start", "during", "end"] as const).map((at) => [at, w.at[at]] as const)}
          onChange={(at) => set({ at })}
        />
        <Choice<Level>
          legend={w.screened}
          name="screened"
          value={form.screened as Level}
          options={levels}
          tone={(level) => `level-${level || "unknown"}`}
          onChange={(screened) => set({ screened })}
        />
        <Choice<Level>
          legend={w.judged}
          name="judged"
          value={form.judged as Level}
          options={levels}
          tone={(level) => `level-${level || "unknown"}`}
          onChange={(judged) => set({ judged })}
        />
        <Choice<"" | "yes" | "no">
          legend={w.imminent}
          name="imminent"
          value={form.imminent}
          options={[
            ["", w.levels.unknown],
            ["no", w.no],
            ["yes", w.yes],
          ]}
          tone={(value) => (value === "yes" ? "level-high" : "")}
          onChange={(imminent) => set({ imminent })}
        />
        <label>
          <span>{w.rationale}</span>
          <textarea
            rows={3}
            maxLength={8000}
            aria-describedby="why-hint"
            value={form.rationale}
            onInput={(event) => set({ rationale: event.currentTarget.value })}
          />
          <small id="why-hint" class="dim">
            {w.rationaleHint}
          </small>
        </label>
        <Button kind="main" k="s" off={Boolean(lacking)} onPress={() => void act.saveRisk(form)}>
          {w.save}
        </Button>
        <p class="dim lacking" role="status">
          {lacking}
        </p>
      </div>
    </Card>
  );
}

/** What was said last, by whoever had this call: the form below is for what is to be said now. */
function Standing({ saved, high }: { saved: kept.CaseFile["riskSaved"]; high: boolean }): JSX.Element {
  const w = t.value.risk;
  const said = saved && [
    saved.screened && `${w.screened}: ${w.levels[saved.screened as "low"]}`,
    saved.judged && `${w.judged}: ${w.levels[saved.judged as "low"]}`,
    saved.imminent && `${w.imminent}: ${saved.imminent === "yes" ? w.yes : w.no}`,
  ];
  return (
    <div class={`risk-known ${high ? "notice bad" : "dim"}`} role="status">
      {said ? said.filter(Boolean).join(" · ") : ""}
      {high && <p>{w.highWarning}</p>}
    </div>
  );
}
