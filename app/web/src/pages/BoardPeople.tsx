import type { JSX } from "preact";
import * as s from "../state";
import { boardNow, span } from "../time";
import { Card, Empty } from "../ui/parts";
import type { Me } from "../wire/messages";
import { t } from "../words";

const ORDER = ["reconnecting", "talking", "connecting", "offered", "idle", "wrapping", "recovering"];
/** Milliseconds after which a sign of life is old: past it the person is not offered anything (section P). */
const OLD_MS = 12_000;

/** Everybody who has signed in, by duty, with the age of the last sign of life. */
export function People(): JSX.Element {
  const w = t.value.board;
  const people = [...s.people.value.values()].sort((a, b) => rank(a) - rank(b) || a.since_ms - b.since_ms);
  const here = people.filter((one) => one.presence !== "offline" || one.duty !== "idle");
  return (
    <Card title={w.people} class="people" aside={<span class="figure dim">{here.length}</span>}>
      {here.length === 0 && <Empty symbol="○">{w.peopleEmpty}</Empty>}
      <ul class="persons" tabIndex={here.length ? 0 : -1} aria-label={w.people}>
        {here.map((one) => (
          <Person key={one.spec} one={one} />
        ))}
      </ul>
    </Card>
  );
}

function rank(one: Me): number {
  const away = one.duty === "idle" && one.presence !== "available" && one.presence !== "on_demand";
  return away ? 20 : ORDER.indexOf(one.duty);
}

function Person({ one }: { one: Me }): JSX.Element {
  const w = t.value;
  const ready = one.duty === "idle";
  const words = ready
    ? one.presence === "available"
      ? w.duty.idle
      : w.presence[one.presence as "break"]
    : w.duty[one.duty as "talking"];
  const beside = one.watch ? w.board.beside[one.watch as "listen"] : "";
  const beat = Math.max(0, boardNow() - one.beat_ms);
  return (
    <li class={`person duty-${one.duty} ${ready ? `presence-${one.presence}` : ""}`}>
      <span class="dot" aria-hidden="true" />
      <span class="name">{s.names.value.get(one.spec) ?? one.spec}</span>
      <span>{beside || words}</span>
      <span class="figure dim">{span(boardNow() - one.since_ms)}</span>
      <span class={`figure ${beat > OLD_MS ? "bad" : "dim"}`} title={w.board.beat}>
        <span class="unseen">{w.board.beat} </span>♥ {Math.floor(beat / 1000)}s
      </span>
    </li>
  );
}
