import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import * as act from "../actions";
import type { Schemas } from "../api/client";
import type { CaseFile } from "../kept";
import { day } from "../time";
import { Button, Card, Choice, Badge } from "../ui/parts";
import { t } from "../words";

/** Asked early, one tap, unknown until said (C4). */
export function Safe({ file }: { file: CaseFile }): JSX.Element {
  const w = t.value.safe;
  return (
    <section class="card safe">
      <Choice
        legend={w.title}
        name="safe"
        value={file.safe}
        options={[
          ["yes", w.yes, "y"],
          ["no", w.no, "f"],
          ["unknown", w.unknown, "u"],
        ]}
        tone={(value) => `safe-${value}`}
        onChange={(value) => void act.safeToCall(value)}
      />
      <p class="dim">{w.text}</p>
    </section>
  );
}

/** The story opens when the person has said whom they speak to (C5). */
export function Whom({ file }: { file: CaseFile }): JSX.Element {
  const w = t.value.whom;
  const story = useSignal<Schemas["StoryOut"] | null>(null);
  const confirm = async (whom: "returning_person" | "somebody_else" | "third_party"): Promise<void> => {
    story.value = (await act.confirmWhom(whom)) ?? null;
  };
  return (
    <Card title={w.title} class="whom" aside={<Number />}>
      <p class="dim">{w.text}</p>
      <Choice
        legend={w.title}
        hideLegend
        name="whom"
        value={file.whom}
        options={[
          ["returning_person", w.returning_person, "1"],
          ["somebody_else", w.somebody_else, "2"],
          ["third_party", w.third_party, "3"],
        ]}
        onChange={(value) => void confirm(value)}
      />
      {story.value && <Story story={story.value} closed={file.whom !== "returning_person"} />}
      {file.whom === "returning_person" && !story.value && (
        <Button kind="quiet" onPress={() => void confirm("returning_person")}>
          {w.story}
        </Button>
      )}
    </Card>
  );
}

/** The caller's number, shown on demand; who looked is on the audit trail. */
function Number(): JSX.Element {
  const number = useSignal("");
  if (number.value) return <span class="number figure">{number.value}</span>;
  return (
    <Button kind="quiet" k="#" onPress={() => void act.revealNumber().then((said) => (number.value = said ?? ""))}>
      {t.value.call.number}
    </Button>
  );
}

function Story({ story, closed }: { story: Schemas["StoryOut"]; closed: boolean }): JSX.Element {
  const w = t.value.whom;
  if (closed) return <p class="dim">{w.closed}</p>;
  if (!story.earlier.length) return <p class="dim">{w.none}</p>;
  return (
    <ol class="story">
      {story.earlier.map((one) => (
        <li key={one.id}>
          <span>{one.arrived_at ? day(Date.parse(one.arrived_at)) : t.value.time.unknown}</span>
          {one.cls && <Badge cls={one.cls} />}
          {one.judged && (
            <span>
              {t.value.risk.title}: {t.value.risk.levels[one.judged as "low"] ?? one.judged}
            </span>
          )}
          {one.handoffs > 0 && <span>{w.handoffs(one.handoffs)}</span>}
          {one.safe_to_call && (
            <span>
              {t.value.safe.title} {t.value.safe[one.safe_to_call as "yes"]}
            </span>
          )}
        </li>
      ))}
    </ol>
  );
}
