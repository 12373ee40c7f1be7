// The ring: a sound made here, the title of the tab, and a notice of the system's. Says nothing about the caller.
import { t } from "../words";

/** Two soft tones, a pause: heard across a room, not frightening at night. Seconds and hertz. */
const TONES = [
  { at: 0, length: 0.35, hertz: 587 },
  { at: 0.42, length: 0.5, hertz: 740 },
];
const EVERY_MS = 2400;
const LOUDNESS = 0.22;
const TITLE_MS = 1000;

let context: AudioContext | null = null;
let timers: ReturnType<typeof setInterval>[] = [];
let notice: Notification | null = null;

/** Browsers let a page make sound after a first touch; call it in one. */
export function allowSound(): void {
  context ??= new AudioContext();
  if (context.state === "suspended") void context.resume();
}

export function soundAllowed(): boolean {
  return context?.state === "running";
}

export function ringOnce(): void {
  if (!context) return;
  for (const tone of TONES) {
    const start = context.currentTime + tone.at;
    const voice = context.createOscillator();
    const loud = context.createGain();
    voice.frequency.value = tone.hertz;
    voice.type = "sine";
    loud.gain.setValueAtTime(0, start);
    loud.gain.linearRampToValueAtTime(LOUDNESS, start + 0.03);
    loud.gain.exponentialRampToValueAtTime(0.001, start + tone.length);
    voice.connect(loud).connect(context.destination);
    voice.start(start);
    voice.stop(start + tone.length);
  }
}

export function startRinging(): void {
  stopRinging();
  allowSound();
  ringOnce();
  navigator.vibrate?.([200, 100, 200]);
  timers = [setInterval(ringOnce, EVERY_MS), setInterval(flash, TITLE_MS)];
  flash();
  if (document.hidden && typeof Notification !== "undefined" && Notification.permission === "granted") {
    const words = t.value.notices;
    notice = new Notification(words.ringTitle, {
      body: words.ringBody,
      tag: "offer",
      requireInteraction: true,
      icon: "/icon.svg",
    });
    notice.onclick = () => window.focus();
  }
}

export function stopRinging(): void {
  timers.forEach(clearInterval);
  timers = [];
  notice?.close();
  notice = null;
  title();
}

let shown = "";
/** The tab's title when nothing rings. */
export function title(text = shown): void {
  shown = text;
  if (!timers.length) document.title = text || t.value.name;
}

let on = false;
function flash(): void {
  on = !on;
  document.title = on ? `☎ ${t.value.notices.ringTitle}` : shown || t.value.name;
}
