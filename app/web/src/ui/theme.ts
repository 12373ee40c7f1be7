// Night, day, or as the system says.
import { effect, signal } from "@preact/signals";

export type Theme = "auto" | "night" | "day";
const KEPT = "hotline.theme";
const kept = localStorage.getItem(KEPT);
export const theme = signal<Theme>(kept === "night" || kept === "day" ? kept : "auto");

effect(() => {
  localStorage.setItem(KEPT, theme.value);
  document.documentElement.dataset["theme"] = theme.value;
});

const ORDER: Theme[] = ["auto", "night", "day"];
export function nextTheme(): void {
  theme.value = ORDER[(ORDER.indexOf(theme.value) + 1) % ORDER.length] ?? "auto";
}
