// What the record knows of the call on screen: after a reload elsewhere, a relief or a take-over the desk begins with it.
import { effect, signal } from "@preact/signals";
import { ask, Refused, type Schemas } from "./api/client";
import * as kept from "./kept";
import { callId, factsSeen, link } from "./state";

type Case = Schemas["CaseOut"];

/** Milliseconds after the news of a fact until the record has it, and between two tries while it is away. */
const RECORDED_MS = 1500;
const AGAIN_MS = 5000;
/** What others have said about this call could not be read yet. */
export const caseUnread = signal(false);

let timer: ReturnType<typeof setTimeout> | undefined;
let read = "";

/** Looks whenever the call changes, somebody has said something about it, or the server is back. */
export function follow(): void {
  effect(() => {
    const call = callId.value;
    const soon = factsSeen.value > 0 && read === call;
    clearTimeout(timer);
    caseUnread.value = false;
    if (call && link.value !== "connecting") timer = setTimeout(() => void look(call), soon ? RECORDED_MS : 0);
  });
}

async function look(call: string): Promise<void> {
  try {
    const said = await ask("get", "/api/calls/{id}/case", { at: { id: call } });
    kept.change(call, (one) => merged(one, said));
    if (read !== call) await ownNote(call);
    read = call;
    caseUnread.value = false;
  } catch (error) {
    if (callId.value !== call || !(error instanceof Refused && error.away)) return;
    caseUnread.value = true;
    timer = setTimeout(() => void look(call), AGAIN_MS);
  }
}

/** On another machine a note goes on where it was left; here the draft is newer than anything on record. */
async function ownNote(call: string): Promise<void> {
  if (kept.file.value?.call !== call || kept.file.value.note.version) return;
  const [mine] = await ask("get", "/api/calls/{id}/notes", { at: { id: call } });
  if (mine)
    kept.change(call, (one) => (one.note.version ? one : { ...one, note: { ...mine, sent: mine.version } }));
}

/** What is still on its way from here is newer than the record. */
function merged(one: kept.CaseFile, said: Case): kept.CaseFile {
  const onItsWay = (path: string, of: string): boolean =>
    one.sending.some((item) => !item.refused && item.path === path && item.of === of);
  const safe = onItsWay("/api/calls/{id}/safe-to-call", one.call) ? null : said.safe_to_call;
  const risk = onItsWay("/api/calls/{id}/risk", one.call) ? null : said.risk;
  const known = said.handoffs.map((told) => {
    const mine = one.handoffs.find((each) => each.id === told.id);
    return mine && onItsWay("/api/handoffs/{id}/facts", told.id) ? mine : handoff(told, mine);
  });
  const mineOnly = one.handoffs.filter((each) => !known.some((other) => other.id === each.id));
  return {
    ...one,
    safe: (safe as kept.CaseFile["safe"] | null) ?? one.safe,
    riskSaved: risk && risk.at_ms > (one.riskSaved?.at_ms ?? 0) - RECORDED_MS ? assessed(risk) : one.riskSaved,
    handoffs: [...known, ...mineOnly],
  };
}

function assessed(risk: NonNullable<Case["risk"]>): NonNullable<kept.CaseFile["riskSaved"]> {
  return {
    at: risk.at as kept.RiskForm["at"],
    at_ms: risk.at_ms,
    screened: risk.screened ?? "",
    judged: risk.judged ?? "",
    imminent: risk.imminent === null ? "" : risk.imminent ? "yes" : "no",
    rationale: "",
  };
}

function handoff(told: Case["handoffs"][number], mine: kept.Handoff | undefined): kept.Handoff {
  return {
    name: "",
    narrative: "",
    dialled: told.dial ? true : null,
    joined: told.joined,
    ...mine,
    id: told.id,
    to: told.to,
    why: told.why,
    consent: told.consent,
    location: told.location,
    dial: told.dial,
    opened_at: told.opened_ms,
    consulted: told.consulted,
    contact: told.contact,
    outcome: told.outcome,
    dispatched: told.dispatched_ms !== null,
    dispatched_at: told.dispatched_ms ?? 0,
    closed: told.closed,
  };
}
