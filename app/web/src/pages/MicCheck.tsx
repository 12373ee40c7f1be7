import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import * as m from "../phone/microphone";
import { allowSound, ringOnce } from "../phone/ring";
import { Button, Card, Meter } from "../ui/parts";
import { t } from "../words";

/** Is there a microphone, does it hear, does the ring sound, may notices be shown. */
export function MicCheck(): JSX.Element {
  const w = t.value.mic;
  const words: Record<m.MicState, string> = {
    unknown: w.needed,
    asking: "…",
    listening: w.speak,
    good: w.good,
    silent: w.silent,
    denied: w.denied,
    none: w.none,
  };
  const tone = m.mic.value === "good" ? "good" : ["silent", "denied", "none"].includes(m.mic.value) ? "bad" : "";
  return (
    <Card title={w.title} class="mic">
      <p class={`result ${tone}`} role="status">
        {words[m.mic.value]}
      </p>
      <Meter value={m.level.value} label={w.level} />
      <div class="row">
        <Button k="c" onPress={() => void m.check()}>
          {m.mic.value === "unknown" ? w.start : w.again}
        </Button>
        <Button
          k="z"
          kind="quiet"
          onPress={() => {
            allowSound();
            ringOnce();
          }}
        >
          {w.ring}
        </Button>
      </div>
      <Device label={w.input} kind="input" list={m.inputs.value} value={m.input.value} />
      <Device label={w.output} kind="output" list={m.outputs.value} value={m.output.value} />
      {m.headsetChanged.value && <p class="notice">{w.changed}</p>}
      <Notices />
    </Card>
  );
}

export function Device(props: {
  label: string;
  kind: "input" | "output";
  list: MediaDeviceInfo[];
  value: string;
}): JSX.Element {
  return (
    <label>
      <span>{props.label}</span>
      <select value={props.value} onChange={(event) => m.choose(props.kind, event.currentTarget.value)}>
        <option value="">{t.value.mic.defaultDevice}</option>
        {props.list.map((one) => (
          <option key={one.deviceId} value={one.deviceId}>
            {one.label || one.deviceId.slice(0, 8)}
          </option>
        ))}
      </select>
    </label>
  );
}

function Notices(): JSX.Element {
  const w = t.value.notices;
  const may = useSignal(typeof Notification === "undefined" ? "denied" : Notification.permission);
  if (may.value === "default")
    return (
      <Button
        kind="quiet"
        k="o"
        onPress={() => void Notification.requestPermission().then((said) => (may.value = said))}
      >
        {w.allow}
      </Button>
    );
  return <p class="dim">{may.value === "granted" ? w.allowed : w.denied}</p>;
}
