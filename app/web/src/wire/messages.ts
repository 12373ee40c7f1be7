// What the live stream says (see app/api/hub.py), and what the page and its worker tell each other.
import type { Schemas } from "../api/client";

export type Presence = Schemas["Beat"]["presence"];
export type Told = NonNullable<Schemas["Beat"]["told"]>;
/** Gravest first; `agency`, an emergency service that rings back, is the board's alone to give. */
export type CallClass = "agency" | "attempt" | "danger" | "urgent" | "standard" | "warm";

export interface Offer {
  offer: string;
  kind: string;
  cls: CallClass;
  language: string;
  line: string;
  arrived_ms: number;
  wait_ms: number;
  returning: boolean;
  /** Its caller has hung up and is to be rung back. */
  callback?: boolean;
  deadline_ms: number;
}

export type Me = Schemas["Me"];
export type CallOut = Schemas["CallOut"];
/** One's own call: `told` goes back in beats, word for word (P4). */
export type OwnCall = CallOut & { told?: Told };
export interface Closed {
  id: string;
  state: "closed";
}

/** What has become of asking a colleague in: a state of the offer. */
export interface AskedIn {
  call: string;
  offer: string;
  spec: string;
  kind: string;
  state: string;
  cause: string;
}

export interface Fact {
  call: string;
  kind: string;
  at_ms: number;
  data: Record<string, unknown>;
}
export interface Alarm {
  kind: string;
  call: string;
  spec?: string;
  /** The handoff whose agency was not reached. */
  handoff?: string;
  at_ms: number;
  /** What to do next, as a code (app/api/alarms.py). */
  todo?: string;
}
export interface BoardMessage {
  away?: boolean;
  now_ms?: number;
  calls?: CallOut[];
  specialists?: Me[];
}

export type LiveMessage =
  | ({ type: "offer"; at_ms?: number; made_ms?: number } & Offer)
  | { type: "offer_over"; offer: string; state: string; cause: string }
  | ({ type: "me" } & Me)
  | ({ type: "call" } & (OwnCall | Closed))
  | ({ type: "fact" } & Fact)
  | ({ type: "alarm" } & Alarm)
  | ({ type: "board" } & BoardMessage)
  | ({ type: "asked" } & AskedIn)
  | { type: "recorded"; ids: string[] }
  | { type: "ping" };

/** What changed on the lead's board since the last message: the worker compares, so that the page draws little. */
export interface BoardChange {
  away: boolean;
  now_ms: number;
  calls: CallOut[];
  gone: string[];
  specialists: Me[];
  left: string[];
}

export interface BeatState {
  presence: Presence;
  offer: string;
  call: string;
  told: Told | null;
  microphone: boolean;
  touched: boolean;
  /** When sound last came in, by this machine's clock; null while no sound is expected. */
  heard_at: number | null;
}

export type ToWorker =
  | { say: "start"; csrf: string; spec: string }
  | { say: "state"; state: BeatState }
  | { say: "shown"; offer: string }
  | { say: "beat" }
  | { say: "stop" };

export type FromWorker =
  | { say: "live"; message: Exclude<LiveMessage, { type: "board" } | { type: "ping" }> }
  | { say: "board"; change: BoardChange }
  | { say: "link"; up: boolean }
  | { say: "clock"; ahead_ms: number }
  | { say: "beat"; ok: boolean; status: number; code: string; me: Me | null };
