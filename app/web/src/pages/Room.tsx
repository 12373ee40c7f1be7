import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { ask, type Schemas } from "../api/client";
import * as kept from "../kept";
import * as s from "../state";
import { t } from "../words";

/** Who is in the room of the own call, as the board knows it. */
export const legs = signal<Schemas["LegOut"][]>([]);

/** Milliseconds between two looks: joins of others are no news of the call itself. */
const EVERY_MS = 3000;

async function look(call: string): Promise<void> {
  const said = await ask("get", "/api/calls/{id}", { at: { id: call } }).catch(() => null);
  if (!said) return;
  legs.value = said.legs.filter((leg) => leg.joined);
  const fresh = (each: kept.Handoff): boolean => !each.joined && agencyJoined(each.id);
  if (!kept.file.value?.handoffs.some(fresh)) return;
  kept.change(call, (one) => ({
    ...one,
    handoffs: one.handoffs.map((each) => (fresh(each) ? { ...each, joined: true } : each)),
  }));
}

/** Whether the agency of this handoff is in the room. */
export function agencyJoined(handoff: string): boolean {
  return legs.value.some((leg) => leg.role === "agency" && leg.who === handoff);
}

/** Everybody in the room by their part in it: also a lead who listens. */
export function Room(): JSX.Element {
  const w = t.value.call;
  const call = s.callId.value;
  useEffect(() => {
    if (!call) return;
    void look(call);
    const timer = setInterval(() => void look(call), EVERY_MS);
    return () => {
      clearInterval(timer);
      legs.value = [];
    };
  }, [call, s.call.value]);
  const mine = s.who.value?.spec;
  const others = legs.value.filter((leg) => leg.who !== mine);
  // A leg keeps the part with which it came: after a take-over the former owner is a colleague.
  const names = others.map((leg) => w.people[leg.role === "owner" ? "consult" : leg.role] ?? leg.role);
  return (
    <p class="room dim" role="status">
      {names.length ? `${w.inRoom}: ${names.join(", ")}` : "\u00a0"}
    </p>
  );
}
