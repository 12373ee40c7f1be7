import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import * as act from "../actions";
import { useKey } from "../keys";
import * as s from "../state";
import { boardNow, span } from "../time";
import { Badge, Button, Card, Empty } from "../ui/parts";
import type { CallOut } from "../wire/messages";
import { languageName, t } from "../words";
import { conversations } from "./Board";

/** Conversations, the lost ones first; one is chosen, and the keys act on it. */
export function Conversations(): JSX.Element {
  const w = t.value.board;
  const chosen = useSignal("");
  const list = useRef<HTMLUListElement>(null);
  const calls = conversations.value;
  const current = calls.find((call) => call.id === chosen.value) ?? calls[0];
  useEffect(() => {
    // Another call that comes first must not slip under the key that somebody is about to press.
    chosen.value = current?.id ?? "";
  }, [current?.id]);
  const move = (by: number): void => {
    const index = calls.findIndex((call) => call.id === current?.id);
    const next = calls[Math.max(0, Math.min(calls.length - 1, index + by))];
    chosen.value = next?.id ?? "";
    list.current?.querySelector(`[data-call="${next?.id}"]`)?.scrollIntoView({ block: "nearest" });
  };
  useKey("ArrowDown", () => move(1));
  useKey("ArrowUp", () => move(-1));
  return (
    <Card title={w.calls} class="conversations" aside={<span class="figure dim">{calls.length}</span>}>
      {calls.length === 0 && <Empty symbol="○">{w.callsEmpty}</Empty>}
      <ul class="talks" ref={list} tabIndex={calls.length ? 0 : -1} aria-label={w.calls}>
        {calls.map((call) => (
          <Talk key={call.id} call={call} chosen={call.id === current?.id} choose={() => (chosen.value = call.id)} />
        ))}
      </ul>
    </Card>
  );
}

function Talk({ call, chosen, choose }: { call: CallOut; chosen: boolean; choose: () => void }): JSX.Element {
  const w = t.value;
  const mine = Boolean(s.stance.value) && s.roomCall.value === call.id;
  const name = call.owner === s.who.value?.spec ? w.board.mine : (s.names.value.get(call.owner) ?? (call.owner || "–"));
  return (
    <li
      data-call={call.id}
      class={`talk state-${call.state} ${chosen ? "chosen" : ""}`}
      aria-current={chosen || undefined}
      onClick={choose}
    >
      <div class="who">
        <strong>{call.state === "backup_talking" ? w.state.backup_talking : name}</strong>
        <Badge cls={call.cls} />
        <span class="dim">
          {languageName(call.language)} · {call.line}
        </span>
        {call.help_ms > 0 && <span class="tag bad">{w.call.help}</span>}
        {call.risk_high && <span class="tag bad">{w.board.alarmKinds["declared_high"]}</span>}
        {call.held_ms > 0 && <span class="tag warn">{w.call.onHold}</span>}
        {call.handoff_open && <span class="tag warn">{w.agency.title}</span>}
        <span class="figure">{span(boardNow() - call.since_ms)}</span>
      </div>
      {call.state === "reconnecting" && (
        <p class="notice bad">
          {w.board.reconnecting}: {w.board.lostText(name)}
        </p>
      )}
      {call.state === "agency_only" && <p class="notice">{w.state.agency_only}</p>}
      {mine && s.stance.value && (
        <p class="notice">
          {s.stance.value === "listen"
            ? w.board.listening
            : s.stance.value === "whisper"
              ? w.board.whispering
              : w.board.barging}
        </p>
      )}
      {chosen && call.owner && <Steps call={call} mine={mine} />}
    </li>
  );
}

function Steps({ call, mine }: { call: CallOut; mine: boolean }): JSX.Element {
  const w = t.value.board;
  const now = mine ? s.stance.value : "";
  return (
    <div class="steps">
      <Button k="l" pressed={now === "listen"} onPress={() => void act.step(call.id, "listen")}>
        {w.listen}
      </Button>
      <Button k="w" pressed={now === "whisper"} onPress={() => void act.step(call.id, "whisper")}>
        {w.whisper}
      </Button>
      <Button k="j" pressed={now === "barge"} onPress={() => void act.step(call.id, "barge")}>
        {w.barge}
      </Button>
      <Button k="o" kind="bad" off={now !== "barge"} onPress={() => void act.takeOver(call.id)}>
        {w.takeOver}
      </Button>
      {mine && (
        <Button k="s" onPress={() => void act.stepOut(call.id)}>
          {w.stop}
        </Button>
      )}
    </div>
  );
}
