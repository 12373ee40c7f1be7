// Every word the console says, in English. `es.ts` has the same shape; the compiler holds it to that.
import { around } from "./en/around";
import { desk } from "./en/desk";

export const en = { ...desk, ...around };
export type Words = typeof en;
