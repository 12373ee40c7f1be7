import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import * as act from "../actions";
import { diallable, directory, type Entry } from "../directory";
import * as kept from "../kept";
import { typing } from "../keys";
import { Button, Choice } from "../ui/parts";
import { t } from "../words";

/** Kept like a note while it is filled in: a reload in the middle loses nothing. */
export function AgencyForm(props: {
  call: string;
  form: kept.HandoffForm;
  /** The caller has gone: there is no room into which anybody could be rung. */
  wrapping: boolean;
  opened: (form: kept.HandoffForm) => void;
}): JSX.Element {
  const w = t.value.agency;
  const { form } = props;
  const busy = useSignal(false);
  const set = (change: Partial<kept.HandoffForm>): void =>
    kept.change(props.call, (one) => ({ ...one, handoffForm: one.handoffForm && { ...one.handoffForm, ...change } }));
  const ready = form.to.trim() && form.why && form.consent;
  const byHandOnly = props.wrapping || (Boolean(form.to) && !diallable(form.to));
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Opened by a key: the next key chooses whom. Whoever types elsewhere is left alone.
    if (!typing(document.activeElement)) box.current?.querySelector<HTMLInputElement>("input")?.focus();
  }, []);
  const lacking = !form.to.trim() ? w.needsTo : !form.why ? w.needsWhy : !form.consent ? w.needsConsent : "";
  const go = async (dial: boolean): Promise<void> => {
    busy.value = true;
    const whole = { ...form, dial };
    if (await act.openHandoff(whole)) props.opened(whole);
    else set({ id: kept.freshId("h") });
    busy.value = false;
  };
  return (
    <div class="stack handoff-form" ref={box}>
      <Directory value={form.to} choose={(to) => set({ to })} />
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
      <div class="stack handoff-do">
        <p class="dim lacking" role="status">
          {props.wrapping ? w.goneByHand : byHandOnly ? w.handOnly : ""} {lacking}
        </p>
        {!props.wrapping && (
          <Button
            kind="bad"
            class="wide"
            k={byHandOnly ? undefined : "g"}
            off={!ready || byHandOnly}
            busy={busy.value}
            onPress={() => void go(true)}
          >
            {w.dial}
          </Button>
        )}
        <div class="pair">
          <Button
            kind={byHandOnly ? "bad" : "plain"}
            k={byHandOnly ? "g" : undefined}
            off={!ready}
            onPress={() => void go(false)}
          >
            {w.byHand}
          </Button>
          <Button kind="quiet" onPress={() => kept.change(props.call, (one) => ({ ...one, handoffForm: null }))}>
            {w.close}
          </Button>
        </div>
      </div>
    </div>
  );
}

function Directory(props: { value: string; choose: (to: string) => void }): JSX.Element {
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
          options={entries.map((entry) => [entry.key, called(entry)] as const)}
          onChange={props.choose}
        />
      )}
      <label>
        <span>{entries.length ? w.search : w.to}</span>
        <input
          autocomplete="off"
          maxLength={200}
          aria-describedby="number-hint"
          value={entries.some((entry) => entry.key === props.value) ? "" : props.value}
          onInput={(event) => props.choose(event.currentTarget.value)}
        />
        <small id="number-hint" class="dim">
          {entries.length ? w.numberHint : `${w.none} ${w.numberHint}`}
        </small>
      </label>
    </div>
  );
}

function called(entry: Entry): string {
  const place = entry.area && !entry.name.includes(entry.area) ? ` · ${entry.area}` : "";
  return `${entry.name}${place}${entry.diallable ? "" : ` · ${t.value.agency.byHand}`}`;
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
