import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import * as act from "../actions";
import { deadlines } from "../directory";
import type { Handoff } from "../kept";
import { boardNow, clock, span } from "../time";
import { Button, Choice } from "../ui/parts";
import { t } from "../words";
import { agencyJoined } from "./Room";

/** One handoff that was opened: what happened, step by step. */
export function Outcome({ handoff, byHand }: { handoff: Handoff; byHand: () => void }): JSX.Element {
  const w = t.value.agency;
  const incident = useSignal("");
  const fact = (facts: Record<string, unknown>): void => void act.handoffFact(handoff.id, facts);
  const reached = handoff.contact === "reached" || handoff.contact === "by_hand";
  return (
    <div class="handoff stack">
      <header class="card-head">
        <h3>{handoff.name || handoff.to}</h3>
        <span class="dim">{clock(handoff.opened_at)}</span>
      </header>
      <p role="status" class={handoff.dialled === false ? "notice bad" : "dim"}>
        {handoff.dialled === false
          ? w.notDialled
          : agencyJoined()
            ? w.joined
            : handoff.dialled && !handoff.contact
              ? w.ringing
              : ""}
      </p>
      {!handoff.closed && <Deadline handoff={handoff} reached={reached} />}
      {!handoff.closed && (
        <>
          {!reached && (
            <Button kind={handoff.dialled ? "plain" : "bad"} onPress={byHand}>
              {w.byHand}
            </Button>
          )}
          <Choice
            legend={w.what}
            name="contact"
            value={handoff.contact as keyof typeof w.contacts | ""}
            options={Object.entries(w.contacts) as [keyof typeof w.contacts, string][]}
            onChange={(contact) => fact({ contact })}
          />
          {reached && (
            <>
              <label class="check">
                <input
                  type="checkbox"
                  checked={handoff.dispatched}
                  onChange={(event) => fact({ dispatched: event.currentTarget.checked })}
                />{" "}
                {w.dispatched}
              </label>
              <label>
                <span>{w.incident}</span>
                <input
                  autocomplete="off"
                  value={incident.value}
                  onInput={(event) => (incident.value = event.currentTarget.value)}
                  onBlur={() => incident.value && fact({ incident: incident.value })}
                />
              </label>
              {handoff.dispatched && !handoff.outcome && <p class="dim">{w.dispatchedNotDone}</p>}
              <Choice
                legend={w.what}
                hideLegend
                name="outcome"
                class="stacked"
                value={handoff.outcome as keyof typeof w.outcomes | ""}
                options={Object.entries(w.outcomes) as [keyof typeof w.outcomes, string][]}
                onChange={(outcome) => fact({ outcome })}
              />
            </>
          )}
          <div class="pair">
            {!reached && <Button onPress={() => fact({ redial: true })}>{w.redial}</Button>}
            <Button off={!handoff.outcome} onPress={() => fact({ closed: true })}>
              {w.finish}
            </Button>
          </div>
        </>
      )}
      {handoff.closed && <p class="dim">{w.outcomes[handoff.outcome as keyof typeof w.outcomes] ?? ""}</p>}
    </div>
  );
}

function Deadline({ handoff, reached }: { handoff: Handoff; reached: boolean }): JSX.Element | null {
  const { contact = 180, news = 900 } = deadlines.value;
  const due = 1000 * (reached ? (handoff.dispatched && !handoff.outcome ? news : 0) : contact);
  if (!due) return null;
  const left = handoff.opened_at + due - boardNow();
  return (
    <p class={left < 0 ? "notice bad" : "dim"}>
      {left < 0 ? t.value.agency.overdue : `${t.value.agency.deadline} ${span(left)}`}
    </p>
  );
}
