// The browser's telephone: the carrier's own SDK, unmodified, behind the few things that the console needs of it.
import type { Call, Device } from "@twilio/voice-sdk";
import { signal } from "@preact/signals";
import { ask } from "../api/client";
import { t } from "../words";
import { carrier, withoutTls } from "./signalling";

export type Quality = "idle" | "good" | "fair" | "poor" | "none";
export type Leg = "none" | "dialling" | "open" | "reconnecting" | "failed";

export const leg = signal<Leg>("none");
export const quality = signal<Quality>("idle");
export const warning = signal("");
export const muted = signal(false);
/** When sound last came in, by this machine's clock; null while none is expected. */
export const heardAt = signal<number | null>(null);
/** Levels 0 to 1 of what we say and what we hear, for the meters. */
export const levels = signal({ out: 0, in: 0 });

/** Mean opinion scores below which a line is called fair and poor. */
const FAIR = 4.0;
const POOR = 3.5;
/** Milliseconds without sound after which the line is said to be silent. */
const SILENT_MS = 3000;
/** Milliseconds before the token's end at which another is fetched. */
const RENEW_MS = 120_000;
/** None of the SDK's own sounds is fetched or played: the console rings for itself. */
const SILENCE = "/sounds/silence.wav";
const SOUNDS = [
  "incoming",
  "outgoing",
  "disconnect",
  "dtmfs",
  "dtmfh",
  ...Array.from({ length: 10 }, (_, digit) => `dtmf${digit}`),
];

export interface Listener {
  /** Sound has come in for the first time. */
  media(): void;
  /** The leg is over; `failed` where nobody ended it. */
  over(failed: boolean): void;
}

let device: Device | null = null;
let current: Call | null = null;
let packets = 0;

/** The device with a fresh token; made once, so that dialling in is quick. */
export async function prepare(): Promise<Device> {
  const fresh = await ask("post", "/api/softphone-token");
  if (device) {
    device.updateToken(fresh.token);
    return device;
  }
  if (fresh.emulator) withoutTls(fresh.emulator);
  const { Call, Device } = await import("@twilio/voice-sdk");
  const made = new Device(fresh.token, {
    ...carrier(fresh.emulator),
    codecPreferences: [Call.Codec.Opus, Call.Codec.PCMU],
    closeProtection: t.value.call.closing,
    allowIncomingWhileBusy: false,
    logLevel: "error",
    tokenRefreshMs: RENEW_MS,
    maxCallSignalingTimeoutMs: 30_000,
    sounds: Object.fromEntries(SOUNDS.map((name) => [name, SILENCE])),
  });
  made.on(
    "tokenWillExpire",
    () =>
      void ask("post", "/api/softphone-token")
        .then((next) => made.updateToken(next.token))
        .catch(() => undefined),
  );
  made.on("error", () => undefined); // a call's own errors are told by the call
  made.audio?.incoming(false);
  made.audio?.disconnect(false);
  made.audio?.outgoing(false);
  device = made;
  return made;
}

export async function connect(params: Record<string, string>, listener: Listener): Promise<void> {
  hangUp();
  leg.value = "dialling";
  warning.value = "";
  packets = 0;
  try {
    const call = await (await prepare()).connect({ params });
    current = call;
    follow(call, listener);
  } catch (error) {
    leg.value = "failed";
    throw error;
  }
}

function follow(call: Call, listener: Listener): void {
  let failed = false;
  call.on("accept", () =>
    mine(call, () => {
      leg.value = "open";
      heardAt.value = Date.now();
    }),
  );
  call.on("sample", (sample: { mos: number | null; totals: { packetsReceived: number } }) =>
    mine(call, () => measured(sample, listener)),
  );
  call.on("volume", (out: number, heard: number) => mine(call, () => (levels.value = { out, in: heard })));
  call.on("warning", (name: string) => mine(call, () => (warning.value = name)));
  call.on("warning-cleared", (name: string) => mine(call, () => warning.value === name && (warning.value = "")));
  call.on("reconnecting", () => mine(call, () => (leg.value = "reconnecting")));
  call.on("reconnected", () => mine(call, () => (leg.value = "open")));
  call.on("mute", (on: boolean) => mine(call, () => (muted.value = on)));
  call.on("error", () => (failed = true));
  const over = (): void =>
    mine(call, () => {
      rest(failed ? "failed" : "none");
      listener.over(failed);
    });
  call.on("disconnect", over);
  call.on("cancel", over);
  call.on("reject", over);
}

function mine(call: Call, then: () => void): void {
  if (current === call) then();
}

function measured(sample: { mos: number | null; totals: { packetsReceived: number } }, listener: Listener): void {
  const at = Date.now();
  if (sample.totals.packetsReceived > packets) {
    if (!packets) listener.media();
    packets = sample.totals.packetsReceived;
    heardAt.value = at;
  }
  if (at - (heardAt.value ?? at) > SILENT_MS) quality.value = "none";
  else if (sample.mos === null) quality.value = "good";
  else quality.value = sample.mos < POOR ? "poor" : sample.mos < FAIR ? "fair" : "good";
}

function rest(how: Leg): void {
  current = null;
  leg.value = how;
  quality.value = "idle";
  heardAt.value = null;
  muted.value = false;
  levels.value = { out: 0, in: 0 };
}

export function mute(on: boolean): void {
  current?.mute(on);
}

export function dtmf(digits: string): void {
  current?.sendDigits(digits);
}

/** Our own end of the leg; what the call becomes is for the board. */
export function hangUp(): void {
  const call = current;
  rest("none");
  call?.disconnect();
}

export function talking(): boolean {
  return current !== null;
}

/** Another headset, also in the middle of a call. */
export async function useDevices(input: string, output: string): Promise<void> {
  const audio = device?.audio;
  if (!audio) return;
  if (input) await audio.setInputDevice(input).catch(() => undefined);
  if (output && audio.isOutputSelectionSupported) await audio.speakerDevices.set(output).catch(() => undefined);
}
