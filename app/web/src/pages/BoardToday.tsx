import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { loadToday, today } from "../today";
import { clock, span } from "../time";
import { Card } from "../ui/parts";
import { t, tongue } from "../words";
import { Bars } from "./Charts";

/** Milliseconds between two looks at the record. */
const EVERY_MS = 15_000;
/** What floating point may take from a whole percent; a service level is never rounded up: 100 % is every one. */
const ALMOST = 1e-6;
const SHOWN = [
  "offered",
  "answered",
  "abandoned",
  "rolled_over",
  "service_level",
  "median_answer_s",
  "worst_answer_s",
] as const;

export function Today(): JSX.Element {
  const w = t.value.board;
  const failed = useSignal(false);
  useEffect(() => {
    const look = (): void => void loadToday().then((ok) => (failed.value = !ok));
    look();
    const timer = setInterval(look, EVERY_MS);
    return () => clearInterval(timer);
  }, []);
  const data = today.value;
  return (
    <Card
      title={w.today}
      class="today"
      aside={
        data ? (
          <span class="dim figure">
            {w.since} {clock(data.since_ms)}
          </span>
        ) : undefined
      }
    >
      {failed.value && <p class="notice warn">{w.noToday}</p>}
      <dl class="numbers">
        {SHOWN.map((name) => (
          <div key={name}>
            <dt>
              <Defined name={name} />
            </dt>
            <dd class="figure">{data ? figure(name, data.figures[name]?.value ?? null) : "–"}</dd>
          </div>
        ))}
      </dl>
      <div class="charts">
        <Bars
          title={w.charts.calls}
          slots={data?.half_hours ?? []}
          series={[
            ["offered", w.charts.offered, (slot) => slot.offered],
            ["answered", w.charts.answered, (slot) => slot.answered],
          ]}
          shown={String}
        />
        <Bars
          title={w.charts.waits}
          slots={data?.half_hours ?? []}
          series={[
            ["worst", w.charts.worst, (slot) => slot.worst_answer_s ?? 0],
            ["median", w.charts.median, (slot) => slot.median_answer_s ?? 0],
          ]}
          shown={(seconds) => span(seconds * 1000)}
        />
      </div>
    </Card>
  );
}

function Defined({ name }: { name: (typeof SHOWN)[number] }): JSX.Element {
  const words = today.value?.figures[name]?.definition[tongue.value] ?? "";
  return (
    <span class="defined" tabIndex={0} aria-describedby={`def-${name}`}>
      {t.value.today[name]}
      <span role="tooltip" id={`def-${name}`}>
        {words}
      </span>
    </span>
  );
}

function figure(name: string, value: number | null): string {
  if (value === null) return "–";
  if (name === "service_level") return `${Math.floor(value * 100 + ALMOST)} %`;
  return name.endsWith("_answer_s") ? span(value * 1000) : String(value);
}
