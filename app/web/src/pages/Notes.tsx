import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import * as kept from "../kept";
import { useKey } from "../keys";
import { noteTyped } from "../sending";
import { Kbd } from "../ui/parts";
import { t } from "../words";

/** Characters that the record takes. */
const LONGEST = 8000;

/** Kept encrypted on every keystroke; the field is never redrawn under the person's hands. */
export function Notes({ file }: { file: kept.CaseFile }): JSX.Element {
  const w = t.value.notes;
  const field = useRef<HTMLTextAreaElement>(null);
  useKey("n", () => field.current?.focus());
  const waits = kept.noteWaits(file);
  const words = !file.note.text ? w.hint : file.note.text.length > LONGEST ? w.tooLong : waits ? w.draft : w.saved;
  return (
    <section class="card notes" aria-label={w.title}>
      <header class="card-head">
        <h2>
          <label for="notes">{w.title}</label> <Kbd k="n" />
        </h2>
        <span class={`kept ${waits ? "warn" : "dim"}`} role="status">
          {words}
        </span>
      </header>
      <textarea
        id="notes"
        key={file.call}
        ref={field}
        spellcheck
        maxLength={LONGEST + 500}
        onInput={(event) => noteTyped(file.call, event.currentTarget.value)}
      >
        {file.note.text}
      </textarea>
    </section>
  );
}
