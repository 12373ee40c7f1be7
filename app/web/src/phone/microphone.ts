// The microphone before a call: is there one, may we use it, does it hear anything; and headsets that come and go.
import { signal } from "@preact/signals";
import { useDevices } from "./softphone";

export type MicState = "unknown" | "asking" | "listening" | "good" | "silent" | "denied" | "none";

export const mic = signal<MicState>("unknown");
export const level = signal(0);
export const inputs = signal<MediaDeviceInfo[]>([]);
export const outputs = signal<MediaDeviceInfo[]>([]);
export const input = signal(localStorage.getItem("hotline.input") ?? "");
export const output = signal(localStorage.getItem("hotline.output") ?? "");
export const headsetChanged = signal(false);

/** A level (0 to 1) that a person's voice passes, and how long is waited for it. */
const VOICE = 0.04;
const PATIENCE_MS = 6000;
/** How long the meter runs after the microphone was found good. */
const SHOW_MS = 4000;

let stream: MediaStream | null = null;

export async function check(): Promise<void> {
  stop();
  mic.value = "asking";
  try {
    stream = await navigator.mediaDevices.getUserMedia({
      audio: input.value ? { deviceId: { ideal: input.value } } : true,
    });
  } catch (error) {
    mic.value = error instanceof DOMException && error.name === "NotAllowedError" ? "denied" : "none";
    return;
  }
  await listDevices();
  mic.value = "listening";
  measure(stream);
}

function measure(from: MediaStream): void {
  const context = new AudioContext();
  const analyser = context.createAnalyser();
  analyser.fftSize = 512;
  context.createMediaStreamSource(from).connect(analyser);
  const data = new Float32Array(analyser.fftSize);
  const began = Date.now();
  let good = 0;
  const look = setInterval(() => {
    analyser.getFloatTimeDomainData(data);
    level.value = Math.min(1, Math.sqrt(data.reduce((sum, x) => sum + x * x, 0) / data.length) * 4);
    if (level.value > VOICE && !good) {
      good = Date.now();
      mic.value = "good";
    }
    const late = Date.now() - began > PATIENCE_MS;
    if (!good && late) mic.value = "silent";
    const over = (good && Date.now() - good > SHOW_MS) || (!good && Date.now() - began > 3 * PATIENCE_MS);
    if (over || stream !== from) {
      clearInterval(look);
      level.value = 0;
      void context.close();
      if (stream === from) stop();
    }
  }, 60);
}

function stop(): void {
  stream?.getTracks().forEach((track) => track.stop());
  stream = null;
}

export async function listDevices(): Promise<void> {
  const all = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  inputs.value = all.filter((one) => one.kind === "audioinput" && one.deviceId && one.deviceId !== "default");
  outputs.value = all.filter((one) => one.kind === "audiooutput" && one.deviceId && one.deviceId !== "default");
}

export function choose(kind: "input" | "output", id: string): void {
  (kind === "input" ? input : output).value = id;
  localStorage.setItem(`hotline.${kind}`, id);
  void useDevices(input.value, output.value);
}

navigator.mediaDevices?.addEventListener?.("devicechange", () => {
  void listDevices();
  headsetChanged.value = true;
});
void navigator.permissions
  ?.query({ name: "microphone" as PermissionName })
  .then((may) => may.state === "denied" && (mic.value = "denied"))
  .catch(() => undefined);
