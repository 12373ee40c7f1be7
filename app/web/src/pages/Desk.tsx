// A specialist's own page: idle, ringing, in a call, wrapping up, recovering. Each fills the same frame.
import type { JSX } from "preact";
import * as act from "../actions";
import * as s from "../state";
import { Button } from "../ui/parts";
import { t } from "../words";
import { CallPage } from "./Call";
import { MicCheck } from "./MicCheck";
import { OfferCard } from "./Offer";

export function Desk(): JSX.Element {
  const duty = s.me.value?.duty ?? "";
  if (s.offer.value && !s.callId.value) return <OfferCard key={s.offer.value.offer} offer={s.offer.value} />;
  if (s.callId.value) return <CallPage />;
  if (duty === "recovering") return <Recovering />;
  return <Idle />;
}

function Idle(): JSX.Element {
  const w = t.value.desk;
  const words: Record<string, [string, string]> = {
    available: [w.idleTitle, w.idleText],
    on_demand: [w.demandTitle, w.demandText],
    break: [w.breakTitle, w.offText],
    training: [w.trainingTitle, w.offText],
    offline: [w.offTitle, w.offText],
  };
  const [title, text] = words[s.presence.value] ?? ["", ""];
  const moved = s.presenceMoved.value ? { break: w.movedBreak, offline: w.movedOff }[s.presence.value as string] : undefined;
  const gone = s.offerGone.value as keyof typeof t.value.offer.gone;
  return (
    <div class="idle">
      <section class={`stage presence-${s.presence.value}`}>
        <p class="gone" role="status">
          {gone ? (t.value.offer.gone[gone] ?? "") : ""}
        </p>
        <div class="lamp" aria-hidden="true" />
        <h1>{s.me.value ? title : w.loading}</h1>
        <p>{s.me.value ? (moved ?? text) : ""}</p>
        {s.presence.value === "offline" && s.me.value && (
          <Button kind="main" onPress={() => void act.setPresence("available")}>
            {t.value.presence.available}
          </Button>
        )}
      </section>
      <MicCheck />
    </div>
  );
}

function Recovering(): JSX.Element {
  const w = t.value.wrap;
  return (
    <div class="idle alone">
      <section class="stage recovering">
        <div class="breath" aria-hidden="true" />
        <h1>{w.recovering}</h1>
        <p>{w.recoveringText}</p>
        <p class="dim">{w.breathe}</p>
        <Button kind="main" k="w" onPress={() => void act.recovery(false)}>
          {w.back}
        </Button>
      </section>
    </div>
  );
}
