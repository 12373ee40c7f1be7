// Every word the console says, in English. `es.ts` has the same shape; the compiler holds it to that.
import { around } from "./en/around";
import { desk } from "./en/desk";
import { plan } from "./en/plan";

export const en = { ...desk, ...around, ...plan };
export type Words = typeof en;
