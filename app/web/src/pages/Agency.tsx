// Emergency services: whom, why, whose consent; rung into the room or dialled by hand; and what came of it (C1, L7).
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { caseUnread } from "../case";
import { loadDirectory } from "../directory";
import * as kept from "../kept";
import { alarms, call, callId } from "../state";
import { Button, Card } from "../ui/parts";
import { t } from "../words";
import { AgencyForm } from "./AgencyForm";
import { Outcome } from "./AgencyOutcome";
import { ByHand } from "./ByHand";
import { agencyJoined } from "./Room";

export function Agency({ file, wrapping }: { file: kept.CaseFile; wrapping: boolean }): JSX.Element {
  const w = t.value.agency;
  const hand = useSignal("");
  const given = useSignal<string[]>([]);
  useEffect(() => void loadDirectory(), []);
  const open = (from?: kept.Handoff): void =>
    kept.change(file.call, (one) => ({ ...one, handoffForm: one.handoffForm ?? blank(from) }));
  const failed = file.handoffs.find(
    (one) => !one.closed && !one.contact && !given.value.includes(one.id) && mustDial(one),
  );
  const shown = file.handoffs.find((one) => one.id === hand.value) ?? failed;
  const close = (id: string): void => {
    hand.value = "";
    given.value = [...given.value, id];
  };
  const nothing = !file.handoffForm && !file.handoffs.length;
  const elsewhere = call.value?.handoff_open && !file.handoffs.some((one) => !one.closed);
  return (
    <Card title={w.title} class={`agency ${nothing ? "nothing" : ""}`}>
      {elsewhere && caseUnread.value && <p class="notice warn">{w.unread}</p>}
      {file.handoffs.map((one, index) => (
        <Outcome
          key={one.id}
          handoff={one}
          byHand={() => (hand.value = one.id)}
          next={file.handoffForm ? undefined : () => open(one)}
          passedOn={index < file.handoffs.length - 1}
        />
      ))}
      {file.handoffForm ? (
        <AgencyForm
          call={file.call}
          wrapping={wrapping}
          form={file.handoffForm}
          opened={(form) => (hand.value = form.dial ? "" : form.id)}
        />
      ) : (
        <Button kind={wrapping ? "plain" : "bad"} class="wide" k="g" onPress={() => open()}>
          {file.handoffs.some((one) => !one.closed) ? w.another : w.open}
        </Button>
      )}
      {shown && <ByHand handoff={shown} close={() => close(shown.id)} />}
    </Card>
  );
}

/** The telephone network did not take it, by its answer or by an alarm since: somebody must dial, now (L7). */
function mustDial(one: kept.Handoff): boolean {
  const alarmed = alarms.value.some(
    (alarm) =>
      alarm.call === callId.value &&
      alarm.todo === "dial_by_hand" &&
      (alarm.handoff ?? one.id) === one.id &&
      alarm.at_ms > (one.rung_at || one.opened_at) - 1000,
  );
  return one.dial && !one.joined && !agencyJoined(one.id) && (one.dialled === false || alarmed);
}

/** A new form; after an agency that could not go it begins with what that one was told. */
function blank(from?: kept.Handoff): kept.HandoffForm {
  const { why = "", consent = "", location = "", narrative = "" } = from ?? {};
  return { id: kept.freshId("h"), to: "", name: "", why, consent, location, narrative, dial: true };
}
