import type { JSX } from "preact";
import * as act from "../actions";
import { deadlines, diallable, nameOf } from "../directory";
import * as kept from "../kept";
import type { Handoff } from "../kept";
import { boardNow, clock, span } from "../time";
import { Button, Choice } from "../ui/parts";
import { t } from "../words";
import { agencyJoined } from "./Room";

/** Milliseconds that an agency is rung; whoever has not joined a little later will not. */
const RINGS_MS = 65_000;
/** What may end a handoff although the agency was not reached. */
const WITHOUT_THEM = ["caller_declined", "stood_down"] as const;
/** Attempts after which the next agency is asked (C1). */
const NEXT = ["no_answer", "declined", "wrong_jurisdiction"];

export function reached(handoff: Handoff): boolean {
  return handoff.contact === "reached" || handoff.contact === "by_hand";
}

interface Props {
  handoff: Handoff;
  byHand: () => void;
  /** Opens a form for the next agency, with what was said to this one; a form is open already where there is none. */
  next: (() => void) | undefined;
  /** Another agency has been asked since: this one may be closed without an outcome. */
  passedOn: boolean;
}

/** One handoff that was opened: what happened, step by step. */
export function Outcome(props: Props): JSX.Element {
  const w = t.value.agency;
  const { handoff } = props;
  const [tone, words] = standing(handoff);
  return (
    <div class={`handoff stack ${handoff.closed ? "closed" : ""}`}>
      <header class="card-head">
        <h3>{nameOf(handoff.to)}</h3>
        <span class="figure dim">{clock(handoff.opened_at)}</span>
      </header>
      {handoff.closed ? (
        <p class="dim">
          {w.closed} {w.outcomes[handoff.outcome as keyof typeof w.outcomes] ?? ""}
        </p>
      ) : (
        <>
          <p role="status" class={tone}>
            {words}
          </p>
          <Deadline handoff={handoff} />
          <Open {...props} />
        </>
      )}
    </div>
  );
}

function standing(handoff: Handoff): [string, string] {
  const w = t.value.agency;
  if (agencyJoined(handoff.id)) return ["notice good", w.joined];
  if (handoff.joined) return ["dim", w.left];
  if (handoff.dialled === false) return ["notice bad", w.notDialled];
  const ringing = handoff.dialled && (!handoff.contact || handoff.rung_at);
  if (!ringing) return ["dim", ""];
  return boardNow() - (handoff.rung_at || handoff.opened_at) < RINGS_MS
    ? ["dim", w.ringing]
    : ["notice warn", w.notJoined];
}

function Open({ handoff, byHand, next, passedOn }: Props): JSX.Element {
  const w = t.value.agency;
  const fact = (facts: Record<string, unknown>): void => void act.handoffFact(handoff.id, facts);
  const ours = diallable(handoff.to);
  const there = reached(handoff);
  const tried = NEXT.includes(handoff.contact);
  const outcomes = Object.entries(w.outcomes).filter(
    ([code]) => there || (WITHOUT_THEM as readonly string[]).includes(code),
  ) as [keyof typeof w.outcomes, string][];
  return (
    <>
      {!there && !agencyJoined(handoff.id) && (
        <div class="pair">
          <Button kind={handoff.dialled ? "plain" : "bad"} onPress={byHand}>
            {w.byHand}
          </Button>
          {ours && <Button onPress={() => fact({ redial: true })}>{w.redial}</Button>}
        </div>
      )}
      <Choice
        legend={w.what}
        name="contact"
        value={handoff.contact as keyof typeof w.contacts | ""}
        options={Object.entries(w.contacts) as [keyof typeof w.contacts, string][]}
        onChange={(contact) => fact({ contact })}
      />
      {!there && handoff.why !== "attempt_in_progress" && !handoff.consulted && (
        <label class="check">
          <input type="checkbox" onChange={() => fact({ consulted: "lead" })} /> {w.consulted}
        </label>
      )}
      {there && <OnTheWay handoff={handoff} />}
      <Choice
        legend={w.outcome}
        name="outcome"
        class="stacked"
        value={handoff.outcome as keyof typeof w.outcomes | ""}
        options={outcomes}
        onChange={(outcome) => fact({ outcome })}
      />
      <div class="pair">
        {tried && !passedOn && next && (
          <Button kind="bad" onPress={next}>
            {w.next}
          </Button>
        )}
        <Button off={!(handoff.outcome || (tried && passedOn))} onPress={() => fact({ closed: true })}>
          {w.finish}
        </Button>
      </div>
    </>
  );
}

function OnTheWay({ handoff }: { handoff: Handoff }): JSX.Element {
  const w = t.value.agency;
  const typed = handoff.incident ?? "";
  const edit = (change: Partial<Handoff>): void =>
    kept.change(kept.file.value?.call ?? "", (one) => ({
      ...one,
      handoffs: one.handoffs.map((each) => (each.id === handoff.id ? { ...each, ...change } : each)),
    }));
  const send = (): void => {
    if (!typed || typed === handoff.incident_sent) return;
    edit({ incident_sent: typed });
    fact({ incident: typed });
  };
  const fact = (facts: Record<string, unknown>): void => void act.handoffFact(handoff.id, facts);
  return (
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
          maxLength={200}
          value={typed}
          onInput={(event) => edit({ incident: event.currentTarget.value })}
          onBlur={send}
        />
      </label>
      {handoff.dispatched && !handoff.outcome && <p class="dim">{w.dispatchedNotDone}</p>}
    </>
  );
}

function Deadline({ handoff }: { handoff: Handoff }): JSX.Element | null {
  const w = t.value.agency;
  const [due, words] = dueNext(handoff);
  if (!due) return null;
  const left = due - boardNow();
  return (
    <p class={left < 0 ? "notice bad" : "dim"}>
      {left < 0 ? `${w.overdue}: ${words}` : `${words} ${w.within} ${span(left)}`}
    </p>
  );
}

/** What is due next, and when; an attempt in progress waits for no advice (C1). */
function dueNext(handoff: Handoff): [number, string] {
  const w = t.value.agency;
  const { consult = 120, contact = 180, news = 900 } = deadlines.value;
  if (handoff.outcome) return [0, ""];
  if (reached(handoff))
    return handoff.dispatched ? [(handoff.dispatched_at || handoff.opened_at) + 1000 * news, w.deadline] : [0, ""];
  const advice = !handoff.consulted && handoff.why !== "attempt_in_progress";
  return advice && consult < contact
    ? [handoff.opened_at + 1000 * consult, w.consultDue]
    : [handoff.opened_at + 1000 * contact, w.contactDue];
}
