// What the console knows. Everything on screen is drawn from these signals; only `actions.ts` and the wire change them.
import { computed, signal } from "@preact/signals";
import type { Schemas } from "./api/client";
import type { Alarm, CallOut, Me, Offer, OwnCall, Presence } from "./wire/messages";

export type Who = Schemas["Who"];

/** undefined: not asked yet; null: nobody is signed in. */
export const who = signal<Who | null | undefined>(undefined);
export const hello = signal<Schemas["Hello"] | null>(null);
/** The session ended under us: the sign-in form comes over the console, nothing else is lost. */
export const signedOut = signal(false);
/** Another tab of this browser has the console. */
export const elsewhere = signal(false);
export const otherPerson = signal(false);

export const link = signal<"connecting" | "up" | "down">("connecting");
export const boardAway = signal(false);
export const recordAway = signal(false);

export const presence = signal<Presence>("offline");
/** What is chosen has not reached the board yet. */
export const presencePending = signal(false);
export const presenceKnown = signal(false);
/** The board has changed the presence by itself: one call only, or several offers missed. */
export const presenceMoved = signal(false);
export const me = signal<Me | null>(null);
/** Between the press on Answer and the board's word. */
export const answering = signal(false);
/** Counts clinical facts that the stream told: what is on record is read again. */
export const factsSeen = signal(0);
export const offers = signal<Offer[]>([]);
export const offer = computed<Offer | null>(() => offers.value[0] ?? null);
/** Why the last offer went away, in a word of the board's, until something else happens. */
export const offerGone = signal("");
export const call = signal<OwnCall | null>(null);
/** The call whose room this person is in, also as a lead beside it. */
export const roomCall = computed<string>(() => me.value?.call ?? "");
/** How a lead is beside that call; empty: it is their own. */
export type Stance = "" | "listen" | "whisper" | "barge";
export const stance = computed<Stance>(() => (me.value?.watch ?? "") as Stance);
/** This person's own call, by what the board says or by what was just accepted. */
export const callId = computed<string>(() => (stance.value ? "" : roomCall.value));
export const talkingSince = signal(0);
/** The call is one's own: whoever was asked into it may not hold or end it. */
export const owns = computed(() => !call.value?.owner || call.value.owner === who.value?.spec);
export const onHold = computed(() => Boolean(call.value?.held_ms));
export const helpSent = computed(() => Boolean(call.value?.help_ms));
export const callGone = signal(false);

export const alarms = signal<Alarm[]>([]);
export const calls = signal<ReadonlyMap<string, CallOut>>(new Map());
export const people = signal<ReadonlyMap<string, Me>>(new Map());
export const boardLoaded = signal(false);
export const names = signal<ReadonlyMap<string, string>>(new Map());

export interface Toast {
  id: number;
  kind: "good" | "bad" | "plain";
  text: string;
}
export const toasts = signal<Toast[]>([]);
let toastCount = 0;
/** Milliseconds that a passing word stays; errors stay longer. */
const SHOWN_MS = { good: 4000, plain: 6000, bad: 12_000 };
export function say(text: string, kind: Toast["kind"] = "plain"): void {
  const id = ++toastCount;
  toasts.value = [...toasts.value.filter((toast) => toast.text !== text).slice(-2), { id, kind, text }];
  setTimeout(() => (toasts.value = toasts.value.filter((toast) => toast.id !== id)), SHOWN_MS[kind]);
}
