import type { JSX } from "preact";
import * as act from "../actions";
import * as kept from "../kept";
import { giveUp } from "../sending";
import * as s from "../state";
import { Button } from "../ui/parts";
import { errorWords, t } from "../words";

/** One line under the header says what is down; its place is kept, so that nothing jumps. */
export function Banners(): JSX.Element {
  const [tone, words] = standing();
  return (
    <div class={`banner ${tone}`} role={tone === "bad" ? "alert" : "status"} aria-live="polite">
      {words}
    </div>
  );
}

function standing(): [string, string] {
  const w = t.value.links;
  const online = s.who.value?.role === "specialist" || s.who.value?.role === "lead";
  if (s.otherPerson.value) return ["bad", w.otherPerson];
  if (!online || s.elsewhere.value) return ["", ""];
  if (s.link.value === "down") return ["bad", w.down];
  if (s.boardAway.value) return ["bad", w.board_away];
  if (s.recordAway.value) return ["warn", w.record_away];
  if (kept.unreadable.value) return ["warn", t.value.kept.unreadable];
  if (s.link.value === "connecting") return ["", w.connecting];
  return ["", ""];
}

export function Elsewhere(): JSX.Element {
  const w = t.value.links;
  return (
    <div class="idle">
      <section class="stage">
        <h1>{w.otherTab}</h1>
        <p>{w.otherTabText}</p>
        <Button kind="main" k="j" onPress={act.useThisTab}>
          {w.useHere}
        </Button>
      </section>
    </div>
  );
}

/** What is kept on this machine and still on its way. */
export function Footer(): JSX.Element | null {
  const w = t.value.kept;
  const online = s.who.value?.role === "specialist" || s.who.value?.role === "lead";
  if (!online) return null;
  const [waiting, recording] = [kept.unsent.value, kept.unrecorded.value];
  const words = waiting ? w.waiting(waiting) : recording ? w.recording(recording) : w.allSaved;
  return (
    <footer class="foot">
      <span role="status" class={waiting ? "warn" : "dim"}>
        {words}
      </span>
      {kept.older.value.some((one) => kept.noteWaits(one)) && <span class="dim">{w.old}</span>}
      {kept.refused.value.map((item) => (
        <span key={item.id} class="bad">
          {w.refused}: {errorWords({ code: item.refused, message: item.refused })}
          <Button kind="quiet" onPress={() => giveUp(item.id)}>
            {t.value.board.dismiss}
          </Button>
        </span>
      ))}
    </footer>
  );
}

export function Toasts(): JSX.Element {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {s.toasts.value.map((toast) => (
        <p key={toast.id} class={`toast ${toast.kind}`}>
          {toast.text}
        </p>
      ))}
    </div>
  );
}
