import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import * as act from "../actions";
import { Refused } from "../api/client";
import * as s from "../state";
import { nextTheme, theme } from "../ui/theme";
import { Button } from "../ui/parts";
import { errorWords, t, tongue } from "../words";

/** The form; over the console where a session ended under somebody's hands. */
export function SignIn({ again = false }: { again?: boolean }): JSX.Element {
  const w = t.value.signIn;
  const [login, setLogin] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const go = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setError("");
    try {
      await act.signIn(login, password);
    } catch (problem) {
      setError(problem instanceof Refused ? errorWords(problem) : t.value.links.broken);
    }
    setBusy(false);
  };
  const hello = s.hello.value;
  const first = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (again) first.current?.focus(); // what lies under it takes no keys until then
  }, [again]);
  const Frame = again ? "div" : "main";
  return (
    <Frame class="signin" id={again ? undefined : "main"}>
      <form class="card" onSubmit={(event) => void go(event)}>
        <div class="brand">
          <img src="/icon.svg" alt="" width="44" height="44" />
          <h1>{t.value.name}</h1>
        </div>
        {again && <p role="status">{w.again}</p>}
        {hello?.first_run && (
          <p class="notice">
            {w.firstRun} <code>hotline user NAME --role admin</code> {w.firstRunThen}
          </p>
        )}
        {hello && hello.first_run === null && <p class="notice warn">{w.recordAway}</p>}
        <label>
          <span>{w.login}</span>
          <input
            ref={first}
            name="login"
            autocomplete="username"
            autocapitalize="none"
            spellcheck={false}
            required
            value={login}
            onInput={(event) => setLogin(event.currentTarget.value)}
          />
        </label>
        <label>
          <span>{w.password}</span>
          <input
            name="password"
            type="password"
            autocomplete="current-password"
            required
            value={password}
            onInput={(event) => setPassword(event.currentTarget.value)}
          />
        </label>
        <p class="error" role="alert">
          {error}
        </p>
        <button class="button main wide" type="submit" aria-disabled={busy || undefined}>
          <span class="label">{busy ? w.busy : w.go}</span>
          <kbd aria-hidden="true">↵</kbd>
        </button>
        <div class="row">
          <Button kind="quiet" k="t" onPress={nextTheme}>
            <span class="unseen">{t.value.header.theme}: </span>
            {t.value.header[theme.value]}
          </Button>
          <Button kind="quiet" k="i" onPress={() => (tongue.value = tongue.value === "en" ? "es" : "en")}>
            {tongue.value === "en" ? "Español" : "English"}
          </Button>
          {hello?.demo && (
            <a class="button quiet" href="/welcome">
              {t.value.welcome.title}
            </a>
          )}
        </div>
      </form>
    </Frame>
  );
}
