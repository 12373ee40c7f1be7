import { signal, useSignal } from "@preact/signals";
import type { JSX } from "preact";
import * as act from "../actions";
import { ask } from "../api/client";
import * as s from "../state";
import { Button } from "../ui/parts";
import { languageName, t } from "../words";

/** Languages for which somebody can be rung; null: not asked yet. */
const languages = signal<string[] | null>(null);

async function look(): Promise<void> {
  languages.value ??= await ask("get", "/api/interpreters").catch(() => null);
}

/** An interpreter's telephone in one's own call (L10). */
export function Interpreter(): JSX.Element | null {
  const w = t.value.interpreter;
  const open = useSignal(false);
  const call = s.call.value;
  if (!call || call.state !== "talking" || !s.owns.value) return null;
  const there = call.interpreter;
  if (there)
    return (
      <div class="stack">
        <p role="status">{(there.there ? w.there : w.ringing)(languageName(there.language))}</p>
        <Button k="c" onPress={() => void act.interpreter(null)}>
          {w.letGo}
        </Button>
      </div>
    );
  return (
    <>
      <Button
        k="c"
        class="wide"
        expands={open.value}
        onPress={() => {
          open.value = !open.value;
          void look();
        }}
      >
        {w.ask}
      </Button>
      {open.value && (
        <div class="reasons">
          {(languages.value ?? []).map((code, index) => (
            <Button
              key={code}
              k={index < 9 ? String(index + 1) : undefined}
              onPress={() => {
                open.value = false;
                void act.interpreter(code);
              }}
            >
              {languageName(code)}
            </Button>
          ))}
          {languages.value?.length === 0 && <p class="dim">{w.nobody}</p>}
        </div>
      )}
    </>
  );
}
