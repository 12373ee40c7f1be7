import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { lines, loadLines, nextStep } from "../lines";
import { boardNow, span } from "../time";
import { Badge, Card, Empty } from "../ui/parts";
import type { CallClass, CallOut } from "../wire/messages";
import { languageName, t } from "../words";
import { waiting } from "./Board";

/** Height of a row in CSS pixels, as in board.css: only rows in sight are drawn, so 500 callers cost no more than 30. */
const ROW = 44;
const SPARE = 6;
const CLASSES: readonly CallClass[] = ["agency", "attempt", "danger", "urgent", "standard", "warm"];

export function Queue(): JSX.Element {
  const w = t.value.board;
  useEffect(() => void loadLines(), []);
  return (
    <Card title={w.queue} class="queue" aside={<Counts />}>
      {waiting.value.length ? <Rows calls={waiting.value} /> : <Empty symbol="✓">{w.queueEmpty}</Empty>}
      <Lanes />
    </Card>
  );
}

function Counts(): JSX.Element {
  return (
    <ul class="counts" aria-label={t.value.board.byClass}>
      {CLASSES.map((cls) => [cls, waiting.value.filter((call) => call.cls === cls).length] as const)
        .filter(([, count]) => count)
        .map(([cls, count]) => (
          <li key={cls}>
            <Badge cls={cls} /> <span class="figure">{count}</span>
          </li>
        ))}
    </ul>
  );
}

function Rows({ calls }: { calls: CallOut[] }): JSX.Element {
  const w = t.value;
  const box = useRef<HTMLDivElement>(null);
  const top = useSignal(0);
  const height = useSignal(480);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const look = new ResizeObserver(() => (height.value = element.clientHeight));
    look.observe(element);
    return () => look.disconnect();
  }, []);
  const from = Math.max(0, Math.floor(top.value / ROW) - SPARE);
  const to = Math.min(calls.length, Math.ceil((top.value + height.value) / ROW) + SPARE);
  return (
    <div
      class="rows"
      ref={box}
      tabIndex={0}
      role="group"
      aria-label={w.board.queue}
      onScroll={(event) => (top.value = event.currentTarget.scrollTop)}
    >
      <table aria-rowcount={calls.length + 1} style={{ height: `${(calls.length + 1) * ROW}px` }}>
        <thead>
          <tr aria-rowindex={1}>
            <th>{w.offer.waiting}</th>
            <th>{w.call.class}</th>
            <th>{w.offer.language}</th>
            <th>{w.offer.line}</th>
            <th>{w.board.next}</th>
          </tr>
        </thead>
        <tbody>
          {from > 0 && (
            <tr aria-hidden="true" style={{ height: `${from * ROW}px` }}>
              <td colSpan={5} />
            </tr>
          )}
          {calls.slice(from, to).map((call, index) => (
            <Row key={call.id} call={call} index={from + index + 2} />
          ))}
          <tr aria-hidden="true" style={{ height: `${(calls.length - to) * ROW}px` }}>
            <td colSpan={5} />
          </tr>
        </tbody>
      </table>
    </div>
  );
}

function Row({ call, index }: { call: CallOut; index: number }): JSX.Element {
  const w = t.value;
  const wait = boardNow() - call.arrived_ms;
  const step = nextStep(lines.value[call.line], call, wait);
  const next = step && w.board.nextIn(w.board.steps[step.step] ?? step.step, span(step.at_ms - wait));
  const state = w.state[call.state as "waiting"] ?? call.state;
  return (
    <tr aria-rowindex={index} class={`state-${call.state}`}>
      <td class="figure wait">{span(wait)}</td>
      <td>
        <Badge cls={call.cls} />
      </td>
      <td>{languageName(call.language)}</td>
      <td>
        {call.line}
        {call.returning ? (
          <span class="dim" title={w.offer.returning}>
            {" "}
            ↺<span class="unseen">{w.offer.returning}</span>
          </span>
        ) : null}
      </td>
      <td class="dim next">{call.state === "waiting" ? (next ?? "–") : state}</td>
    </tr>
  );
}

function Lanes(): JSX.Element {
  const lanes = new Map<string, number>();
  for (const call of waiting.value)
    lanes.set(
      `${call.line} · ${languageName(call.language)}`,
      (lanes.get(`${call.line} · ${languageName(call.language)}`) ?? 0) + 1,
    );
  return (
    <ul class="lanes" aria-label={t.value.board.byLane}>
      {[...lanes]
        .sort((a, b) => b[1] - a[1])
        .slice(0, 6)
        .map(([lane, count]) => (
          <li key={lane}>
            <span class="dim">{lane}</span> <span class="figure">{count}</span>
          </li>
        ))}
    </ul>
  );
}
