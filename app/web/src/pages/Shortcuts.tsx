import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { keysOn, setKeys } from "../keys";
import { Dialog } from "../ui/parts";
import { t } from "../words";

const open = signal(false);
export function showKeys(): void {
  open.value = true;
}

/** Every key in one list, and the switch that turns single keys off. */
export function Shortcuts(): JSX.Element {
  const w = t.value;
  const any = [
    ["?", w.keys.show],
    ["Esc", w.keys.leaveField],
    ["T", w.header.theme],
    ["I", w.header.language],
    ["1 2 3 4 0", w.presence.title],
    ["A", w.offer.answer],
    ["D", w.offer.decline],
    ["Q", w.header.signOut],
  ];
  const inCall = [
    ["M", w.call.mute],
    ["H", w.call.hold],
    ["N", w.notes.title],
    ["Y F U", w.safe.title],
    ["R", w.risk.title],
    ["G", w.agency.open],
    ["K", w.colleague.ask],
    ["O", w.colleague.handOver(w.colleague.somebody)],
    ["C", w.interpreter.ask],
    ["X", w.call.help],
    ["L", w.call.leave],
    ["E", w.call.end],
    ["J", w.call.rejoin],
    ["W", w.wrap.done],
  ];
  const board = [
    ["↑ ↓", w.board.calls],
    ["L", w.board.listen],
    ["W", w.board.whisper],
    ["J", w.board.barge],
    ["O", w.board.takeOver],
    ["S", w.board.stop],
  ];
  return (
    <Dialog title={w.keys.title} open={open.value} onClose={() => (open.value = false)} class="keys">
      <p>{w.keys.text}</p>
      <label class="check">
        <input type="checkbox" checked={keysOn.value} onChange={(event) => setKeys(event.currentTarget.checked)} />
        {keysOn.value ? w.keys.on : w.keys.off}
      </label>
      <div class="columns">
        <List title={w.keys.any} rows={any} />
        <List title={w.keys.inCall} rows={inCall} />
        <List title={w.keys.onBoard} rows={board} />
      </div>
    </Dialog>
  );
}

function List({ title, rows }: { title: string; rows: string[][] }): JSX.Element {
  return (
    <section>
      <h3>{title}</h3>
      <dl>
        {rows.map(([key, what]) => (
          <div key={what}>
            <dt>
              <kbd>{key}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
