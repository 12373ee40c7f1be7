import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { ask, type Schemas } from "../api/client";
import { Button } from "../ui/parts";
import { nextTheme, theme } from "../ui/theme";
import { t, tongue } from "../words";

type Demo = Schemas["DemoOut"];

/** The demo's first page: three roles in six lines, and a way into each. */
export function Welcome(): JSX.Element {
  const w = t.value.welcome;
  const demo = useSignal<Demo | null | undefined>(undefined);
  useEffect(
    () =>
      void ask("get", "/api/demo")
        .then((said) => (demo.value = said))
        .catch(() => (demo.value = null)),
    [],
  );
  const some = demo.value;
  return (
    <main class="welcome" id="main">
      <div class="brand">
        <img src="/icon.svg" alt="" width="44" height="44" />
        <h1>{w.title}</h1>
      </div>
      <ol class="roles">
        {w.lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ol>
      {some === null && (
        <p class="notice">
          {w.notHere} <a href="/">{w.toConsole}</a>
        </p>
      )}
      {some && <Ways demo={some} />}
      <div class="row">
        <Button kind="quiet" k="t" onPress={nextTheme}>
          <span class="unseen">{t.value.header.theme}: </span>
          {t.value.header[theme.value]}
        </Button>
        <Button kind="quiet" k="i" onPress={() => (tongue.value = tongue.value === "en" ? "es" : "en")}>
          {tongue.value === "en" ? "Español" : "English"}
        </Button>
      </div>
    </main>
  );
}

function Ways({ demo }: { demo: Demo }): JSX.Element {
  const w = t.value.welcome;
  const [first, ...others] = demo.people.filter((one) => one.role === "specialist");
  const lead = demo.people.find((one) => one.role === "lead");
  return (
    <>
      <div class="ways">
        {demo.telephone ? (
          <Way href={demo.telephone} symbol="☎" name={w.telephone} text={w.telephoneText(demo.line)} />
        ) : (
          <p class="way off">
            <strong>{w.telephone}</strong>
            <span>{w.telephoneNone}</span>
          </p>
        )}
        {first && <Way href={first.url} symbol="◐" name={w.specialist} text={w.specialistText} />}
        {lead && <Way href={lead.url} symbol="▤" name={w.lead} text={w.leadText} />}
      </div>
      <p class="dim">{w.openBoth}</p>
      {others.length > 0 && (
        <p class="dim">
          {w.more}{" "}
          {others.map((one) => (
            <a key={one.login} href={one.url} target="_blank" rel="noreferrer">
              {one.login}
            </a>
          ))}
        </p>
      )}
    </>
  );
}

function Way(props: { href: string; symbol: string; name: string; text: string }): JSX.Element {
  return (
    <a class="way" href={props.href} target="_blank" rel="noreferrer">
      <span class="symbol" aria-hidden="true">
        {props.symbol}
      </span>
      <strong>{props.name}</strong>
      <span>{props.text}</span>
    </a>
  );
}
