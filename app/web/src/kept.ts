// What a person has typed and decided in a call, kept on this machine until the server has it (S4).
//
// Encrypted under a key that the server gives to the signed-in person only: after a log-off what lies here is noise,
// and whoever signs in again as the same person finds it. Written on every keystroke.
import { computed, effect, signal } from "@preact/signals";
import { ask } from "./api/client";

/** A clinical fact on its way: sent again under its id until it is in the record. */
export interface Sending {
  id: string;
  path:
    | "/api/calls/{id}/class"
    | "/api/calls/{id}/risk"
    | "/api/calls/{id}/safe-to-call"
    | "/api/calls/{id}/handoffs"
    | "/api/handoffs/{id}/facts";
  of: string;
  body: Record<string, unknown>;
  saved: boolean;
  refused: string;
}

export interface RiskForm {
  at: "start" | "during" | "end";
  screened: string;
  judged: string;
  imminent: "" | "yes" | "no";
  rationale: string;
}

export interface HandoffForm {
  id: string;
  to: string;
  name: string;
  why: string;
  consent: string;
  location: string;
  narrative: string;
  dial: boolean;
}

export interface Handoff extends HandoffForm {
  opened_at: number;
  dialled: boolean | null;
  contact: string;
  outcome: string;
  dispatched: boolean;
  /** When help was first said to be on its way, by the board's clock; 0: not yet. */
  dispatched_at: number;
  /** A lead's advice was asked; absent: not yet. */
  consulted?: boolean;
  /** When they were rung again; absent: only once, at the opening. */
  rung_at?: number;
  /** The agency's number for what happened, as typed, and as last sent. */
  incident?: string;
  incident_sent?: string;
  /** They have been in the room since they were rung. */
  joined?: boolean;
  closed: boolean;
}

export interface CaseFile {
  call: string;
  opened_at: number;
  note: { id: string; text: string; version: number; sent: number };
  whom: "" | "returning_person" | "somebody_else" | "third_party";
  safe: "yes" | "no" | "unknown";
  risk: RiskForm;
  riskSaved: (RiskForm & { at_ms: number }) | null;
  handoffForm: HandoffForm | null;
  handoffs: Handoff[];
  sending: Sending[];
}

const PREFIX = "hotline.case.";
/** How long a file whose everything is recorded is still kept: a reload in wrap-up needs it. */
const KEPT_MS = 12 * 3_600_000;

let key: CryptoKey | null = null;
let spec = "";
export const unreadable = signal(false);
/** The file of the call on screen. */
export const file = signal<CaseFile | null>(null);
/** Files of earlier calls that still hold something unsent. */
export const older = signal<CaseFile[]>([]);

export const unsent = computed(
  () =>
    all().flatMap((one) => one.sending.filter((item) => !item.saved && !item.refused)).length +
    all().filter((one) => noteWaits(one)).length,
);
export const unrecorded = computed(() => all().flatMap((one) => one.sending.filter((item) => item.saved)).length);
export const refused = computed(() => all().flatMap((one) => one.sending.filter((item) => item.refused)));

/** The file on screen and those that still hold something unsent. */
export function all(): CaseFile[] {
  return file.value ? [file.value, ...older.value] : older.value;
}

export function noteWaits(one: CaseFile): boolean {
  return one.note.text !== "" && one.note.version > one.note.sent;
}

export function freshId(letter = "f"): string {
  return (
    letter +
    Array.from(crypto.getRandomValues(new Uint8Array(10)), (byte) => byte.toString(16).padStart(2, "0")).join("")
  );
}

function blank(call: string): CaseFile {
  return {
    call,
    opened_at: Date.now(),
    note: { id: freshId("n"), text: "", version: 0, sent: 0 },
    whom: "",
    safe: "unknown",
    risk: { at: "during", screened: "", judged: "", imminent: "", rationale: "" },
    riskSaved: null,
    handoffForm: null,
    handoffs: [],
    sending: [],
  };
}

/** Fetch this person's key and read what was left here. Without a key nothing is kept, and the console says so. */
export async function unlock(person: string): Promise<void> {
  spec = person;
  if (!globalThis.crypto?.subtle) {
    unreadable.value = true;
    return;
  }
  const { key: encoded } = await ask("get", "/api/draft-key");
  const bytes = Uint8Array.from(atob(encoded), (letter) => letter.charCodeAt(0));
  key = await crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
  const found: CaseFile[] = [];
  for (const name of names()) {
    const one = await read(name);
    if (!one || (isDone(one) && Date.now() - one.opened_at > KEPT_MS)) {
      if (one) localStorage.removeItem(name);
    } else if (one.call !== file.value?.call) found.push(one);
  }
  older.value = found;
}

export function lock(): void {
  key = null;
  file.value = null;
  older.value = [];
}

function names(): string[] {
  return Object.keys(localStorage).filter((name) => name.startsWith(`${PREFIX}${spec}.`));
}

async function read(name: string): Promise<CaseFile | null> {
  const [iv, sealed] = (localStorage.getItem(name) ?? "").split(".").map(bytesOf);
  if (!key || !iv || !sealed) return null;
  try {
    const clear = await crypto.subtle.decrypt({ name: "AES-GCM", iv: iv as BufferSource }, key, sealed as BufferSource);
    return JSON.parse(new TextDecoder().decode(clear)) as CaseFile;
  } catch {
    return null; // another root key's: nothing can be read here, and nothing may be thrown away
  }
}

let writing: Promise<void> = Promise.resolve();

function keep(one: CaseFile): void {
  const [using, name, text] = [key, `${PREFIX}${spec}.${one.call}`, JSON.stringify(one)];
  if (!using) return;
  // One write that fails, as on a full disk, must not end all later ones.
  writing = writing.catch(() => undefined).then(async () => {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, using, new TextEncoder().encode(text));
    localStorage.setItem(name, `${textOf(iv)}.${textOf(new Uint8Array(sealed))}`);
  });
}

/** Open the file of a call: the one that was left here, or a blank one. */
export function open(call: string): void {
  if (file.value?.call === call) return;
  const left = older.value.find((one) => one.call === call);
  if (file.value && !isDone(file.value)) older.value = [...older.value, file.value];
  older.value = older.value.filter((one) => one.call !== call);
  file.value = left ?? blank(call);
}

/** The call is over and wrapped up: what is unsent goes on being sent from the pile. */
export function putAway(): void {
  if (!file.value) return;
  if (!isDone(file.value)) older.value = [...older.value, file.value];
  file.value = null;
}

export function change(call: string, how: (one: CaseFile) => CaseFile): void {
  if (file.value?.call === call) file.value = keepAndGive(how(file.value));
  else older.value = older.value.map((one) => (one.call === call ? keepAndGive(how(one)) : one));
}

function keepAndGive(one: CaseFile): CaseFile {
  keep(one);
  return one;
}

export function isDone(one: CaseFile): boolean {
  return one.sending.length === 0 && !noteWaits(one);
}

effect(() => {
  for (const one of older.value)
    if (isDone(one)) setTimeout(() => (older.value = older.value.filter((other) => !isDone(other))));
});

function textOf(bytes: Uint8Array): string {
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}
