import type { JSX } from "preact";
import * as act from "../actions";
import { nameOf, numberOf } from "../directory";
import type { Handoff } from "../kept";
import { Button, Dialog } from "../ui/parts";
import { t } from "../words";

/** The telephone network refuses, or may not ring them: number and script in letters that are read across a desk (L7). */
export function ByHand({ handoff, close }: { handoff: Handoff; close: () => void }): JSX.Element {
  const w = t.value.agency;
  const [name, number] = [nameOf(handoff.to), spaced(numberOf(handoff.to))];
  const said = (contact: "by_hand" | "no_answer"): void => {
    void act.handoffFact(handoff.id, { contact });
    close();
  };
  return (
    <Dialog title={w.handTitle} open onClose={close} class="byhand">
      <p class={/\d{4}$/.test(number) ? "giant figure" : "giant words"}>{number}</p>
      {name !== handoff.to && name !== number && <p class="large">{name}</p>}
      <p>{w.handText}</p>
      <blockquote class="large">{w.handScript}</blockquote>
      <p class="large">{handoff.narrative}</p>
      <div class="answer-row">
        <Button kind="main" class="huge" onPress={() => said("by_hand")}>
          {w.handDone}
        </Button>
        <Button class="huge" onPress={() => said("no_answer")}>
          {w.contacts.no_answer}
        </Button>
      </div>
    </Dialog>
  );
}

function spaced(number: string): string {
  return number.replace(/^(\+1)(\d{3})(\d{3})(\d{4})$/, "$1 $2 $3 $4");
}
