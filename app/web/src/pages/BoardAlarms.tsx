import type { JSX } from "preact";
import * as s from "../state";
import { boardNow, span } from "../time";
import { Button, Card, Empty, Told } from "../ui/parts";
import { handoffs } from "../today";
import type { Alarm } from "../wire/messages";
import { t } from "../words";

/** Milliseconds that an alarm stays when nobody dismisses it. */
const KEPT_MS = 15 * 60_000;

export function Alarms(): JSX.Element {
  const w = t.value.board;
  const alarms = s.alarms.value.filter((alarm) => boardNow() - alarm.at_ms < KEPT_MS);
  const first = alarms[0];
  return (
    <Card
      title={w.alarms}
      class="alarms"
      aside={
        alarms.length ? (
          <Button kind="quiet" k="z" onPress={() => (s.alarms.value = [])}>
            {w.dismiss}
          </Button>
        ) : undefined
      }
    >
      <Told now text={first ? (w.alarmKinds[first.kind] ?? first.kind) : ""} />
      {alarms.length + handoffs.value.length === 0 ? <Empty symbol="✓">{w.alarmsEmpty}</Empty> : <News alarms={alarms} />}
    </Card>
  );
}

/** Fresh alarms first, then what is due in open handoffs: one list to scroll, so that neither hides the other. */
function News({ alarms }: { alarms: Alarm[] }): JSX.Element {
  const w = t.value.board;
  return (
    <div class="alarms-all" tabIndex={0} role="group" aria-label={w.alarms}>
      <ul class="alarm-list">
        {alarms.map((alarm) => (
          <li key={`${alarm.kind}${alarm.call}${alarm.at_ms}`} class={`alarm-${alarm.kind}`}>
            <strong>{w.alarmKinds[alarm.kind] ?? alarm.kind.replaceAll("_", " ")}</strong>
            <span class="figure dim">{t.value.time.ago(span(boardNow() - alarm.at_ms))}</span>
            <span class="dim">
              {alarm.spec ? `${s.names.value.get(alarm.spec) ?? ""} · ` : ""}
              {w.todo[alarm.todo ?? ""] ?? ""}
            </span>
          </li>
        ))}
      </ul>
      {handoffs.value.length > 0 && (
        <ul class="handoffs" aria-label={w.handoffs}>
          {handoffs.value.map((one) => (
            <HandoffLine key={one.id} one={one} />
          ))}
        </ul>
      )}
    </div>
  );
}

function HandoffLine({ one }: { one: (typeof handoffs.value)[number] }): JSX.Element {
  const w = t.value;
  const [due] = one.due;
  const left = due ? due.by_ms - boardNow() : 0;
  const what = due ? (w.board.due[due.what] ?? due.what) : "";
  const when = left < 0 ? `${w.agency.overdue}: ${what} ${span(-left)}` : `${what} ${w.agency.within} ${span(left)}`;
  return (
    <li>
      <strong>{w.agency.whys[one.why as "medical"] ?? one.why}</strong>
      <span class="dim">{s.names.value.get(one.owner ?? "") ?? ""}</span>
      <span class={`due ${left < 0 ? "bad" : "dim"}`}>{due ? when : ""}</span>
    </li>
  );
}
