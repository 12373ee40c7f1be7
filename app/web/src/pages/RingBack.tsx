// A caller who chose to be rung back: what is known before, and the key that rings them (C4).
import type { JSX } from "preact";
import * as act from "../actions";
import * as s from "../state";
import { boardNow, span } from "../time";
import { Button } from "../ui/parts";
import { t } from "../words";

export function RingBack(): JSX.Element | null {
  const w = t.value.ringBack;
  const call = s.call.value;
  const back = call?.callback;
  if (!call || !back?.away || call.state !== "calling_back" || !s.owns.value) return null;
  const wait = back.rings && back.again_ms > boardNow() ? back.again_ms - boardNow() : 0;
  return (
    <section class="notice stack" aria-label={w.title}>
      <h3>{w.title}</h3>
      <p>
        {w.waiting} <span class="figure">{span(boardNow() - call.arrived_ms)}</span> ·{" "}
        {call.returning ? t.value.offer.returning : t.value.offer.firstTime} · {w.safe[call.safe] ?? w.safe["unknown"]}
      </p>
      <p class="dim">{w.text}</p>
      <p role="status">{back.ringing ? w.ringing : back.why ? (w.why[back.why] ?? w.why["failed"]) : ""}</p>
      <Button kind="good" class="wide" k="y" busy={back.ringing} off={wait > 0} onPress={() => void act.ringBack()}>
        {wait > 0 ? `${w.again} (${span(wait)})` : back.rings ? w.again : w.ring}
      </Button>
    </section>
  );
}
