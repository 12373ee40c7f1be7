// Which page is shown, and what stands over all of them: banners, the sign-in form, passing words.
import { signal } from "@preact/signals";
import { Component, type ComponentChildren, type JSX } from "preact";
import { useEffect } from "preact/hooks";
import * as act from "./actions";
import { title } from "./phone/ring";
import * as s from "./state";
import "./ui/theme";
import { Banners, Elsewhere, Footer, Toasts } from "./pages/Banners";
import { Board } from "./pages/Board";
import { Desk } from "./pages/Desk";
import { Header, type View } from "./pages/Header";
import { Plan } from "./pages/Plan";
import { Setup } from "./pages/Setup";
import { Shortcuts } from "./pages/Shortcuts";
import { SignIn } from "./pages/SignIn";
import { Welcome } from "./pages/Welcome";
import { t } from "./words";

const view = signal<View | "">("");

export function App(): JSX.Element {
  useEffect(() => void act.load(), []);
  if (location.pathname === "/welcome")
    return (
      <Broken>
        <Welcome />
      </Broken>
    );
  const who = s.who.value;
  if (who === undefined)
    return (
      <main class="signin" aria-busy="true">
        <p class="dim">{t.value.desk.loading}</p>
      </main>
    );
  if (who === null) return <SignIn />;
  return (
    <Broken>
      <Console who={who} />
    </Broken>
  );
}

function Console({ who }: { who: s.Who }): JSX.Element {
  const shown = view.value || start(who);
  const mine =
    who.role === "specialist" ||
    (who.role === "lead" && (shown === "desk" || Boolean(s.callId.value) || Boolean(s.offer.value)));
  const page: View = mine ? "desk" : shown;
  useEffect(
    () => title(`${who.role === "lead" && page === "board" ? t.value.board.title : t.value.name}`),
    [page, t.value],
  );
  return (
    <div class={`console view-${page} role-${who.role}`}>
      <Header view={page} go={(next) => (view.value = next)} />
      <Banners />
      <main id="main" tabIndex={-1} inert={s.signedOut.value}>
        {s.elsewhere.value ? <Elsewhere /> : <Page page={page} />}
      </main>
      <Footer />
      {s.signedOut.value && (
        <div class="over">
          <SignIn again />
        </div>
      )}
      <Shortcuts />
      <Toasts />
    </div>
  );
}

function Page({ page }: { page: View }): JSX.Element {
  const Shown = { desk: Desk, board: Board, plan: Plan, setup: Setup }[page];
  return <Shown />;
}

function start(who: s.Who): View {
  if (location.pathname === "/setup" || who.role === "admin" || who.role === "auditor") return "setup";
  return who.role === "lead" ? "board" : "desk";
}

/** A page that breaks says so and offers the way out; the telephone is not part of it and goes on. */
class Broken extends Component<{ children: ComponentChildren }, { broken: boolean }> {
  override state = { broken: false };
  static override getDerivedStateFromError(): { broken: boolean } {
    return { broken: true };
  }
  override render(): ComponentChildren {
    if (!this.state.broken) return this.props.children;
    return (
      <main class="signin">
        <div class="card" role="alert">
          <p>{t.value.links.broken}</p>
          <button type="button" class="button main" onClick={() => location.reload()}>
            {t.value.links.reload}
          </button>
        </div>
      </main>
    );
  }
}
