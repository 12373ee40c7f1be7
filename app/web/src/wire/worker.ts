// Beats, acknowledgements and the live stream, in a worker: a tab in the background may not be late for a caller (P3, P4).
import { compareBoards, emptyBoard } from "./boards";
import type { BeatState, FromWorker, LiveMessage, Me, ToWorker } from "./messages";

/** Milliseconds between beats, idle and in a call. */
const IDLE_MS = 5000;
const CALL_MS = 2000;
/** The server pings every 5 s: after 12 s without a word the stream is dead, whatever the browser thinks. */
const SILENCE_MS = 12_000;
/** First pause before a broken stream is opened again; doubles up to the last. */
const AGAIN_MS = [300, 600, 1200, 2500, 5000];

let csrf = "";
let spec = "";
let state: BeatState | null = null;
let stream: EventSource | null = null;
let heard = 0;
let failures = 0;
let timer: ReturnType<typeof setTimeout> | undefined;
/** As the page has it on screen. */
let board = emptyBoard();
const acked = new Set<string>();

function tell(message: FromWorker): void {
  postMessage(message);
}

onmessage = ({ data }: MessageEvent<ToWorker>) => {
  if (data.say === "start") {
    csrf = data.csrf;
    spec = data.spec;
    open();
  } else if (data.say === "state") {
    const urgent =
      state?.call !== data.state.call || state?.presence !== data.state.presence || state?.offer !== data.state.offer;
    state = { ...data.state, touched: data.state.touched || Boolean(state?.touched) };
    if (urgent) void beat();
  } else if (data.say === "shown") void acknowledge(data.offer);
  else if (data.say === "beat") void beat();
  else stop();
};

// -- the live stream

function open(): void {
  stream?.close();
  stream = new EventSource("/api/live");
  heard = Date.now();
  stream.onmessage = ({ data }) => {
    heard = Date.now();
    failures = 0;
    hear(JSON.parse(data as string) as LiveMessage);
  };
  stream.onerror = () => again();
}

function again(): void {
  stream?.close();
  stream = null;
  // What is known of the board stays: the next snapshot is compared with it, so that what has ended meanwhile goes.
  tell({ say: "link", up: false });
  const pause = AGAIN_MS[Math.min(failures++, AGAIN_MS.length - 1)] ?? 5000;
  setTimeout(() => stream ?? (csrf && open()), pause);
}

setInterval(() => {
  if (stream && Date.now() - heard > SILENCE_MS) again();
}, 1000);

function hear(message: LiveMessage): void {
  if (message.type === "ping") return tell({ say: "link", up: true });
  if (message.type === "board") {
    const [next, change] = compareBoards(board, message);
    board = next;
    return tell({ say: "board", change });
  }
  if (message.type === "offer") {
    const now = message.at_ms ?? 0;
    if (now) tell({ say: "clock", ahead_ms: now - Date.now() });
  }
  tell({ say: "live", message });
}

/** The page has the offer on screen: only now it is acknowledged, so that a hung page is found unreachable. */
async function acknowledge(offer: string): Promise<void> {
  if (acked.has(offer)) return;
  acked.add(offer);
  for (let attempt = 0; attempt < 3; attempt++) {
    const status = await send(`/api/offers/${offer}/ack`, undefined);
    if (status && status < 500) return;
  }
}

// -- beats

async function beat(): Promise<void> {
  clearTimeout(timer);
  timer = setTimeout(() => void beat(), state?.call ? CALL_MS : IDLE_MS);
  if (!state || !csrf) return;
  const touched = state.touched;
  const body = {
    presence: state.presence,
    offer: state.offer,
    call: state.call,
    rtp_age_ms: state.heard_at === null ? null : Math.max(0, Date.now() - state.heard_at),
    microphone: state.microphone,
    told: state.call ? state.told : null,
    touched,
  };
  state.touched = false;
  let me: Me | null = null;
  let code = "";
  const status = await send("/api/beat", body, async (answer) => {
    const said = (await answer.json()) as Me & { error?: { code: string } };
    if (answer.ok) me = said;
    else code = said.error?.code ?? "";
  });
  const known = me as Me | null;
  if (known && known.spec !== spec) code = "other_person";
  if (status !== 200 && state) state.touched ||= touched;
  tell({ say: "beat", ok: status === 200 && !code, status, code, me: code ? null : known });
}

async function send(path: string, body: unknown, read?: (answer: Response) => Promise<void>): Promise<number> {
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "X-CSRF": csrf, "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(4000),
    });
    await read?.(answer);
    return answer.status;
  } catch {
    return 0;
  }
}

function stop(): void {
  clearTimeout(timer);
  csrf = "";
  stream?.close();
  stream = null;
}
