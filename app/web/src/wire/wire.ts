// The page's end of the worker: what the board says goes into the signals, what the person does goes into the beats.
import { batch, effect } from "@preact/signals";
import { ask, Refused } from "../api/client";
import { startRinging, stopRinging } from "../phone/ring";
import { heardAt, leg, talking } from "../phone/softphone";
import { mic } from "../phone/microphone";
import * as kept from "../kept";
import { recorded } from "../sending";
import * as s from "../state";
import { ahead } from "../time";
import { t } from "../words";
import type { BoardChange, FromWorker, LiveMessage, Me, OwnCall, Presence, ToWorker } from "./messages";

/** Kinds of offers by which a colleague asks one in. */
const ASKED_IN = ["transfer", "consult"];
/** Milliseconds until a choice that crossed another one is sent. */
const AGAIN_MS = 200;

let worker: Worker | null = null;
let touched = false;
let ending: (() => void)[] = [];

export function start(csrf: string, spec: string): void {
  stop();
  s.calls.value = new Map(); // a new worker compares with an empty board
  s.people.value = new Map();
  s.boardLoaded.value = false;
  worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
  worker.onmessage = ({ data }: MessageEvent<FromWorker>) => batch(() => hear(data));
  send({ say: "start", csrf, spec });
  ending = [effect(tellState), effect(ring)];
  for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, touch, { passive: true });
}

export function stop(): void {
  ending.forEach((end) => end());
  ending = [];
  worker?.postMessage({ say: "stop" } satisfies ToWorker);
  worker?.terminate();
  worker = null;
  for (const kind of ["pointerdown", "keydown"]) removeEventListener(kind, touch);
  stopRinging();
}

export function beatNow(): void {
  send({ say: "beat" });
}

function send(message: ToWorker): void {
  worker?.postMessage(message);
}

function touch(): void {
  if (!touched) setTimeout(tellState);
  touched = true;
}

function tellState(): void {
  const call = s.call.value;
  send({
    say: "state",
    state: {
      presence: s.presence.value,
      offer: s.offer.value?.offer ?? "",
      call: s.roomCall.value,
      told: call && "told" in call ? (call.told ?? null) : null,
      microphone: mic.value !== "denied" && mic.value !== "none",
      touched,
      heard_at: leg.value === "open" || leg.value === "reconnecting" ? heardAt.value : null,
    },
  });
  touched = false;
}

function ring(): void {
  if (s.offer.value) startRinging();
  else stopRinging();
}

function hear(message: FromWorker): void {
  if (message.say === "link") s.link.value = message.up ? "up" : "down";
  else if (message.say === "clock") ahead.value = Math.abs(message.ahead_ms) > 1500 ? message.ahead_ms : 0;
  else if (message.say === "beat") beaten(message.status, message.code, message.me);
  else if (message.say === "board") boardChanged(message.change);
  else live(message.message);
}

function beaten(status: number, code: string, me: Me | null): void {
  if (code === "other_person") s.otherPerson.value = true;
  else if (status === 401) s.signedOut.value = true;
  else if (code === "board_away") s.boardAway.value = true;
  if (!me) return;
  s.boardAway.value = false;
  if (s.presencePending.value && me.presence === s.presence.value) s.presencePending.value = false;
  else if (s.presencePending.value) void sendPresence().catch(() => undefined);
  known(me);
}

function live(message: Exclude<LiveMessage, { type: "board" } | { type: "ping" }>): void {
  if (message.type === "offer") offered(message);
  else if (message.type === "offer_over") offerOver(message.offer, message.state);
  else if (message.type === "me") {
    adoptPresence(message);
    known(message);
  } else if (message.type === "call") ownCall(message as OwnCall);
  else if (message.type === "asked") askedIn(message.state, message.cause);
  else if (message.type === "recorded") recorded(message.ids);
  else if (message.type === "alarm") s.alarms.value = [message, ...s.alarms.value].slice(0, 30);
  else if (/^(handoff|clinical)/.test(message.kind)) s.factsSeen.value += 1;
}

function offered(offer: Extract<LiveMessage, { type: "offer" }>): void {
  if (!s.offers.value.some((one) => one.offer === offer.offer)) {
    s.offerGone.value = "";
    s.offers.value = [...s.offers.value, offer];
  }
  send({ say: "shown", offer: offer.offer });
}

