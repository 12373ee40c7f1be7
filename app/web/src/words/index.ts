// The language of the console: the person's choice, else the browser's.
import { computed, effect, signal } from "@preact/signals";
import { en, type Words } from "./en";
import { es } from "./es";

export type Tongue = "en" | "es";
const DICTIONARIES: Record<Tongue, Words> = { en, es };
const KEPT = "hotline.language";

function first(): Tongue {
  const kept = localStorage.getItem(KEPT);
  if (kept === "en" || kept === "es") return kept;
  return navigator.language.startsWith("es") ? "es" : "en";
}

export const tongue = signal<Tongue>(first());
/** The words of the chosen language: `t.value.call.mute`. */
export const t = computed<Words>(() => DICTIONARIES[tongue.value]);

effect(() => {
  localStorage.setItem(KEPT, tongue.value);
  document.documentElement.lang = tongue.value;
});

/** The words for an error's code, else what the server said. */
export function errorWords(error: { code: string; message: string }): string {
  return t.value.errors[error.code] ?? error.message;
}

export function languageName(code: string): string {
  return t.value.languages[code] ?? code;
}
