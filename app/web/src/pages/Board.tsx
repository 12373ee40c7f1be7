// The lead's board: who waits, who talks, what is late; read across a room, worked from the keyboard.
import { computed } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import * as s from "../state";
import { boardNow, now, span } from "../time";
import { handoffs } from "../today";
import { Told } from "../ui/parts";
import type { CallOut } from "../wire/messages";
import { t } from "../words";
import { Alarms } from "./BoardAlarms";
import { Conversations } from "./BoardCalls";
import { People } from "./BoardPeople";
import { Queue } from "./BoardQueue";
import { Today } from "./BoardToday";

const IN_LINE = new Set(["greeting", "waiting", "doubtful", "offered", "connecting", "backup_ringing", "callback", "calling_back"]);
const WITH_SOMEBODY = new Set(["talking", "reconnecting", "agency_only", "backup_talking"]);

export const waiting = computed<CallOut[]>(() =>
  [...s.calls.value.values()].filter((call) => IN_LINE.has(call.state)).sort((a, b) => a.arrived_ms - b.arrived_ms),
);
/** What asks for a lead stands first: a caller alone, a call for help, high risk or a handoff. */
function need(call: CallOut): number {
  if (call.state === "reconnecting") return 3;
  return call.help_ms ? 2 : Number(call.risk_high || call.handoff_open);
}

export const conversations = computed<CallOut[]>(() =>
  [...s.calls.value.values()]
    .filter((call) => WITH_SOMEBODY.has(call.state))
    .sort((a, b) => need(b) - need(a) || a.since_ms - b.since_ms),
);
const ready = computed(
  () =>
    [...s.people.value.values()].filter(
      (one) => one.duty === "idle" && (one.presence === "available" || one.presence === "on_demand"),
    ).length,
);

/** Handoffs that nobody has closed: of a live call the board knows it, of one that is over the record. */
const open = computed(() => {
  const live = [...s.calls.value.values()].filter((call) => call.handoff_open).length;
  return live + handoffs.value.filter((one) => !s.calls.value.has(one.call)).length;
});

/** Milliseconds of the longest wait from which it is shown as late, and as too late. */
const LATE_MS = 20_000;
const TOO_LATE_MS = 60_000;

export function Board(): JSX.Element {
  const w = t.value.board;
  if (!s.boardLoaded.value)
    return (
      <div class="board loading" aria-busy="true">
        <h1 class="unseen">{w.title}</h1>
        <p class="dim">{s.boardAway.value ? w.away : t.value.desk.loading}</p>
      </div>
    );
  return (
    <div class={`board ${s.boardAway.value || s.link.value === "down" ? "stale" : ""}`}>
      <h1 class="unseen">{w.title}</h1>
      <Figures />
      <Queue />
      <Conversations />
      <People />
      <Alarms />
      <Today />
      <Announcer />
    </div>
  );
}

function Figures(): JSX.Element {
  const w = t.value.board;
  const first = waiting.value[0];
  const longest = first ? boardNow() - first.arrived_ms : 0;
  const tone = !first ? "good" : longest > TOO_LATE_MS ? "bad" : longest > LATE_MS ? "warn" : "";
  return (
    <dl class="figures">
      <Figure name={w.longest} value={first ? span(longest) : "–"} tone={tone} wide />
      <Figure name={w.waiting} value={String(waiting.value.length)} tone={tone} />
      <Figure name={w.talking} value={String(conversations.value.length)} />
      <Figure name={w.ready} value={String(ready.value)} tone={ready.value ? "" : first ? "bad" : "warn"} />
      <Figure name={w.handoffs} value={String(open.value)} tone={open.value ? "warn" : ""} />
    </dl>
  );
}

function Figure(props: { name: string; value: string; tone?: string; wide?: boolean }): JSX.Element {
  return (
    <div class={`big ${props.tone ?? ""} ${props.wide ? "wide" : ""}`}>
      <dt>{props.name}</dt>
      <dd class="figure">{props.value}</dd>
    </div>
  );
}

/** Seconds between two announcements of the queue to screen readers: a change, not a stream. */
const QUIET_MS = 10_000;

function Announcer(): JSX.Element {
  const [text, setText] = useState("");
  const said = useRef({ count: -1, at: 0 });
  const count = waiting.value.length;
  useEffect(() => {
    if (count === said.current.count || now.value - said.current.at < QUIET_MS) return;
    said.current = { count, at: now.value };
    const first = waiting.value[0];
    setText(t.value.board.announce(count, first ? span(boardNow() - first.arrived_ms) : ""));
  }, [count, now.value]);
  return <Told text={text} />;
}