function offerOver(id: string, state: string): void {
  const mine = s.offers.value.find((one) => one.offer === id);
  s.offers.value = s.offers.value.filter((one) => one.offer !== id);
  if (mine && !s.answering.value) s.offerGone.value = ASKED_IN.includes(mine.kind) && state !== "accepted" ? "asked" : state;
}

/** A colleague who does not come is told to whoever has asked; one's own taking back needs no word. */
function askedIn(state: string, cause: string): void {
  const words = t.value.colleague.vain[state];
  if (words && cause !== "withdrawn") s.say(words);
}

/** What the person has chosen; it is theirs until the board has it. */
export function chosen(presence: Presence): void {
  s.presence.value = presence;
  s.presenceKnown.value = s.presencePending.value = true;
  s.presenceMoved.value = false;
  sessionStorage.setItem(`hotline.presence.${s.who.value?.spec}`, presence);
}

let telling = false;

/** Tells the board; while it is away the choice stays pending, and is told again as soon as the board answers a beat. */
export async function sendPresence(): Promise<void> {
  if (telling) return;
  telling = true;
  try {
    const presence = s.presence.value;
    s.me.value = await ask("put", "/api/presence", { body: { presence } });
    s.presencePending.value = s.presence.value !== presence;
  } catch (error) {
    if (!(error instanceof Refused && error.away)) {
      s.presencePending.value = false;
      throw error;
    }
  } finally {
    telling = false;
  }
  if (s.presencePending.value && !s.boardAway.value && s.link.value === "up") setTimeout(() => void sendPresence(), AGAIN_MS);
}

/** The board's word counts where nothing chosen here is on its way: after a reload, and where it has set a person on a
 * break (missed offers) or off (one call only). */
function adoptPresence(me: Me): void {
  if (s.presencePending.value || !me.known) return;
  const first = !s.presenceKnown.value;
  s.presenceKnown.value = true;
  if (me.presence === s.presence.value || (first && s.presence.value !== "offline")) return;
  s.presence.value = me.presence as Presence;
  s.presenceMoved.value = !first;
  sessionStorage.setItem(`hotline.presence.${s.who.value?.spec}`, me.presence);
}

/** A board that has forgotten everything says "in no call": while our leg is up we know better, and beats tell it (P4). */
function remembered(me: Me): Me {
  const before = s.me.value;
  if (me.call || !before?.call || !talking()) return me;
  return { ...me, call: before.call, duty: before.duty, role: before.role, watch: before.watch };
}

function known(said: Me): void {
  const me = remembered(said);
  s.me.value = me;
  const open = new Set(me.offers.filter((offer) => offer.state === "offered").map((offer) => offer.offer));
  if (me.duty !== "offered" && s.offers.value.some((offer) => !open.has(offer.offer)))
    s.offers.value = s.offers.value.filter((offer) => open.has(offer.offer));
  if (me.call && !me.watch && kept.file.value?.call !== me.call) kept.open(me.call);
  if (me.duty === "talking" && !s.talkingSince.value) s.talkingSince.value = me.since_ms;
  if (!me.call) {
    s.call.value = null;
    s.talkingSince.value = 0;
    kept.putAway();
  }
}

function ownCall(call: OwnCall): void {
  if (call.id !== s.roomCall.value) return;
  if (call.state === "closed") {
    s.callGone.value = true;
    return;
  }
  s.callGone.value = false;
  s.call.value = call;
}

function boardChanged(change: BoardChange): void {
  s.boardAway.value = change.away;
  if (change.away) return;
  if (change.now_ms && Math.abs(change.now_ms - Date.now()) > 1500) ahead.value = change.now_ms - Date.now();
  s.boardLoaded.value = true;
  if (change.calls.length || change.gone.length) {
    const calls = new Map(s.calls.value);
    for (const call of change.calls) calls.set(call.id, call);
    for (const id of change.gone) calls.delete(id);
    s.calls.value = calls;
  }
  if (change.specialists.length || change.left.length) {
    const people = new Map(s.people.value);
    for (const one of change.specialists) people.set(one.spec, one);
    for (const spec of change.left) people.delete(spec);
    s.people.value = people;
  }
}
