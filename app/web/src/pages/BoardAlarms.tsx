import type { JSX } from "preact";
import * as s from "../state";
import { boardNow, span } from "../time";
import { Button, Card, Empty, Told } from "../ui/parts";
import { t } from "../words";

/** Seconds that an alarm stays when nobody dismisses it. */
const KEPT_MS = 15 * 60_000;

export function Alarms(): JSX.Element {
  const w = t.value.board;
  const alarms = s.alarms.value.filter((alarm) => boardNow() - alarm.at_ms < KEPT_MS);
  const first = alarms[0];
  return (
    <Card title={w.alarms} class="alarms" aside={alarms.length ? <Button kind="quiet" k="z" onPress={() => (s.alarms.value = [])}>{w.dismiss}</Button> : undefined}>
      <Told now text={first ? (w.alarmKinds[first.kind] ?? first.kind) : ""} />
      {alarms.length === 0 && <Empty symbol="✓">{w.alarmsEmpty}</Empty>}
      <ul class="alarm-list" tabIndex={alarms.length ? 0 : -1} aria-label={w.alarms}>
        {alarms.map((alarm) => (
          <li key={`${alarm.kind}${alarm.call}${alarm.at_ms}`} class={`alarm-${alarm.kind}`}>
            <strong>{w.alarmKinds[alarm.kind] ?? alarm.kind.replaceAll("_", " ")}</strong>
            <span class="dim">{w.todo[alarm.todo ?? ""] ?? ""} {alarm.spec ? (s.names.value.get(alarm.spec) ?? "") : ""}</span>
            <span class="figure dim">{t.value.time.ago(span(boardNow() - alarm.at_ms))}</span>
          </li>
        ))}
      </ul>
    </Card>
  );
}
