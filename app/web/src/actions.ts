// What a person does, as requests: one function an act, each says in words what went wrong.
import { ask, Refused, type Schemas, useCsrf } from "./api/client";
import { follow } from "./case";
import * as kept from "./kept";
import { input, output } from "./phone/microphone";
import { allowSound } from "./phone/ring";
import * as phone from "./phone/softphone";
import { begin as beginSending, fact, sendAll } from "./sending";
import * as s from "./state";
import { boardNow } from "./time";
import type { CallClass, Presence } from "./wire/messages";
import * as wire from "./wire/wire";
import { errorWords, t } from "./words";

const TAB_KEY = "hotline.tab";
/** Survives a reload, not a second tab: the token of an accept is for one tab (L6). */
const tab = sessionStorage.getItem(TAB_KEY) ?? kept.freshId("t");
sessionStorage.setItem(TAB_KEY, tab);

export function failed(error: unknown): void {
  if (error instanceof Refused) {
    if (error.status === 401 && s.who.value) s.signedOut.value = true;
    else s.say(errorWords(error), "bad");
  } else s.say(t.value.links.broken, "bad");
}

async function tried<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    failed(error);
    return null;
  }
}

// -- coming and going

export async function load(): Promise<void> {
  void ask("get", "/api/hello")
    .then((said) => (s.hello.value = said))
    .catch(() => undefined);
  try {
    await enter(await ask("get", "/api/session"));
  } catch (error) {
    s.who.value = null;
    if (error instanceof Refused && error.away) s.link.value = "down";
  }
}

export async function signIn(login: string, password: string): Promise<void> {
  allowSound();
  await enter(await ask("post", "/api/session", { body: { login, password } }));
}

let sending = false;
async function enter(who: s.Who): Promise<void> {
  useCsrf(who.csrf);
  s.signedOut.value = false;
  s.otherPerson.value = false;
  s.who.value = who;
  if (who.role !== "specialist" && who.role !== "lead") return;
  s.presence.value = (sessionStorage.getItem(`hotline.presence.${who.spec}`) ?? "offline") as Presence;
  await kept.unlock(who.spec).catch(() => undefined);
  if (!sending) {
    beginSending();
    follow();
  }
  sending = true;
  void oneTab(() => wire.start(who.csrf, who.spec));
  if (who.role === "lead") void loadNames();
}

let holding = false;
/** One tab of a browser beats and rings; another waits for its turn, or is told to take it. */
async function oneTab(begin: () => void, steal = false): Promise<void> {
  if (!navigator.locks || holding) return begin();
  const take = (): Promise<void> => {
    holding = true;
    s.elsewhere.value = false;
    begin();
    return new Promise(() => undefined);
  };
  try {
    const waiting = setTimeout(() => (s.elsewhere.value = !holding), 400);
    await navigator.locks.request("hotline.console", { steal }, () => {
      clearTimeout(waiting);
      return take();
    });
  } catch {
    holding = false;
    s.elsewhere.value = true;
    wire.stop();
    phone.hangUp();
  }
}

export function useThisTab(): void {
  const who = s.who.value;
  if (who) void oneTab(() => wire.start(who.csrf, who.spec), true);
}

export async function signOut(): Promise<void> {
  if (s.presence.value !== "offline" && !s.callId.value) await setPresence("offline");
  wire.stop();
  await tried(() => ask("delete", "/api/session"));
  sessionStorage.removeItem(`hotline.presence.${s.who.value?.spec}`);
  location.assign("/");
}

async function loadNames(): Promise<void> {
  const everybody = await ask("get", "/api/specialists").catch(() => []);
  s.names.value = new Map(everybody.map((one) => [one.id, one.name || one.login]));
}

export async function setPresence(presence: Presence): Promise<void> {
  allowSound();
  wire.chosen(presence);
  if (presence !== "offline") void phone.prepare().catch(() => undefined); // the first call need not wait for it
  await wire.sendPresence().catch(failed);
}

// -- offers

export async function answer(): Promise<void> {
  const offer = s.offer.value;
  if (!offer || s.answering.value) return;
  s.answering.value = true;
  try {
    const won = await ask("post", "/api/offers/{id}/accept", { at: { id: offer.offer }, body: { tab } });
    s.offers.value = [];
    s.me.value = s.me.value && { ...s.me.value, call: won.call, duty: "connecting" };
    kept.open(won.call);
    await dialIn(won.call, won.app_params);
  } catch (error) {
    s.offers.value = s.offers.value.filter((one) => one.offer !== offer.offer);
    failed(error);
  } finally {
    s.answering.value = false;
  }
}

export async function decline(reason: string): Promise<void> {
  const offer = s.offer.value;
  if (!offer) return;
  s.offers.value = s.offers.value.filter((one) => one.offer !== offer.offer);
  await tried(() => ask("post", "/api/offers/{id}/decline", { at: { id: offer.offer }, body: { reason } }));
}

