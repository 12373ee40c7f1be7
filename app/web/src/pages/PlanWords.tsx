// Which words are said when, and what they are in each language of the line.
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import * as p from "../plan";
import { Button, Card } from "../ui/parts";
import { languageName, t } from "../words";

export function CallerWords({ plan, draft }: { plan: p.Plan; draft: p.Draft }): JSX.Element {
  const w = t.value.plan;
  const first = plan.languages[0] ?? "en";
  const own = plan.languages.flatMap((code) => Object.keys(draft.words[code] ?? {}));
  const names = [...new Set([...Object.keys(plan.common_words[first] ?? {}), ...own])].sort();
  return (
    <Card title={w.words}>
      <h3>{w.when}</h3>
      <p class="dim">{w.whenText}</p>
      {draft.say.map((_, n) => (
        <Saying key={n} n={n} draft={draft} names={names} />
      ))}
      <Button onPress={() => p.edit((d) => void d.say.push(after(d.say.at(-1)?.from_s ?? 0)))}>
        {w.addWords}
      </Button>
      <Texts plan={plan} draft={draft} names={names} />
    </Card>
  );
}

function after(from_s: number): p.Draft["say"][number] {
  return { from_s: from_s + 60, words: "still_here", every_turns: 4 };
}

function Saying({ n, draft, names }: { n: number; draft: p.Draft; names: string[] }): JSX.Element | null {
  const w = t.value.plan;
  const saying = draft.say[n];
  if (!saying) return null;
  const set = (change: Partial<typeof saying>): void => p.edit((d) => void Object.assign(d.say[n] ?? {}, change));
  return (
    <div class="row">
      <label class="short">
        <span>{w.fromSecond}</span>
        <input
          type="number"
          min={0}
          max={3600}
          step={20}
          readOnly={n === 0}
          value={saying.from_s}
          onInput={(event) => set({ from_s: event.currentTarget.valueAsNumber || 0 })}
        />
      </label>
      <label class="grow">
        <span>{w.said}</span>
        <select value={saying.words} onChange={(event) => set({ words: event.currentTarget.value })}>
          {names.map((one) => (
            <option key={one} value={one}>
              {one}
            </option>
          ))}
        </select>
      </label>
      <label class="short">
        <span>{w.everyTurns}</span>
        <input
          type="number"
          min={1}
          max={9}
          value={saying.every_turns}
          onInput={(event) => set({ every_turns: event.currentTarget.valueAsNumber || 1 })}
        />
      </label>
      {n > 0 && (
        <Button
          kind="quiet"
          label={`${w.remove}: ${saying.words}`}
          onPress={() => p.edit((d) => void d.say.splice(n, 1))}
        >
          {w.remove}
        </Button>
      )}
    </div>
  );
}

function Texts({ plan, draft, names }: { plan: p.Plan; draft: p.Draft; names: string[] }): JSX.Element {
  const w = t.value.plan;
  const which = useSignal("greeting");
  const fresh = useSignal("");
  const add = (): void => {
    const name = fresh.value;
    p.edit((d) => {
      for (const code of plan.languages) d.words[code] = { [name]: "", ...d.words[code] };
    });
    which.value = name;
    fresh.value = "";
  };
  return (
    <section class="stack">
      <h3>{w.own}</h3>
      <p class="dim">{w.ownText}</p>
      <label>
        <span>{w.which}</span>
        <select value={which.value} onChange={(event) => (which.value = event.currentTarget.value)}>
          {names.map((one) => (
            <option key={one} value={one}>
              {plan.languages.some((code) => draft.words[code]?.[one]) ? `${one} *` : one}
            </option>
          ))}
        </select>
      </label>
      {plan.languages.map((code) => (
        <label key={code}>
          <span>{languageName(code)}</span>
          <textarea
            rows={3}
            maxLength={400}
            lang={code}
            placeholder={plan.common_words[code]?.[which.value] ?? ""}
            value={draft.words[code]?.[which.value] ?? ""}
            onInput={(event) => {
              const text = event.currentTarget.value;
              p.edit((d) => void (d.words[code] = { ...d.words[code], [which.value]: text }));
            }}
          />
        </label>
      ))}
      <div class="row">
        <label class="grow">
          <span>{w.newWords}</span>
          <input
            pattern="[a-z][a-z0-9_]*"
            maxLength={40}
            value={fresh.value}
            onInput={(event) => (fresh.value = event.currentTarget.value)}
          />
        </label>
        <Button off={!/^[a-z][a-z0-9_]{0,39}$/.test(fresh.value)} onPress={add}>
          {w.nameIt}
        </Button>
      </div>
    </section>
  );
}
