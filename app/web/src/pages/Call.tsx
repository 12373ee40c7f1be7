// The call: who and how long, the telephone's keys, and beside it notes, risk and emergency services.
import type { JSX } from "preact";
import * as act from "../actions";
import * as kept from "../kept";
import { leg } from "../phone/softphone";
import * as s from "../state";
import { boardNow, span } from "../time";
import { Badge, Button, Card, Told } from "../ui/parts";
import { languageName, t } from "../words";
import { Agency } from "./Agency";
import { CallKeys } from "./CallKeys";
import { Notes } from "./Notes";
import { Priority } from "./Priority";
import { Risk } from "./Risk";
import { Room } from "./Room";
import { Safe, Whom } from "./Whom";

/** Milliseconds after which the carrier ends a call, and how long before that it is counted down (L11). */
const CARRIER_MS = 4 * 3_600_000;
const COUNTED_MS = 15 * 60_000;

export function CallPage(): JSX.Element {
  const file = kept.file.value;
  const wrapping = s.me.value?.duty === "wrapping";
  return (
    <div class={`call ${wrapping ? "wrapping" : ""}`}>
      <h1 class="unseen">{wrapping ? t.value.wrap.title : t.value.call.title}</h1>
      <div class="column left">
        {wrapping ? <WrapUp /> : <Telephone />}
        {file && <Safe file={file} />}
        {!wrapping && <Priority />}
      </div>
      <div class="column middle">
        {file && !wrapping && <Whom file={file} />}
        {file && <Notes file={file} />}
      </div>
      <div class="column right">
        {file && <Agency file={file} wrapping={wrapping} />}
        {file && <Risk file={file} />}
      </div>
    </div>
  );
}

function Telephone(): JSX.Element {
  const call = s.call.value;
  const [tone, words] = standing();
  const since = s.talkingSince.value;
  const left = since ? CARRIER_MS - (boardNow() - (call?.arrived_ms ?? since)) : CARRIER_MS;
  return (
    <Card title={t.value.call.title} class={`telephone ${tone}`} aside={call ? <Badge cls={call.cls} /> : undefined}>
      <p class="timer figure" role="timer" aria-live="off">
        {since ? span(boardNow() - since) : "–:––"}
      </p>
      <p class="standing" role="status">
        {words}
      </p>
      <p class="dim">
        {call
          ? `${languageName(call.language)} · ${call.line}${call.returning ? ` · ${t.value.offer.returning}` : ""}`
          : "…"}
      </p>
      {left < COUNTED_MS && <p class="notice warn">{t.value.call.timeOut(Math.max(0, Math.ceil(left / 60_000)))}</p>}
      <Room />
      <OwnAlarms />
      <CallKeys />
      <Told text={words} />
    </Card>
  );
}

/** Milliseconds that an alarm about one's own call stays beside it. */
const ALARM_MS = 60_000;

/** What the telephone network refused, and what to do by hand. */
function OwnAlarms(): JSX.Element | null {
  const w = t.value.board;
  const fresh = s.alarms.value.find(
    (alarm) => alarm.call === s.callId.value && alarm.todo && boardNow() - alarm.at_ms < ALARM_MS,
  );
  if (!fresh || fresh.kind === "help") return null;
  return (
    <p class="notice bad" role="alert">
      {w.alarmKinds[fresh.kind] ?? fresh.kind}. {w.todo[fresh.todo ?? ""] ?? ""}
    </p>
  );
}

function standing(): [string, string] {
  const w = t.value.call;
  const duty = s.me.value?.duty;
  if (duty === "reconnecting" || (duty === "talking" && (leg.value === "none" || leg.value === "failed")))
    return ["lost", w.reconnecting];
  if (s.call.value?.state === "agency_only") return ["live", w.agencyOnly];
  if (s.call.value?.state === "calling_back") return ["coming", t.value.ringBack.title];
  if (s.onHold.value) return ["held", s.call.value?.private ? t.value.colleague.alone : w.onHold];
  if (duty === "connecting") return ["coming", leg.value === "open" ? w.bringing : w.connecting];
  return ["live", w.talking];
}

function WrapUp(): JSX.Element {
  const w = t.value.wrap;
  const left = (s.me.value?.wrap_ms ?? 0) - boardNow();
  return (
    <Card title={w.title} class="telephone">
      <p>{w.text}</p>
      {left > 0 && (
        <p>
          {w.ready} <span class="figure">{span(left)}</span>
        </p>
      )}
      <p class="dim">{s.callGone.value ? t.value.call.gone : ""}</p>
      <div class="stack">
        <Button kind="main" k="w" onPress={() => void act.wrapped()}>
          {w.done}
        </Button>
        <Button k="m" onPress={() => void act.moreTime()}>
          {w.more}
        </Button>
        <Button k="v" onPress={() => void act.recovery(true)}>
          {w.recover}
        </Button>
      </div>
    </Card>
  );
}
