import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import * as act from "../actions";
import { answering } from "../state";
import { boardNow, now, span } from "../time";
import { Badge, Button, Told } from "../ui/parts";
import type { Offer } from "../wire/messages";
import { languageName, t } from "../words";

/** Milliseconds that an offer stands (P3); more would be the two clocks' difference. */
const DEADLINE_MS = 12_000;

/** Class, language, wait and "returning number": all that anybody may know before the answer (C5). */
export function OfferCard({ offer }: { offer: Offer }): JSX.Element {
  const w = t.value.offer;
  const declining = useSignal(false);
  const wait = boardNow() - offer.arrived_ms;
  const left = Math.min(DEADLINE_MS, Math.max(0, offer.deadline_ms - boardNow()));
  const kinds: Record<string, string> = { call: w.title, relief: w.relief, transfer: w.transfer, consult: w.consult };
  const texts: Record<string, string> = { relief: w.reliefText, transfer: w.transferText, consult: w.consultText };
  const first = useSignal(span(wait));
  return (
    <div class="idle alone">
      <section class={`stage offer cls-${offer.cls}`} aria-label={offer.callback ? w.callback : (kinds[offer.kind] ?? w.title)}>
        <Told now text={w.announce(t.value.cls[offer.cls], languageName(offer.language), first.value)} />
        <Badge cls={offer.cls} />
        <h1>{offer.callback ? w.callback : (kinds[offer.kind] ?? w.title)}</h1>
        {offer.callback && <p class="notice">{w.callbackText}</p>}
        {texts[offer.kind] && <p>{texts[offer.kind]}</p>}
        <dl class="facts">
          <div>
            <dt>{w.waiting}</dt>
            <dd class="figure">{span(wait)}</dd>
          </div>
          <div>
            <dt>{w.language}</dt>
            <dd>{languageName(offer.language)}</dd>
          </div>
          <div>
            <dt>{w.line}</dt>
            <dd>{offer.line}</dd>
          </div>
          <div>
            <dt>{w.number}</dt>
            <dd>{offer.returning ? w.returning : w.firstTime}</dd>
          </div>
        </dl>
        <div class="answer-row">
          <Button kind="good" class="huge" k="a" busy={answering.value} onPress={() => void act.answer()}>
            {w.answer}
          </Button>
          <Button
            kind="plain"
            class="huge"
            k="d"
            expands={declining.value}
            onPress={() => (declining.value = !declining.value)}
          >
            {w.decline}
          </Button>
        </div>
        <Countdown left={left} whole={DEADLINE_MS} />
        <div class="reasons reasons-place">
          {declining.value && <h2>{w.declineWhy}</h2>}
          {declining.value &&
            Object.entries(w.reasons).map(([code, words], index) => (
              <Button key={code} k={String(index + 1)} onPress={() => void act.decline(code)}>
                {words}
              </Button>
            ))}
        </div>
      </section>
    </div>
  );
}

function Countdown({ left, whole }: { left: number; whole: number }): JSX.Element {
  void now.value;
  return (
    <p class="countdown">
      <progress max={whole} value={left} aria-hidden="true" />
      <span class="figure">{Math.ceil(left / 1000)} s</span> <span class="dim">{t.value.offer.left}</span>
    </p>
  );
}
