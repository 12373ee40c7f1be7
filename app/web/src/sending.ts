// Carries what is kept to the server, again and again under the same ids, until the record has it (S4).
import { ask, Refused } from "./api/client";
import { all, change, noteWaits, type Sending } from "./kept";
import { boardAway, recordAway } from "./state";

/** Milliseconds of quiet after which a note is sent. */
const NOTE_QUIET_MS = 1500;
/** Milliseconds between two tries of what the server has not taken, and between two questions whether it is recorded. */
const AGAIN_MS = 4000;
const RECORDED_MS = 15_000;

const asked = new Map<string, number>();
const busy = new Set<string>();
let quiet: ReturnType<typeof setTimeout> | undefined;

export function begin(): void {
  setInterval(() => void sendAll(), AGAIN_MS);
}

export async function sendAll(): Promise<void> {
  for (const one of all()) {
    for (const item of one.sending) if (!item.refused && due(item)) await send(one.call, item);
    if (noteWaits(one)) await sendNote(one.call);
  }
}

function due(item: Sending): boolean {
  return !item.saved || Date.now() - (asked.get(item.id) ?? 0) > RECORDED_MS;
}

/** Keep a fact and send it; the answer's data where there was one. */
export async function fact(
  call: string,
  item: Omit<Sending, "saved" | "refused">,
): Promise<Record<string, unknown> | null> {
  const whole: Sending = { ...item, saved: false, refused: "" };
  change(call, (one) => ({ ...one, sending: [...one.sending, whole] }));
  return send(call, whole);
}

/** Nobody knows the handoff yet of which this is a fact: its opening goes first. */
function early(call: string, item: Sending): boolean {
  if (item.path !== "/api/handoffs/{id}/facts") return false;
  const one = all().find((each) => each.call === call);
  return Boolean(one?.sending.some((other) => other.id === item.of && !other.saved && !other.refused));
}

async function send(call: string, item: Sending): Promise<Record<string, unknown> | null> {
  if (busy.has(item.id) || early(call, item)) return null;
  busy.add(item.id);
  asked.set(item.id, Date.now());
  try {
    const answer = (await ask("post", item.path, { at: { id: item.of }, body: item.body as never })) as {
      recorded: boolean;
    } & Record<string, unknown>;
    boardAway.value = false;
    update(call, item.id, answer.recorded ? null : { saved: true });
    return answer;
  } catch (error) {
    if (error instanceof Refused && !error.away && error.status !== 401) update(call, item.id, { refused: error.code });
    else if (error instanceof Refused && error.code === "board_away") boardAway.value = true;
    if (error instanceof Refused && !error.away) throw error;
    return null;
  } finally {
    busy.delete(item.id);
  }
}

function update(call: string, id: string, how: Partial<Sending> | null): void {
  change(call, (one) => ({
    ...one,
    sending:
      how === null
        ? one.sending.filter((item) => item.id !== id)
        : one.sending.map((item) => (item.id === id ? { ...item, ...how } : item)),
  }));
}

/** The live stream says that these are in the record. */
export function recorded(ids: string[]): void {
  for (const one of all()) for (const item of one.sending) if (ids.includes(item.id)) update(one.call, item.id, null);
}

/** A refused entry was read by the person and is given up. */
export function giveUp(id: string): void {
  for (const one of all()) if (one.sending.some((item) => item.id === id)) update(one.call, id, null);
}

export function noteTyped(call: string, text: string): void {
  change(call, (one) => ({ ...one, note: { ...one.note, text, version: one.note.version + 1 } }));
  clearTimeout(quiet);
  quiet = setTimeout(() => void sendNote(call), NOTE_QUIET_MS);
}

async function sendNote(call: string): Promise<void> {
  const one = all().find((found) => found.call === call);
  if (!one || !noteWaits(one) || busy.has(one.note.id)) return;
  const { id, version, text } = one.note;
  busy.add(id);
  try {
    await ask("put", "/api/calls/{id}/notes", { at: { id: call }, body: { id, version, text } });
    recordAway.value = false;
    change(call, (now) => ({ ...now, note: { ...now.note, sent: Math.max(now.note.sent, version) } }));
  } catch (error) {
    if (error instanceof Refused && error.code === "record_away") recordAway.value = true;
  } finally {
    busy.delete(id);
  }
}
