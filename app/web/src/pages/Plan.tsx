// A lead's page for one line: the wait plan, the opening hours, and what callers hear; every version is kept.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { failed } from "../actions";
import { lines, loadLines } from "../lines";
import * as p from "../plan";
import * as s from "../state";
import { day } from "../time";
import { Button, Card, Choice, Empty } from "../ui/parts";
import { errorWords, t } from "../words";
import { OpeningHours } from "./PlanHours";
import { Steps } from "./PlanSteps";
import { CallerWords } from "./PlanWords";

export function Plan(): JSX.Element {
  const w = t.value.plan;
  const line = useSignal("");
  const gone = useSignal(false);
  const load = async (id: string): Promise<void> => {
    line.value = id;
    try {
      await p.loadPlan(id);
      gone.value = false;
    } catch (error) {
      gone.value = true;
      failed(error);
    }
  };
  useEffect(() => {
    void loadLines().then(() => load(Object.keys(lines.value)[0] ?? "main"));
  }, []);
  const ids = Object.keys(lines.value);
  return (
    <div class="setup plan">
      <h1>{w.title}</h1>
      <p class="dim">{w.text}</p>
      {ids.length > 1 && (
        <Choice
          legend={w.line}
          name="line"
          value={line.value}
          options={ids.map((id) => [id, id] as const)}
          onChange={(id) => void load(id)}
        />
      )}
      {gone.value && <p class="notice bad">{w.notRead}</p>}
      {p.inForce.value && p.draft.value && (
        <>
          <Standing plan={p.inForce.value} />
          <Edited plan={p.inForce.value} draft={p.draft.value} />
          <Save again={() => void load(line.value)} />
          <History />
        </>
      )}
    </div>
  );
}

function Standing({ plan }: { plan: p.Plan }): JSX.Element {
  const w = t.value.plan;
  return (
    <>
      <p>
        <strong>{w.version(plan.version)}</strong>
        {plan.who && plan.saved_at && ` ${w.by(name(plan.who), day(Date.parse(plan.saved_at)))}`}
        {plan.why && <span class="dim"> · {plan.why}</span>}
      </p>
      <p class={plan.open_now ? "dim" : "notice warn"}>
        {plan.open_now ? w.openNow : w.closedNow} {plan.changes_at && w.until(day(Date.parse(plan.changes_at)))}
      </p>
      {plan.backup_numbers === 0 && <p class="notice bad">{w.noBackup}</p>}
    </>
  );
}

function Edited({ plan, draft }: { plan: p.Plan; draft: p.Draft }): JSX.Element {
  const w = t.value.plan;
  return (
    <>
      <Card title={w.open}>
        <p class="dim">{w.openText(plan.backup_max_s)}</p>
        <Steps of="plan" steps={draft.plan} latest={plan.backup_max_s} />
      </Card>
      <OpeningHours hours={draft.hours} />
      {draft.hours && (
        <Card title={w.closed}>
          <p class="dim">{w.closedText(plan.closed_backup_max_s)}</p>
          <Steps of="closed_plan" steps={draft.closed_plan} latest={plan.closed_backup_max_s} />
        </Card>
      )}
      <CallerWords plan={plan} draft={draft} />
    </>
  );
}

function Save({ again }: { again: () => void }): JSX.Element {
  const w = t.value.plan;
  const why = useSignal("");
  const wrong = useSignal("");
  const busy = useSignal(false);
  const save = async (): Promise<void> => {
    busy.value = true;
    try {
      const refused = await p.savePlan(why.value);
      wrong.value = refused ? (refused.code === "invalid" ? refused.message : errorWords(refused)) : "";
      if (!refused) {
        why.value = "";
        s.say(w.saved, "good");
      }
    } catch (error) {
      failed(error);
    }
    busy.value = false;
  };
  return (
    <Card title={w.save} aside={p.changed.value && <span class="tag">{w.changed}</span>}>
      <label>
        <span>{w.why}</span>
        <input
          name="why"
          maxLength={200}
          autocomplete="off"
          value={why.value}
          onInput={(event) => (why.value = event.currentTarget.value)}
        />
      </label>
      {wrong.value && (
        <p role="alert" class="notice bad">
          {wrong.value}
        </p>
      )}
      <div class="row">
        <Button
          kind="main"
          k="s"
          busy={busy.value}
          off={!p.changed.value || why.value.trim().length < 3}
          onPress={() => void save()}
        >
          {busy.value ? w.saving : w.save}
        </Button>
        <Button onPress={again}>{w.undo}</Button>
      </div>
    </Card>
  );
}

function History(): JSX.Element {
  const w = t.value.plan;
  return (
    <Card title={w.history}>
      {p.history.value.length === 0 && <Empty>{w.noHistory}</Empty>}
      <ol class="versions">
        {p.history.value.map((one) => (
          <li key={one.version}>
            <strong class="figure">{one.version}</strong> {name(one.who)}{" "}
            <span class="dim">{day(Date.parse(one.saved_at))}</span>
            <br />
            {one.why}
          </li>
        ))}
      </ol>
    </Card>
  );
}

function name(id: string): string {
  return s.names.value.get(id) ?? id;
}
