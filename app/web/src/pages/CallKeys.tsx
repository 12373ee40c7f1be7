import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import * as act from "../actions";
import * as mic from "../phone/microphone";
import { leg, levels, muted, warning } from "../phone/softphone";
import * as s from "../state";
import { Button, Meter } from "../ui/parts";
import { t } from "../words";
import { Colleagues } from "./Colleagues";
import { Interpreter } from "./Interpreter";
import { Device } from "./MicCheck";
import { RingBack } from "./RingBack";

/** What one does with the telephone: mute, hold, help, leave, end; one click back where the leg is lost. */
export function CallKeys(): JSX.Element {
  const w = t.value.call;
  const ask = useSignal<"" | "end" | "leave">("");
  const busy = useSignal(false);
  const duty = s.me.value?.duty;
  // The SDK may still try for half a minute, while the caller is already told that they are waiting: a click is faster.
  const given = leg.value === "reconnecting" && duty === "reconnecting";
  const lost = leg.value === "none" || leg.value === "failed" || given;
  const again = async (): Promise<void> => {
    busy.value = true;
    await act.rejoin();
    busy.value = false;
  };
  return (
    <div class="stack">
      {lost && duty !== "connecting" ? (
        <Button kind="main" class="huge" k="j" busy={busy.value} onPress={() => void again()}>
          {busy.value ? w.rejoining : w.rejoin}
        </Button>
      ) : (
        <div class="pair">
          <Button k="m" pressed={muted.value} onPress={act.toggleMute}>
            {muted.value ? w.unmute : w.mute}
          </Button>
          <Button k="h" off={!s.owns.value} pressed={s.onHold.value} onPress={() => void act.toggleHold()}>
            {s.onHold.value ? w.unhold : w.hold}
          </Button>
        </div>
      )}
      <Levels />
      <Headset />
      <p class="linewarn" role="status">
        {warning.value ? (t.value.line.warnings[warning.value] ?? "") : muted.value ? w.muted : ""}
      </p>
      <RingBack />
      <Colleagues />
      <Interpreter />
      <Button kind="bad" k="x" class="wide" pressed={s.helpSent.value} onPress={() => void act.help()}>
        {s.helpSent.value ? w.helpSent : w.help}
      </Button>
      <div class="pair">
        <Button
          k="l"
          expands={ask.value === "leave"}
          onPress={() => (ask.value = ask.value === "leave" ? "" : "leave")}
        >
          {w.leave}
        </Button>
        <Button
          k="e"
          off={!s.owns.value}
          expands={ask.value === "end"}
          onPress={() => (ask.value = ask.value === "end" ? "" : "end")}
        >
          {w.end}
        </Button>
      </div>
      {ask.value === "leave" && (
        <div class="reasons" ref={bringIntoSight}>
          <p>{accompanied() ? t.value.colleague.leaveText : w.leaveText}</p>
          <Button
            kind="bad"
            k="1"
            onPress={() => {
              ask.value = "";
              void act.leave();
            }}
          >
            {w.leave}
          </Button>
        </div>
      )}
      {ask.value === "end" && (
        <div class="reasons" ref={bringIntoSight}>
          {keptOpen() && <p class="notice warn">{w.endNeedsLead}</p>}
          <h3>{w.endWhy}</h3>
          {Object.entries(w.endReasons).map(([code, words], index) => (
            <Button
              key={code}
              k={String(index + 1)}
              onPress={() => {
                ask.value = "";
                void act.end(code);
              }}
            >
              {words}
            </Button>
          ))}
        </div>
      )}
    </div>
  );
}

/** The caller stays with somebody else who is in the room. */
function accompanied(): boolean {
  const call = s.call.value;
  return Boolean(call?.team.some((one) => one.spec !== s.who.value?.spec && one.heard && one.state === "talking"));
}

/** What the board refuses to end without a lead (L9), told before the press and not after it. */
function keptOpen(): boolean {
  return s.who.value?.role !== "lead" && Boolean(s.call.value?.risk_high || s.call.value?.handoff_open);
}

/** On a low screen the reasons open below its edge. */
function bringIntoSight(list: HTMLDivElement | null): void {
  list?.scrollIntoView({ block: "nearest" });
}

/** A headset that came or went in mid-call: the choice is at hand, without leaving the page. */
function Headset(): JSX.Element | null {
  const w = t.value.mic;
  if (!mic.headsetChanged.value) return null;
  return (
    <div class="notice warn stack">
      <p role="status">{w.changed}</p>
      <Device label={w.input} kind="input" list={mic.inputs.value} value={mic.input.value} />
      <Device label={w.output} kind="output" list={mic.outputs.value} value={mic.output.value} />
      <Button kind="quiet" onPress={() => (mic.headsetChanged.value = false)}>
        {t.value.board.dismiss}
      </Button>
    </div>
  );
}

function Levels(): JSX.Element {
  return (
    <div class="levels">
      <span class="dim">{t.value.mic.input}</span>
      <Meter value={levels.value.out} label={t.value.mic.level} />
      <span class="dim">{t.value.call.people["caller"]}</span>
      <Meter value={levels.value.in} label={t.value.call.people["caller"] ?? ""} />
    </div>
  );
}
