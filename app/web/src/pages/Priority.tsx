import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import * as act from "../actions";
import { call } from "../state";
import { Button, Choice } from "../ui/parts";
import type { CallClass } from "../wire/messages";
import { t } from "../words";

const CLASSES = ["attempt", "danger", "urgent", "standard", "warm"] as const;
type Given = (typeof CLASSES)[number];

/** The call's class of priority, with the reason why it changes. */
export function Priority(): JSX.Element | null {
  const w = t.value;
  const wanted = useSignal<Given | "">("");
  const is = call.value?.cls as CallClass | undefined;
  if (!is || is === "agency") return null;
  const change = (why: string): void => {
    if (wanted.value) void act.changeClass(wanted.value, why);
    wanted.value = "";
  };
  return (
    <section class="card priority">
      <Choice
        legend={w.call.class}
        name="class"
        value={wanted.value || is}
        options={CLASSES.map((cls) => [cls, w.cls[cls]] as const)}
        tone={(cls) => `cls-${cls}`}
        onChange={(cls) => (wanted.value = cls === is ? "" : cls)}
      />
      {wanted.value && (
        <div class="reasons">
          {Object.entries(w.classReasons).map(([code, words]) => (
            <Button key={code} onPress={() => change(code)}>
              {words}
            </Button>
          ))}
        </div>
      )}
    </section>
  );
}
