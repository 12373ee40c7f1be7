// Emergency services: whom, why, whose consent; rung into the room or dialled by hand; and what came of it (C1, L7).
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import * as act from "../actions";
import { directory, loadDirectory, type Entry } from "../directory";
import * as kept from "../kept";
import { alarms, callId } from "../state";
import { Button, Card, Choice } from "../ui/parts";
import { t } from "../words";
import { Outcome } from "./AgencyOutcome";
import { ByHand } from "./ByHand";

export function Agency({ file, wrapping }: { file: kept.CaseFile; wrapping: boolean }): JSX.Element {
  const w = t.value.agency;
  const hand = useSignal("");
  useEffect(() => void loadDirectory(), []);
  const open = (): void => kept.change(file.call, (one) => ({ ...one, handoffForm: one.handoffForm ?? blank() }));
  const given = useSignal<string[]>([]);
  const failed = file.handoffs.find(
    (one) => !one.closed && !one.contact && !given.value.includes(one.id) && mustDial(one),
  );
  const shown = file.handoffs.find((one) => one.id === hand.value) ?? failed;
  const close = (id: string): void => {
    hand.value = "";
    given.value = [...given.value, id];
  };
  return (
    <Card title={w.title} class="agency">
      {file.handoffs.map((one) => (
        <Outcome key={one.id} handoff={one} byHand={() => (hand.value = one.id)} />
      ))}
      {file.handoffForm ? (
        <Form file={file} form={file.handoffForm} opened={(form) => (hand.value = form.dial ? "" : form.id)} />
      ) : (
        !wrapping && (
          <Button kind="bad" class="wide" k="g" onPress={open}>
            {w.open}
          </Button>
        )
      )}
      {shown && <ByHand handoff={shown} close={() => close(shown.id)} />}
    </Card>
  );
}

/** The telephone network did not take it, by its answer or by an alarm since: somebody must dial, now (L7). */
function mustDial(one: kept.Handoff): boolean {
  const alarmed = alarms.value.some(
    (alarm) => alarm.call === callId.value && alarm.todo === "dial_by_hand" && alarm.at_ms > one.opened_at - 1000,
  );
  return one.dial && (one.dialled === false || alarmed);
}

function blank(): kept.HandoffForm {
  return { id: kept.freshId("h"), to: "", name: "", why: "", consent: "", location: "", narrative: "", dial: true };
}

function Form(props: {
  file: kept.CaseFile;
  form: kept.HandoffForm;
  opened: (form: kept.HandoffForm) => void;
}): JSX.Element {
  const w = t.value.agency;
  const { form, file } = props;
  const busy = useSignal(false);
  const set = (change: Partial<kept.HandoffForm>): void =>
    kept.change(file.call, (one) => ({ ...one, handoffForm: one.handoffForm && { ...one.handoffForm, ...change } }));
  const ready = form.to && form.why && form.consent;
  const byHandOnly = directory.value.some((entry) => entry.key === form.to && !entry.diallable);
  const go = async (dial: boolean): Promise<void> => {
    busy.value = true;
    const whole = { ...form, dial };
    if (await act.openHandoff(whole)) props.opened(whole);
    else set({ id: kept.freshId("h") });
    busy.value = false;
  };
  return (
    <div class="stack handoff-form">
      <Directory
        value={form.to}
        pick={(entry) => set({ to: entry.key, name: entry.name })}
        typed={(to) => set({ to, name: to })}
      />
      <Pick legend={w.why} value={form.why} words={w.whys} set={(why) => set({ why })} name="why" />
      <Pick
        legend={w.consent}
        value={form.consent}
        words={w.consents}
        set={(consent) => set({ consent })}
        name="consent"
      />
      <Pick
        legend={w.location}
        value={form.location}
        words={w.locations}
        set={(location) => set({ location })}
        name="location"
      />
      <label>
        <span>{w.narrative}</span>
        <textarea
          rows={3}
          maxLength={8000}
          value={form.narrative}
          aria-describedby="must-know"
          onInput={(event) => set({ narrative: event.currentTarget.value })}
        />
        <small id="must-know" class="dim">
          {w.narrativeHint}
        </small>
      </label>
      <Button kind="bad" class="wide" k="g" off={!ready || byHandOnly} busy={busy.value} onPress={() => void go(true)}>
        {w.dial}
      </Button>
      <div class="pair">
        <Button off={!ready} onPress={() => void go(false)}>
          {w.byHand}
        </Button>
        <Button kind="quiet" onPress={() => kept.change(file.call, (one) => ({ ...one, handoffForm: null }))}>
          {w.close}
        </Button>
      </div>
    </div>
  );
}

function Directory(props: { value: string; pick: (entry: Entry) => void; typed: (to: string) => void }): JSX.Element {
  const w = t.value.agency;
  const entries = directory.value;
  return (
    <div class="stack">
      {entries.length > 0 && (
        <Choice
          legend={w.to}
          name="to"
          class="stacked"
          value={props.value}
          options={entries.map(
            (entry) =>
              [
                entry.key,
                entry.area && !entry.name.includes(entry.area) ? `${entry.name} · ${entry.area}` : entry.name,
              ] as const,
          )}
          onChange={(id) => entries.forEach((entry) => entry.key === id && props.pick(entry))}
        />
      )}
      <label>
        <span>{entries.length ? w.search : w.to}</span>
        <input
          inputMode="tel"
          autocomplete="off"
          aria-describedby="number-hint"
          value={entries.some((entry) => entry.key === props.value) ? "" : props.value}
          onInput={(event) => props.typed(event.currentTarget.value)}
        />
        <small id="number-hint" class="dim">
          {entries.length ? w.numberHint : `${w.none} ${w.numberHint}`}
        </small>
      </label>
    </div>
  );
}

function Pick(props: {
  legend: string;
  value: string;
  words: Record<string, string>;
  set: (value: string) => void;
  name: string;
}): JSX.Element {
  return (
    <Choice
      legend={props.legend}
      name={props.name}
      value={props.value}
      options={Object.entries(props.words)}
      onChange={props.set}
    />
  );
}