// -- in a call

export async function dialIn(call: string, params: Record<string, string>): Promise<void> {
  try {
    await phone.connect(params, {
      media: () => void ask("post", "/api/calls/{id}/media", { at: { id: call } }).catch(() => undefined),
      over: (broken) => broken && s.say(t.value.line.failed, "bad"),
    });
    await phone.useDevices(input.value, output.value);
  } catch {
    s.say(t.value.line.failed, "bad");
  }
}

export async function rejoin(): Promise<void> {
  const call = s.callId.value;
  if (!call) return;
  const won = await tried(() => ask("post", "/api/calls/{id}/rejoin", { at: { id: call }, body: { tab } }));
  if (won) await dialIn(call, won.app_params);
}

export function toggleMute(): void {
  phone.mute(!phone.muted.value);
}

export async function leave(): Promise<void> {
  const call = s.callId.value;
  if (await tried(() => ask("post", "/api/calls/{id}/leave", { at: { id: call } }))) phone.hangUp();
}

export async function end(reason: string): Promise<void> {
  const call = s.callId.value;
  await tried(() => ask("post", "/api/calls/{id}/end", { at: { id: call }, body: { reason } }));
}

export async function changeClass(cls: CallClass, why: string): Promise<void> {
  const call = s.callId.value;
  const id = kept.freshId();
  await tried(() => fact(call, { id, path: "/api/calls/{id}/class", of: call, body: { id, cls, why } }));
}

export async function safeToCall(safe: "yes" | "no" | "unknown"): Promise<void> {
  const call = s.callId.value;
  const id = kept.freshId();
  kept.change(call, (one) => ({ ...one, safe }));
  await tried(() => fact(call, { id, path: "/api/calls/{id}/safe-to-call", of: call, body: { id, safe } }));
}

export async function saveRisk(form: kept.RiskForm): Promise<void> {
  const call = s.callId.value;
  const id = kept.freshId();
  const body = {
    id,
    at: form.at,
    ...(form.screened && { screened: form.screened }),
    ...(form.judged && { judged: form.judged }),
    ...(form.imminent && { imminent: form.imminent === "yes" }),
    rationale: form.rationale,
  };
  kept.change(call, (one) => ({ ...one, riskSaved: { ...form, at_ms: boardNow() } }));
  await tried(() => fact(call, { id, path: "/api/calls/{id}/risk", of: call, body }));
}

export async function openHandoff(form: kept.HandoffForm): Promise<boolean> {
  const call = s.callId.value;
  const { id, to, why, consent, location, narrative, dial } = form;
  const body = { id, to, why, consent, ...(location && { location }), narrative, dial };
  const answer = await fact(call, { id, path: "/api/calls/{id}/handoffs", of: call, body }).catch((error: unknown) => {
    failed(error);
    kept.change(call, (one) => ({ ...one, sending: one.sending.filter((item) => item.id !== id) }));
    return false as const;
  });
  if (answer === false) return false;
  // Not taken now: whoever is told to dial by hand must not be surprised by a ring minutes later.
  if (answer === null)
    kept.change(call, (one) => ({
      ...one,
      sending: one.sending.map((item) => (item.id === id ? { ...item, body: { ...item.body, dial: false } } : item)),
    }));
  const dialled = form.dial ? (answer === null ? false : ((answer["dialled"] as boolean | undefined) ?? true)) : null;
  const opened: kept.Handoff = {
    ...form,
    opened_at: boardNow(),
    dialled,
    contact: "",
    outcome: "",
    dispatched: false,
    dispatched_at: 0,
    closed: false,
  };
  kept.change(call, (one) => {
    const others = one.handoffs.filter((each) => each.id !== id);
    // The answer was lost and the record has it already: then it was taken, and rung.
    const known = others.length < one.handoffs.length && answer === null;
    return { ...one, handoffForm: null, handoffs: [...others, known ? { ...opened, dialled: form.dial || null } : opened] };
  });
  return true;
}

export async function handoffFact(handoff: string, facts: Record<string, unknown>): Promise<void> {
  const call = kept.file.value?.call ?? "";
  const id = kept.freshId();
  const known = Object.fromEntries(
    Object.entries(facts).filter(([name]) => ["contact", "outcome", "dispatched", "closed"].includes(name)),
  );
  kept.change(call, (one) => ({
    ...one,
    handoffs: one.handoffs.map((each) => (each.id === handoff ? { ...each, ...known, ...sentAt(each, facts) } : each)),
  }));
  const sent = tried(() => fact(call, { id, path: "/api/handoffs/{id}/facts", of: handoff, body: { id, ...facts } }));
  const answer = await sent;
  if (facts["redial"]) {
    const dialled = answer !== null && ((answer["dialled"] as boolean | undefined) ?? true);
    kept.change(call, (one) => ({
      ...one,
      handoffs: one.handoffs.map((each) =>
        each.id === handoff ? { ...each, dialled, rung_at: dialled ? boardNow() : 0, joined: false } : each,
      ),
    }));
  }
}

