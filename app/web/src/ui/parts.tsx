// The pieces that every page is made of.
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { keysOn, typing, useKey } from "../keys";
import type { CallClass } from "../wire/messages";
import { t } from "../words";

export function Kbd({ k }: { k: string | undefined }): JSX.Element | null {
  return k && keysOn.value ? <kbd aria-hidden="true">{k === "Escape" ? "Esc" : k.toUpperCase()}</kbd> : null;
}

interface ButtonProps {
  children: ComponentChildren;
  onPress: () => void;
  k?: string;
  kind?: "main" | "good" | "bad" | "quiet" | "plain";
  pressed?: boolean;
  off?: boolean;
  busy?: boolean;
  label?: string;
  class?: string;
  expands?: boolean;
}

/** A button with its key beside its name. `off` keeps its place and its focus. */
export function Button(props: ButtonProps): JSX.Element {
  const off = Boolean(props.off || props.busy);
  const press = (): void => void (off || props.onPress());
  useKey(props.k, press, !off);
  return (
    <button
      type="button"
      class={`button ${props.kind ?? "plain"} ${props.class ?? ""}`}
      aria-pressed={props.pressed}
      aria-disabled={off || undefined}
      aria-label={props.label}
      aria-busy={props.busy || undefined}
      aria-expanded={props.expands}
      aria-keyshortcuts={props.k && keysOn.value ? props.k.toUpperCase() : undefined}
      onClick={press}
    >
      <span class="label">{props.children}</span>
      <Kbd k={props.k} />
    </button>
  );
}

interface ChoiceProps<V extends string> {
  legend: string;
  value: V | "";
  options: readonly (readonly [V, string, string?])[];
  onChange: (value: V) => void;
  hideLegend?: boolean;
  class?: string;
  tone?: (value: V) => string;
  name?: string;
}

/** One of a few: a radio group that looks like joined buttons. The third part of an option is its key. */
export function Choice<V extends string>(props: ChoiceProps<V>): JSX.Element {
  const name = useId();
  return (
    <fieldset class={`choice ${props.class ?? ""}`} data-name={props.name}>
      <legend class={props.hideLegend ? "unseen" : ""}>{props.legend}</legend>
      <div class="options">
        {props.options.map(([value, label, k]) => (
          <Option
            key={value}
            name={name}
            label={label}
            k={k}
            tone={props.tone?.(value) ?? ""}
            value={value}
            checked={props.value === value}
            pick={() => props.onChange(value)}
          />
        ))}
      </div>
    </fieldset>
  );
}

function Option(props: {
  name: string;
  label: string;
  k: string | undefined;
  tone: string;
  value: string;
  checked: boolean;
  pick: () => void;
}): JSX.Element {
  useKey(props.k, props.pick);
  return (
    <label class={`option ${props.tone}`} data-value={props.value}>
      <input type="radio" name={props.name} checked={props.checked} onChange={props.pick} />
      <span class="label">{props.label}</span>
      <Kbd k={props.k} />
    </label>
  );
}

export function Card(props: {
  title: string;
  children: ComponentChildren;
  class?: string;
  aside?: ComponentChildren;
  level?: 2 | 3;
}): JSX.Element {
  const id = useId();
  return (
    <section class={`card ${props.class ?? ""}`} aria-labelledby={id}>
      <header class="card-head">
        <h2 id={id}>{props.title}</h2>
        {props.aside}
      </header>
      {props.children}
    </section>
  );
}

const SHAPES: Record<CallClass, string> = {
  agency: "✚",
  attempt: "◆",
  danger: "▲",
  urgent: "●",
  standard: "■",
  warm: "○",
};

/** Class of priority: a word and a shape beside the colour. */
export function Badge({ cls }: { cls: string }): JSX.Element {
  const known = cls as CallClass;
  return (
    <span class={`badge cls-${cls}`}>
      <span aria-hidden="true">{SHAPES[known] ?? "■"}</span> {t.value.cls[known] ?? cls}
    </span>
  );
}

export function Meter({ value, label }: { value: number; label: string }): JSX.Element {
  const bar = useRef<HTMLSpanElement>(null);
  useEffect(() => {
    bar.current?.style.setProperty("transform", `scaleX(${Math.min(1, value).toFixed(3)})`);
  });
  return (
    <span
      class="meter"
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(Math.min(1, value) * 100)}
    >
      <span ref={bar} />
    </span>
  );
}

/** A dialog of the browser's own: it keeps the focus inside, gives it back, and closes on Esc. */
export function Dialog(props: {
  title: string;
  open: boolean;
  onClose: () => void;
  children: ComponentChildren;
  class?: string;
}): JSX.Element | null {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const element = dialog.current;
    if (!props.open || !element || element.open) return;
    // Whoever is typing goes on typing; for all others the title has the focus, where no key that was meant for
    // something else closes it.
    if (typing(document.activeElement)) return element.setAttribute("open", "");
    element.showModal();
    element.querySelector("h2")?.focus();
  }, [props.open]);
  useKey("Escape", props.onClose, props.open);
  if (!props.open) return null;
  return (
    <dialog ref={dialog} class={props.class} aria-labelledby={id} onClose={props.onClose} onCancel={props.onClose}>
      <header class="card-head">
        <h2 id={id} tabIndex={-1}>
          {props.title}
        </h2>
        <button type="button" class="button quiet" onClick={props.onClose}>
          <span class="label">{t.value.keys.close}</span>
          <Kbd k="Escape" />
        </button>
      </header>
      {props.children}
    </dialog>
  );
}

/** Told to screen readers, seen by nobody. */
export function Told({ text, now = false }: { text: string; now?: boolean }): JSX.Element {
  return (
    <div class="unseen" role={now ? "alert" : "status"} aria-live={now ? "assertive" : "polite"} aria-atomic="true">
      {text}
    </div>
  );
}

export function Empty({ children, symbol = "·" }: { children: ComponentChildren; symbol?: string }): JSX.Element {
  return (
    <p class="empty">
      <span aria-hidden="true">{symbol}</span> {children}
    </p>
  );
}
