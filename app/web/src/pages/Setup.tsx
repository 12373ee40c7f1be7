import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { failed } from "../actions";
import { ask, Refused, type Schemas } from "../api/client";
import { Button, Card } from "../ui/parts";
import { t } from "../words";

/** What is configured, what is missing, in the order in which a hotline is set up. */
export function Setup(): JSX.Element {
  const w = t.value.setup;
  const findings = useSignal<Schemas["FindingOut"][] | null>(null);
  const busy = useSignal(false);
  const refused = useSignal(false);
  const look = async (): Promise<void> => {
    busy.value = true;
    try {
      findings.value = await ask("get", "/api/check");
    } catch (error) {
      if (error instanceof Refused && error.status === 403) refused.value = true;
      else failed(error);
    }
    busy.value = false;
  };
  useEffect(() => void look(), []);
  const missing = (findings.value ?? []).filter((found) => !found.ok).length;
  const summary = !findings.value ? w.busy : missing ? w.toDo(missing) : w.allGood;
  if (refused.value)
    return (
      <div class="setup">
        <p class="notice">{w.noAccess}</p>
      </div>
    );
  return (
    <div class="setup">
      <h1>{w.title}</h1>
      <p class="dim">{w.text}</p>
      <Card
        title={summary}
        aside={
          <Button k="c" busy={busy.value} onPress={() => void look()}>
            {busy.value ? w.busy : w.again}
          </Button>
        }
      >
        <div class="findings-place" aria-busy={busy.value}>
          {missing > 0 && <Findings title={w.bad} of={(findings.value ?? []).filter((found) => !found.ok)} />}
          {findings.value && <Findings title={w.ok} of={findings.value.filter((found) => found.ok)} />}
        </div>
      </Card>
    </div>
  );
}

/** What is missing comes first; within it, the order in which a hotline is set up. */
function Findings({ title, of }: { title: string; of: Schemas["FindingOut"][] }): JSX.Element {
  return (
    <section>
      <h3>{title}</h3>
      <ul class="findings">
        {of.map((found) => (
          <li key={found.subject} class={found.ok ? "good" : "bad"}>
            <span class="mark" aria-hidden="true">
              {found.ok ? "✓" : "✗"}
            </span>
            <div>
              <strong>{found.subject}</strong>
              <br />
              <span>{found.text}</span>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}