/** News are due from the moment at which help was first on its way (C1); what came of a ring ends it. */
function sentAt(each: kept.Handoff, facts: Record<string, unknown>): Partial<kept.Handoff> {
  if (facts["contact"]) return { rung_at: 0 };
  if (facts["consulted"]) return { consulted: true };
  if (facts["dispatched"] === undefined) return {};
  return { dispatched_at: facts["dispatched"] ? each.dispatched_at || boardNow() : 0 };
}

export async function confirmWhom(whom: "returning_person" | "somebody_else" | "third_party") {
  const call = s.callId.value;
  const story = await tried(() => ask("post", "/api/calls/{id}/story", { at: { id: call }, body: { whom } }));
  if (story) kept.change(call, (one) => ({ ...one, whom }));
  return story;
}

export async function revealNumber(): Promise<string | null> {
  const call = s.callId.value;
  const said = await tried(() => ask("get", "/api/calls/{id}/number", { at: { id: call } }));
  return said && (said.number ?? t.value.call.withheld);
}

export async function wrapped(): Promise<void> {
  void sendAll();
  const me = await tried(() => ask("post", "/api/wrap-up/done"));
  if (me) {
    s.me.value = me;
    s.call.value = null;
    kept.putAway();
  }
}

export async function moreTime(): Promise<void> {
  await tried(() => ask("post", "/api/wrap-up/extend"));
  wire.beatNow();
}

export async function recovery(on: boolean): Promise<void> {
  await tried(() => ask("put", "/api/recovery", { body: { on } }));
  wire.beatNow();
}

export async function toggleHold(): Promise<void> {
  const call = s.callId.value;
  await tried(() => ask("post", "/api/calls/{id}/hold", { at: { id: call }, body: { on: !s.onHold.value } }));
}

// -- a colleague in one's own call (L10)

export async function freeColleagues(): Promise<Schemas["ColleagueOut"][]> {
  const free = await ask("get", "/api/colleagues").catch(() => []);
  if (free.length) s.names.value = new Map([...s.names.value, ...free.map((one) => [one.spec, one.name] as const)]);
  return free;
}

export async function askIn(kind: Schemas["AskIn"]["kind"], to: Schemas["AskIn"]["to"], person?: string): Promise<void> {
  const call = s.callId.value;
  const body = { kind, to, ...(person && { person }) };
  await tried(() => ask("post", "/api/calls/{id}/ask", { at: { id: call }, body }));
}

export async function unask(): Promise<void> {
  const call = s.callId.value;
  await tried(() => ask("post", "/api/calls/{id}/unask", { at: { id: call } }));
}

export async function handOver(to: string): Promise<void> {
  const call = s.callId.value;
  if (await tried(() => ask("post", "/api/calls/{id}/hand-over", { at: { id: call }, body: { to } })))
    s.say(t.value.colleague.handedOver, "good");
}

/** The caller of one's callback is rung, by this key alone. */
export async function ringBack(): Promise<void> {
  const call = s.callId.value;
  await tried(() => ask("post", "/api/calls/{id}/ring", { at: { id: call } }));
}

/** An interpreter of this language is rung into the room; null lets the present one go. */
export async function interpreter(language: string | null): Promise<void> {
  const call = s.callId.value;
  await tried(() => ask("post", "/api/calls/{id}/interpreter", { at: { id: call }, body: { language } }));
}

/** A lead is called into this call, or no more. */
export async function help(): Promise<void> {
  const call = s.callId.value;
  await tried(() => ask("post", "/api/calls/{id}/help", { at: { id: call }, body: { on: !s.helpSent.value } }));
}

// -- a lead in somebody else's call (L10)

type Step = "listen" | "whisper" | "barge";

export async function step(call: string, how: Step): Promise<void> {
  allowSound();
  const beside = await tried(() =>
    ask("post", `/api/calls/{id}/${how}` as "/api/calls/{id}/listen", { at: { id: call }, body: { tab } }),
  );
  if (!beside) return;
  s.me.value = s.me.value && { ...s.me.value, call, watch: how };
  if (beside.token && !phone.talking()) await dialIn(call, beside.app_params);
}

export async function takeOver(call: string): Promise<void> {
  await tried(() => ask("post", "/api/calls/{id}/take-over", { at: { id: call } }));
}

export async function stepOut(call: string): Promise<void> {
  await tried(() => ask("post", "/api/calls/{id}/go", { at: { id: call } }));
  phone.hangUp();
}
