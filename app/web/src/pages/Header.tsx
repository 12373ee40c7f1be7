import type { JSX } from "preact";
import * as act from "../actions";
import { keysOn } from "../keys";
import { mic } from "../phone/microphone";
import { leg, quality } from "../phone/softphone";
import * as s from "../state";
import { Button, Choice } from "../ui/parts";
import { nextTheme, theme } from "../ui/theme";
import type { Presence } from "../wire/messages";
import { t, tongue } from "../words";
import { showKeys } from "./Shortcuts";

const PRESENCES: readonly [Presence, string][] = [
  ["available", "1"],
  ["on_demand", "2"],
  ["break", "3"],
  ["training", "4"],
  ["offline", "0"],
];

export type View = "board" | "desk" | "plan" | "setup";

export function Header({ view, go }: { view: View; go: (view: View) => void }): JSX.Element {
  const w = t.value.header;
  const role = s.who.value?.role;
  const online = role === "specialist" || role === "lead";
  return (
    <header class="top">
      <a class="unseen skip" href="#main">
        {w.skip}
      </a>
      <div class="brand">
        <img src="/icon.svg" alt="" width="28" height="28" />
        <span>{t.value.name}</span>
      </div>
      {role === "lead" && (
        <nav class="tabs" aria-label={w.menu}>
          <Tab name="board" label={w.board} k="b" view={view} go={go} />
          <Tab name="desk" label={w.desk} k="d" view={view} go={go} off={view === "desk"} />
          <Tab name="plan" label={w.plan} k="p" view={view} go={go} off={view === "desk"} />
          <Tab name="setup" label={w.setup} k="g" view={view} go={go} off={view === "desk"} />
        </nav>
      )}
      {role === "admin" && (
        <nav class="tabs" aria-label={w.menu}>
          <Tab name="plan" label={w.plan} k="p" view={view} go={go} />
          <Tab name="setup" label={w.setup} k="g" view={view} go={go} />
        </nav>
      )}
      {online && <Presences />}
      <div class="spacer" />
      {online && (role === "specialist" || leg.value !== "none") && <LineState />}
      <div class="tools">
        <Button kind="quiet" k="t" onPress={nextTheme}>
          <span class="unseen">{w.theme}: </span>
          {themeName()}
        </Button>
        <Button kind="quiet" k="i" onPress={() => (tongue.value = tongue.value === "en" ? "es" : "en")}>
          <span class="unseen">{w.language}: </span>
          {tongue.value.toUpperCase()}
        </Button>
        <Button kind="quiet" k="?" onPress={showKeys}>
          <span class={keysOn.value ? "unseen" : ""}>{w.shortcuts}</span>
        </Button>
        <Button kind="quiet" k="q" off={Boolean(s.callId.value)} onPress={() => void act.signOut()}>
          {w.signOut}
        </Button>
      </div>
    </header>
  );
}

function themeName(): string {
  return t.value.header[theme.value];
}

function Tab(props: {
  name: View;
  label: string;
  k: string;
  view: View;
  go: (view: View) => void;
  off?: boolean;
}): JSX.Element {
  const here = props.view === props.name;
  return (
    <Button
      kind="quiet"
      class={here ? "tab here" : "tab"}
      k={props.off ? undefined : props.k}
      pressed={here}
      onPress={() => props.go(props.name)}
    >
      {props.label}
    </Button>
  );
}

function Presences(): JSX.Element {
  const w = t.value.presence;
  // In a call and at an offer digits choose reasons, and whom one speaks to.
  const digits = (!s.callId.value || s.me.value?.duty === "wrapping") && !s.offer.value;
  return (
    <div class="presence">
      <Choice
        legend={w.title}
        hideLegend
        name="presence"
        value={s.presence.value}
        options={PRESENCES.map(([value, k]) => [value, w[value], digits ? k : undefined] as const)}
        tone={(value) => `presence-${value}`}
        onChange={(value) => void act.setPresence(value)}
      />
      <span class="pending" role="status">
        {s.presencePending.value && s.boardAway.value ? w.notYet : ""}
      </span>
    </div>
  );
}

function LineState(): JSX.Element {
  const w = t.value.line;
  const words =
    leg.value === "none"
      ? w.idle
      : leg.value === "reconnecting"
        ? w.interrupted
        : quality.value === "idle"
          ? "…"
          : w[quality.value as "good"];
  const tone =
    leg.value === "none"
      ? mic.value === "denied" || mic.value === "none"
        ? "bad"
        : ""
      : leg.value === "reconnecting"
        ? "bad"
        : quality.value === "good"
          ? "good"
          : "warn";
  return (
    <span class={`linestate ${tone}`}>
      <span aria-hidden="true" class="dot" /> <span class="dim">{w.title}</span> {words}
    </span>
  );
}
