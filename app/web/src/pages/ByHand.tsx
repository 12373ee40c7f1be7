import type { JSX } from "preact";
import * as act from "../actions";
import { numberOf } from "../directory";
import type { Handoff } from "../kept";
import { Button, Dialog } from "../ui/parts";
import { t } from "../words";

/** The telephone network refuses: number and script in letters that are read across a desk (L7). */
export function ByHand({ handoff, close }: { handoff: Handoff; close: () => void }): JSX.Element {
  const w = t.value.agency;
  const done = (): void => {
    void act.handoffFact(handoff.id, { contact: "by_hand" });
    close();
  };
  return (
    <Dialog title={w.handTitle} open onClose={close} class="byhand">
      <p class="giant figure">{spaced(numberOf(handoff.to))}</p>
      {handoff.name !== handoff.to && <p class="large">{handoff.name}</p>}
      <p>{w.handText}</p>
      <blockquote class="large">{w.handScript}</blockquote>
      <p class="large">{handoff.narrative}</p>
      <Button kind="main" class="huge" onPress={done}>
        {w.handDone}
      </Button>
    </Dialog>
  );
}

function spaced(number: string): string {
  return number.replace(/^(\+1)(\d{3})(\d{3})(\d{4})$/, "$1 $2 $3 $4");
}
