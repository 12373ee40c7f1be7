// The API as the console asks it: typed by its own description, errors in one shape, never thrown as strings.
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];
type Method = "get" | "post" | "put" | "patch" | "delete";
type Json<T> = T extends { content: { "application/json": infer B } } ? B : never;
type Operation<P extends keyof paths, M extends Method> = M extends keyof paths[P] ? paths[P][M] : never;
type Body<O> = O extends { requestBody: infer B } ? Json<B> : undefined;
type Good<O> = O extends { responses: infer R }
  ? R extends { 200: infer A }
    ? Json<A>
    : R extends { 201: infer A }
      ? Json<A>
      : undefined
  : never;

/** Seconds until a request counts as unanswered: the server's own bound is 0.8 s, the rest is the way. */
const PATIENCE_MS = 8000;

export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly fields: Record<string, string> = {},
  ) {
    super(message);
  }
  /** Trying the same again may help: the server or a store is away. */
  get away(): boolean {
    return this.status === 0 || this.status >= 500;
  }
}

let csrf = "";
export function useCsrf(token: string): void {
  csrf = token;
}

export async function ask<P extends keyof paths, M extends Method>(
  method: M,
  path: P,
  options: { at?: Record<string, string>; body?: Body<Operation<P, M>> } = {},
): Promise<Good<Operation<P, M>>> {
  const address = Object.entries(options.at ?? {}).reduce(
    (way, [name, value]) => way.replace(`{${name}}`, encodeURIComponent(value)),
    String(path),
  );
  let answer: Response;
  try {
    answer = await fetch(address, {
      method: method.toUpperCase(),
      headers: { "X-CSRF": csrf, ...(options.body === undefined ? {} : { "Content-Type": "application/json" }) },
      body: options.body === undefined ? undefined : JSON.stringify(options.body),
      signal: AbortSignal.timeout(PATIENCE_MS),
      credentials: "same-origin",
    });
  } catch {
    throw new Refused(0, "offline", "The hotline's server cannot be reached.");
  }
  const said: unknown = answer.status === 204 ? undefined : await answer.json().catch(() => undefined);
  if (!answer.ok) throw refusal(answer.status, said);
  return said as Good<Operation<P, M>>;
}

function refusal(status: number, said: unknown): Refused {
  const error = (said as { error?: { code?: string; message?: string; fields?: Record<string, string> } } | undefined)
    ?.error;
  return new Refused(status, error?.code ?? `status_${status}`, error?.message ?? "", error?.fields);
}
