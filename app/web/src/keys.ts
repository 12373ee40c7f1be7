// Single keys for everything one does in a call; none of them works while somebody types.
import { signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";

const KEPT = "hotline.keys";
/** WCAG 2.1.4: whoever is disturbed by single keys turns them off. */
export const keysOn = signal(localStorage.getItem(KEPT) !== "off");
export function setKeys(on: boolean): void {
  keysOn.value = on;
  localStorage.setItem(KEPT, on ? "on" : "off");
}

type Act = () => void;
const stack: { key: string; act: Act }[] = [];

export function typing(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement)
    return true;
  return (
    target instanceof HTMLInputElement && !["checkbox", "radio", "button", "submit", "range"].includes(target.type)
  );
}

addEventListener("keydown", (event) => {
  if (event.key === "Escape" && typing(event.target)) return (event.target as HTMLElement).blur();
  if (!keysOn.value || event.ctrlKey || event.metaKey || event.altKey || event.repeat || typing(event.target)) return;
  if (document.querySelector("dialog[open]") && event.key !== "Escape") return;
  const found = stack.findLast((entry) => entry.key === event.key.toLowerCase());
  if (!found) return;
  event.preventDefault();
  found.act();
});

/** Bind a key while a component is on screen. Of two that want the same, the one that came on screen later has it. */
export function useKey(key: string | undefined, act: Act, active = true): void {
  const latest = useRef(act);
  latest.current = act;
  useLayoutEffect(() => {
    // Before the next key: somebody who presses E and 1 means the list that E has opened.
    if (!key || !active) return;
    const entry = { key: key.toLowerCase(), act: () => latest.current() };
    stack.push(entry);
    return () => {
      stack.splice(stack.indexOf(entry), 1);
    };
  }, [key, active]);
}
