// Every word the console says, in Spanish.
import type { Words } from "./en";
import { around } from "./es/around";
import { desk } from "./es/desk";

export const es: Words = { ...desk, ...around };
