import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import * as act from "../actions";
import type { Schemas } from "../api/client";
import * as s from "../state";
import { boardNow } from "../time";
import { Button } from "../ui/parts";
import { t } from "../words";

/** How many colleagues have a key: 1 and 2 are the line's people and a lead. */
const KEYED = 7;
/** Milliseconds between two looks at who is free, while one chooses. */
const EVERY_MS = 3000;

type Kind = Schemas["AskIn"]["kind"];

/** A colleague in one's own call: asked in, talked with alone, handed over to (L10). */
export function Colleagues(): JSX.Element | null {
  const call = s.call.value;
  if (!call || call.state !== "talking") return null;
  if (!s.owns.value) return <Beside owner={call.owner} />;
  const there = call.team.filter((one) => one.spec !== call.owner && one.heard && one.state === "talking");
  return (
    <>
      {call.private && <p class="notice">{t.value.colleague.private}</p>}
      {there.map((one, index) => (
        <Button
          key={one.spec}
          kind="main"
          class="wide"
          k={index ? undefined : "o"}
          onPress={() => void act.handOver(one.spec)}
        >
          {t.value.colleague.handOver(nameOf(one.spec))}
        </Button>
      ))}
      {call.asking ? <Asking asking={call.asking} /> : <Choose />}
    </>
  );
}

/** Whose call it is where one was asked in. */
function Beside({ owner }: { owner: string }): JSX.Element {
  useEffect(() => {
    if (!s.names.value.has(owner)) void act.freeColleagues();
  }, [owner]);
  return <p class="notice">{t.value.colleague.beside(nameOf(owner))}</p>;
}

function nameOf(spec: string): string {
  return s.names.value.get(spec) ?? t.value.colleague.somebody;
}

function Asking({ asking }: { asking: Schemas["AskedOut"] }): JSX.Element {
  const w = t.value.colleague;
  const left = Math.max(0, Math.ceil((asking.deadline_ms - boardNow()) / 1000));
  return (
    <div class="stack">
      <p role="status">
        {w.asking(nameOf(asking.spec))} <span class="figure">{left} s</span>
      </p>
      <Button k="k" onPress={() => void act.unask()}>
        {w.takeBack}
      </Button>
    </div>
  );
}

/** First how, then whom: each with its key. */
function Choose(): JSX.Element {
  const w = t.value.colleague;
  const open = useSignal(false);
  const kind = useSignal<Kind | "">("");
  const ask = (to: Schemas["AskIn"]["to"], person?: string): void => {
    if (kind.value) void act.askIn(kind.value, to, person);
    open.value = false;
    kind.value = "";
  };
  const up = (): void => {
    void act.askIn("transfer", "crisis");
    open.value = false;
  };
  return (
    <>
      <Button
        k="k"
        class="wide"
        expands={open.value}
        onPress={() => {
          open.value = !open.value;
          kind.value = "";
        }}
      >
        {w.ask}
      </Button>
      {open.value && (
        <div class="reasons" ref={(list) => list?.scrollIntoView({ block: "nearest" })}>
          {kind.value ? <Whom kind={kind.value} ask={ask} /> : <How choose={(how) => (kind.value = how)} up={up} />}
        </div>
      )}
    </>
  );
}

/** A warm line's caller may also go up to the crisis line, with whoever has them now beside them. */
function How({ choose, up }: { choose: (kind: Kind) => void; up: () => void }): JSX.Element {
  const w = t.value.colleague;
  return (
    <>
      <h3>{w.how}</h3>
      <Button k="1" onPress={() => choose("consult")}>
        {w.consult}
      </Button>
      <Button k="2" onPress={() => choose("transfer")}>
        {w.transfer}
      </Button>
      {s.call.value?.cls === "warm" && (
        <Button k="3" onPress={up}>
          {w.crisis}
        </Button>
      )}
    </>
  );
}

function Whom(props: { kind: Kind; ask: (to: Schemas["AskIn"]["to"], person?: string) => void }): JSX.Element {
  const w = t.value.colleague;
  const free = useSignal<Schemas["ColleagueOut"][]>([]);
  useEffect(() => {
    const look = (): void => void act.freeColleagues().then((said) => (free.value = said.filter((one) => one.free)));
    look();
    const timer = setInterval(look, EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  return (
    <>
      <h3>{props.kind === "consult" ? w.consultWhom : w.transferWhom}</h3>
      <Button k="1" onPress={() => props.ask("line")}>
        {w.anybody}
      </Button>
      <Button k="2" onPress={() => props.ask("lead")}>
        {w.lead}
      </Button>
      {free.value.map((one, index) => (
        <Button
          key={one.spec}
          k={index < KEYED ? String(index + 3) : undefined}
          onPress={() => props.ask("person", one.spec)}
        >
          {one.name}
        </Button>
      ))}
      {!free.value.length && <p class="dim">{w.nobody}</p>}
    </>
  );
}
