// Every word the console says, in Spanish.
import type { Words } from "./en";
import { around } from "./es/around";
import { desk } from "./es/desk";
import { plan } from "./es/plan";

export const es: Words = { ...desk, ...around, ...plan };
