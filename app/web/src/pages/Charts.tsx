import type { JSX } from "preact";
import type { Slot } from "../today";
import { clock } from "../time";

type Series = readonly [string, string, (slot: Slot) => number];
const WIDTH = 480;
const HEIGHT = 120;
const FLOOR = 100;

/** Two figures side by side for each half-hour of the day; the same numbers as a table for who does not see it. */
export function Bars(props: {
  title: string;
  slots: Slot[];
  series: readonly Series[];
  shown: (value: number) => string;
}): JSX.Element {
  const slots = props.slots;
  const most = Math.max(1, ...slots.flatMap((slot) => props.series.map(([, , value]) => value(slot))));
  const any = slots.some((slot) => props.series.some(([, , value]) => value(slot)));
  const step = WIDTH / Math.max(12, slots.length);
  const bar = step / (props.series.length + 0.6);
  return (
    <figure class="chart">
      <figcaption>
        {props.title}
        <span class="legend">
          {props.series.map(([name, words]) => (
            <span key={name} class={`key ${name}`}>
              {words}
            </span>
          ))}
        </span>
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true" preserveAspectRatio="none">
        <line x1="0" x2={WIDTH} y1={FLOOR} y2={FLOOR} class="axis" />
        {slots.map((slot, index) =>
          props.series.map(([name, , value], which) => {
            const height = (value(slot) / most) * (FLOOR - 6);
            return (
              <rect
                key={`${index}${name}`}
                class={name}
                x={index * step + which * bar + bar * 0.3}
                y={FLOOR - height}
                width={bar * 0.9}
                height={height}
                rx="1.5"
              />
            );
          }),
        )}
      </svg>
      <div class="ends figure dim" aria-hidden="true">
        <span>{slots[0] ? clock(slots[0].at_ms) : ""}</span>
        <span>{any ? `max ${props.shown(most)}` : "–"}</span>
        <span>{slots.length > 1 ? clock(slots[slots.length - 1]?.at_ms ?? 0) : ""}</span>
      </div>
      <table class="unseen">
        <caption>{props.title}</caption>
        <thead>
          <tr>
            <th>t</th>
            {props.series.map(([name, words]) => (
              <th key={name}>{words}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {slots.map((slot) => (
            <tr key={slot.at_ms}>
              <th>{clock(slot.at_ms)}</th>
              {props.series.map(([name, , value]) => (
                <td key={name}>{props.shown(value(slot))}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}
