// When the line's own people answer: hours of each weekday, and holidays.
import type { JSX } from "preact";
import * as p from "../plan";
import { Button, Card } from "../ui/parts";
import { t } from "../words";

const OFFICE = { start: "08:00", end: "20:00" };
const ZONES: string[] = Intl.supportedValuesOf("timeZone");

export function OpeningHours({ hours }: { hours: p.Draft["hours"] }): JSX.Element {
  const w = t.value.plan;
  return (
    <Card title={w.hours}>
      <label class="check">
        <input
          type="checkbox"
          checked={!hours}
          onChange={(event) => {
            const always = event.currentTarget.checked;
            p.edit((draft) => void (draft.hours = always ? null : p.someHours()));
          }}
        />
        {w.always}
      </label>
      {hours && (
        <>
          <label>
            <span>{w.zone}</span>
            <input
              list="zones"
              value={hours.zone}
              onChange={(event) => {
                const zone = event.currentTarget.value;
                change((h) => void (h.zone = zone));
              }}
            />
          </label>
          <datalist id="zones">
            {ZONES.map((zone) => (
              <option key={zone} value={zone} />
            ))}
          </datalist>
          {p.DAYS.map((day) => (
            <DayHours key={day} day={day} hours={hours} />
          ))}
          <Holidays hours={hours} />
        </>
      )}
    </Card>
  );
}

function change(act: (hours: p.Hours) => void): void {
  p.edit((draft) => void (draft.hours && act(draft.hours)));
}

function DayHours({ day, hours }: { day: p.Day; hours: p.Hours }): JSX.Element {
  const w = t.value.plan;
  const openings = hours.weekly[day] ?? [];
  const set = (n: number, part: "start" | "end", value: string): void =>
    change((h) => {
      const opening = h.weekly[day]?.[n];
      if (opening && value) opening[part] = value;
    });
  return (
    <fieldset class="row day">
      <legend>{w.days[day]}</legend>
      {openings.length === 0 && <span class="dim">{w.shut}</span>}
      {openings.map((opening, n) => (
        <span key={n} class="row">
          <Time label={`${w.days[day]}, ${w.from}`} value={opening.start} set={(value) => set(n, "start", value)} />
          –
          <Time label={`${w.days[day]}, ${w.to}`} value={opening.end} set={(value) => set(n, "end", value)} />
          {opening.end <= opening.start && <span class="dim">{w.nextDay}</span>}
          <Button
            kind="quiet"
            label={`${w.remove}: ${w.days[day]}`}
            onPress={() => change((h) => void h.weekly[day]?.splice(n, 1))}
          >
            {w.remove}
          </Button>
        </span>
      ))}
      <Button
        kind="quiet"
        label={`${w.addHours}: ${w.days[day]}`}
        onPress={() => change((h) => void (h.weekly[day] = [...(h.weekly[day] ?? []), OFFICE]))}
      >
        {w.addHours}
      </Button>
    </fieldset>
  );
}

function Time({ label, value, set }: { label: string; value: string; set: (value: string) => void }): JSX.Element {
  return (
    <input
      class="short"
      type="time"
      aria-label={label}
      value={value.slice(0, 5)}
      onChange={(event) => set(event.currentTarget.value)}
    />
  );
}

function Holidays({ hours }: { hours: p.Hours }): JSX.Element {
  const w = t.value.plan;
  const list = hours.holidays ?? [];
  const today = new Date().toISOString().slice(0, 10);
  const fresh = { first: today, last: today, name: "", openings: [] };
  return (
    <section class="stack">
      <h3>{w.holidays}</h3>
      {list.map((one, n) => (
        <div key={n} class="row">
          {(["first", "last"] as const).map((edge) => (
            <label key={edge}>
              <span>{w[edge]}</span>
              <input
                type="date"
                value={one[edge]}
                onChange={(event) => {
                  const value = event.currentTarget.value;
                  change((h) => void (value && h.holidays?.[n] && (h.holidays[n][edge] = value)));
                }}
              />
            </label>
          ))}
          <label class="grow">
            <span>{w.holiday}</span>
            <input
              maxLength={80}
              value={one.name}
              onInput={(event) => {
                const value = event.currentTarget.value;
                change((h) => void (h.holidays?.[n] && (h.holidays[n].name = value)));
              }}
            />
          </label>
          <Button
            kind="quiet"
            label={`${w.remove}: ${one.name || one.first}`}
            onPress={() => change((h) => void h.holidays?.splice(n, 1))}
          >
            {w.remove}
          </Button>
        </div>
      ))}
      <Button
        onPress={() => change((h) => void (h.holidays = [...(h.holidays ?? []), fresh]))}
      >
        {w.addHoliday}
      </Button>
    </section>
  );
}
