import type { JSX } from "preact";
import * as s from "../state";
import { boardNow, span } from "../time";
import { Button, Card, Empty, Told } from "../ui/parts";
import { handoffs } from "../today";
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
      {alarms.length === 0 && handoffs.value.length === 0 && <Empty symbol="✓">{w.alarmsEmpty}</Empty>}
      {handoffs.value.length > 0 && (
        <ul class="handoffs" aria-label={w.handoffs}>
          {handoffs.value.map((one) => (
            <HandoffLine key={one.id} one={one} />
          ))}
        </ul>
      )}
      <ul class="alarm-list" tabIndex={alarms.length ? 0 : -1} aria-label={w.alarms}>
        {alarms.map((alarm) => (
          <li key={`${alarm.kind}${alarm.call}${alarm.at_ms}`} class={`alarm-${alarm.kind}`}>
            <strong>{w.alarmKinds[alarm.kind] ?? alarm.kind.replaceAll("_", " ")}</strong>
            <span class="dim">
              {w.todo[alarm.todo ?? ""] ?? ""} {alarm.spec ? (s.names.value.get(alarm.spec) ?? "") : ""}
            </span>
            <span class="figure dim">{t.value.time.ago(span(boardNow() - alarm.at_ms))}</span>
          </li>
        ))}
      </ul>
    </Card>
  );
}

function HandoffLine({ one }: { one: (typeof handoffs.value)[number] }): JSX.Element {
  const w = t.value;
  const due = one.due[0];
  const left = due ? due.by_ms - boardNow() : 0;
  return (
    <li>
      <strong>{w.agency.title}</strong> <span class="dim">{s.names.value.get(one.owner ?? "") ?? ""}</span>
      <span>{w.agency.whys[one.why as "medical"] ?? one.why}</span>
      <span class={`figure ${left < 0 ? "bad" : "dim"}`}>
        {due
          ? `${left < 0 ? `${w.agency.overdue}: ` : ""}${w.board.due[due.what] ?? due.what} ${left < 0 ? span(-left) : `${w.agency.within} ${span(left)}`}`
          : ""}
      </span>
    </li>
  );
}
