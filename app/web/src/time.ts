// Time as it is shown: in the viewer's zone, in figures of constant width; board time is the server's clock.
import { signal } from "@preact/signals";
import { tongue } from "./words";

/** This machine's clock, once a second. */
export const now = signal(Date.now());
/** Milliseconds by which the board's clock is ahead of ours. */
export const ahead = signal(0);

setInterval(() => {
  now.value = Date.now();
}, 1000);

export function boardNow(): number {
  return now.value + ahead.value;
}

/** 0:07, 12:34, 1:02:03. */
export function span(ms: number): string {
  const all = Math.max(0, Math.floor(ms / 1000));
  const [hours, minutes, seconds] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60];
  const tail = `${hours ? String(minutes).padStart(2, "0") : minutes}:${String(seconds).padStart(2, "0")}`;
  return hours ? `${hours}:${tail}` : tail;
}

export function clock(ms: number): string {
  return new Intl.DateTimeFormat(tongue.value, { hour: "2-digit", minute: "2-digit" }).format(ms);
}

export function day(ms: number): string {
  return new Intl.DateTimeFormat(tongue.value, { dateStyle: "medium", timeStyle: "short" }).format(ms);
}
