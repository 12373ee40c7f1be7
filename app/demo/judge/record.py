"""Promise 3: ledger facts without their row (`unrecorded`), and rows that say otherwise (`mismatched`)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from typing import Any

from app.demo.evidence import NEVER, Evidence, LegFacts, Row
from app.demo.judge.buckets import answered_at, bucket, rolled_over

#: Seconds by which a stamp may be off; the carrier's own are whole seconds, rounded down.
OFF_S = 1.0
#: Seconds between two entries of one moment.
INSTANT_S = 0.05
#: Microseconds of arithmetic.
EPSILON_S = 0.005
#: Seconds between the earliest and the latest of a stamp that was supplied without its callback.
SPAN_S = 60.0
#: Seconds together in which whole-second stamps cannot tell whether a call was answered.
UNCLEAR_S = 2.0
SPAN_OF_END = ("ended_earliest_at", "ended_latest_at")
#: The callback that tells of a coming or going.
TOLD_BY = {"joined": "participant-join", "left": "participant-leave"}
#: Side of the record for who ended the caller's leg at the carrier.
SIDE = {"caller": "caller", "api": "specialist", "document": "backup"}


def recorded_legs(e: Evidence) -> list[LegFacts]:
    """Legs of which the record must know: callers', those let into a room, and telephones that were put through."""
    inside = {stay.sid for stay in e.stays}
    bridged = {entry.data["child"] for entry in e.ledger.of("bridge.begin")}
    return [leg for leg in e.legs.values() if leg.is_caller or leg.sid in inside | bridged]


def unrecorded(e: Evidence) -> list[str]:
    return [*_calls_missing(e), *_legs_missing(e), *_stays_missing(e), *_facts_missing(e)]


def _calls_missing(e: Evidence) -> Iterator[str]:
    for caller in e.callers:
        call = e.rows.by_sid.get(caller.sid)
        if call is None:
            yield f"call {caller.sid}"
        elif caller.ended < NEVER and not call["outcome"]:
            yield f"outcome of {call['id']}"


def _legs_missing(e: Evidence) -> Iterator[str]:
    for leg in recorded_legs(e):
        row = e.rows.leg.get(leg.sid)
        if row is None:
            yield f"leg {leg.sid} ({_role(e, leg)})"
        elif row["asked_at"] is None and row["joined_at"] is None:
            yield f"beginning of leg {leg.sid} ({_role(e, leg)})"
        elif leg.ended < NEVER and row["ended_at"] is None:
            yield f"end of leg {leg.sid} ({_role(e, leg)})"


def _role(e: Evidence, leg: LegFacts) -> str:
    if leg.is_caller:
        return "caller"
    return next((stay.role for stay in e.stays if stay.sid == leg.sid), "backup")


def _stays_missing(e: Evidence) -> Iterator[str]:
    """Every coming and going of a leg is an event; of several, those may lack whose callback was lost on purpose."""
    for what, (seen, truth) in _comings_and_goings(e).items():
        for sid, times in truth.items():
            lost = sum(1 for event in e.dropped.get(sid, ()) if event == TOLD_BY[what])
            if seen[sid] < max(1, times - lost):
                yield f"leg {sid} {what} ({_role(e, e.legs[sid])}), {seen[sid]} of {times}"


def _comings_and_goings(e: Evidence) -> dict[str, tuple[Counter[str], Counter[str]]]:
    """For `joined` and `left`: how often the record has it of each leg, and how often it happened."""
    return {
        what: (
            _seen(e, f"leg.{what}"),
            Counter(stay.sid for stay in e.stays if what == "joined" or stay.end < NEVER),
        )
        for what in TOLD_BY
    }


def _seen(e: Evidence, kind: str) -> Counter[str]:
    """How often by leg. What a board that was emptied learns once more, in its own epoch, is the same fact; and so is a
    stamp that was supplied and the callback that came after all."""
    by_epoch = Counter(
        (ev["data"].get("sid", ""), ev["data"].get("label"), ev.get("epoch"), _is_supplied(ev))
        for ev in e.rows.events
        if ev["kind"] == kind
    )
    most: Counter[tuple[str, str]] = Counter()
    for (sid, label, *_), times in by_epoch.items():
        most[sid, label] = max(most[sid, label], times)
    seen: Counter[str] = Counter()
    for (sid, _), times in most.items():
        seen[sid] += times
    return seen


def _is_supplied(event: Row) -> bool:
    return event["data"].get("earliest_ms") is not None


def _facts_missing(e: Evidence) -> Iterator[str]:
    known = {ev["fact_id"] for ev in e.rows.events if ev["fact_id"]}
    tables = {
        "risk": {row["id"] for row in e.rows.risk},
        "handoff": {row["id"] for row in e.rows.handoffs},
        "fact": {row["id"] for row in e.rows.facts},
    }
    for told in e.log.told:
        if told.id not in known or told.id not in tables.get(told.what, {told.id}):
            yield f"{told.what} {told.id}"


def mismatched(e: Evidence) -> list[str]:
    found: list[str] = []
    for caller in e.callers:
        if call := e.rows.by_sid.get(caller.sid):
            found += [
                *_outcome(e, caller, call),
                *_side(e, caller, call),
                *_owners(e, caller, call),
                *_classes(e, caller, call),
                *_call_stamps(e, caller, call),
            ]
    return [*found, *_leg_stamps(e), *_twice(e)]


def _outcome(e: Evidence, caller: LegFacts, call: Row) -> Iterator[str]:
    truth, said = bucket(e, caller).bucket, call["outcome"]
    if truth == "lost":
        truth = "answered" if answered_at(e, caller) is not None else said
    longest = max((span.seconds for span, _ in e.conversations[caller.sid]), default=0.0)
    unclear = 0 < longest < UNCLEAR_S and {truth, said} <= {"answered", "abandoned", "rolled_over"}
    if said and truth != said and not unclear:
        yield f"outcome of {call['id']}: {said}, was {truth}"


def _side(e: Evidence, caller: LegFacts, call: Row) -> Iterator[str]:
    if caller.ended == NEVER or call["side"] is None:
        return
    truth = "backup" if _left_by_backup(e, caller) and caller.by != "api" else SIDE.get(caller.by, "carrier")
    if e.chose(caller):
        back = e.last_leg(caller)
        truth = "caller" if back and back.by == "callee" else "specialist"
    if call["id"] in e.log.ended and caller.by == "caller":
        truth = "specialist"  # both at once: the person's act came first
    if call["side"] != truth and not (call["id"] in e.log.ended and call["side"] in ("caller", "specialist")):
        yield f"side of {call['id']}: {call['side']}, was {truth}"


def _left_by_backup(e: Evidence, caller: LegFacts) -> bool:
    """The backup's human has gone first; a caller who hangs up while they talk, or once a specialist has come, ends the
    call."""
    ends = [entry.at for entry in e.by_sid[caller.sid] if entry.kind == "bridge.end"]
    met_since = ends and any(span.begin > ends[-1] for span, _ in e.conversations[caller.sid])
    return rolled_over(e, caller) and not met_since and (not ends or caller.ended - ends[-1] > INSTANT_S)


def _owners(e: Evidence, caller: LegFacts, call: Row) -> Iterator[str]:
    """Who really was in the caller's room as owner or relief, in order, against the record's owners."""
    met = {person for _, person in e.conversations[caller.sid]}
    recorded = [row["to_spec"] for row in e.rows.ownerships if row["call_id"] == call["id"] and row["to_spec"]]
    truth = [person for _, person in e.conversations[caller.sid]]
    said, was = _without_repeats(p for p in recorded if p in met), _without_repeats(truth)
    if said != was and not _helped(e, call, was, said):
        yield f"owners of {call['id']}: {said}, was {was}"


def _helped(e: Evidence, call: Row, was: list[str], said: list[str]) -> bool:
    """A second helper in the room, a first person who came back beside their relief, changes nobody's ownership."""
    helpers = {stay.who for stay in e.stays_of(call["id"]) if stay.role in ("relief", "consult")}
    alone = [person for person in was if person not in helpers]
    return set(said) <= set(was) and _without_repeats(p for p in said if p not in helpers) == _without_repeats(alone)


def _without_repeats(people: Any) -> list[str]:
    seen = list(people)
    return seen[:1] + [b for a, b in pairwise(seen) if a != b]


def _classes(e: Evidence, caller: LegFacts, call: Row) -> Iterator[str]:
    changes = [row for row in e.rows.class_changes if row["call_id"] == call["id"]]
    by_people = [t for t in e.log.told if t.call == call["id"] and t.what.startswith("class:")]
    for told in by_people:
        if not any(c["to_cls"] == told.what.partition(":")[2] and c["who"] == told.spec for c in changes):
            yield f"class of {call['id']} by {told.spec} is not on record"
    pressed = {entry.data["digit"] for entry in e.by_sid[caller.sid] if entry.kind == "key"}
    asked = {str(change["to_cls"]) for change in changes if change["who"] == "caller"}
    if (asked and not pressed & {"0", "1"}) or ("danger" in asked and "1" not in pressed):
        yield f"class of {call['id']} by a key that was not pressed"
    if any(one["to_cls"] != other["from_cls"] for one, other in pairwise(changes)):
        yield f"classes of {call['id']} do not follow one another"


def _call_stamps(e: Evidence, caller: LegFacts, call: Row) -> Iterator[str]:
    yield from _stamp(f"arrival of {call['id']}", call, "arrived", caller.begun)
    if caller.ended < NEVER:
        left = {"ended_at": call["caller_left_at"], **{name: call[name] for name in SPAN_OF_END}}
        yield from _stamp(f"end of {call['id']}", left, "ended", caller.ended)
    answered = answered_at(e, caller)
    if answered is not None and call["answered_at"]:
        longest = max(span.seconds for span, _ in e.conversations[caller.sid])
        if longest >= UNCLEAR_S and not _first_was_short(e, caller):
            yield from _stamp(f"answer of {call['id']}", call, "answered", answered)


def _first_was_short(e: Evidence, caller: LegFacts) -> bool:
    """A first conversation about as long as the second that counts: whole-second stamps cannot tell."""
    return any(0 < span.seconds < UNCLEAR_S for span, _ in e.conversations[caller.sid])


def _leg_stamps(e: Evidence) -> Iterator[str]:
    for leg in recorded_legs(e):
        row = e.rows.leg.get(leg.sid)
        if row is None:
            continue
        name, stays = f"leg {leg.sid} ({_role(e, leg)})", [s for s in e.stays if s.sid == leg.sid]
        if leg.ended < NEVER and row["ended_at"]:
            yield from _stamp(f"end of {name}", row, "ended", leg.ended)
        if stays and row["joined_at"]:
            yield from _stamp(f"{name} joined", row, "joined", stays[0].begin)
        if stays and row["left_at"] and stays[-1].end < NEVER:
            yield from _stamp(f"{name} left", row, "left", stays[-1].end)


def _stamp(name: str, row: Row, what: str, truth: float) -> Iterator[str]:
    """The carrier's own stamp, or the span in which the truth lies where its callback never came."""
    earliest, latest = row.get(f"{what}_earliest_at"), row.get(f"{what}_latest_at")
    if earliest is None or latest is None:
        if _off(row[f"{what}_at"], truth):
            yield f"{name} by {_by(row[f'{what}_at'], truth)}"
        return
    outside = not earliest.timestamp() - OFF_S <= truth <= latest.timestamp() + OFF_S
    if outside or (latest - earliest).total_seconds() > SPAN_S:
        yield f"{name}: between {_by(earliest, truth)} and {_by(latest, truth)}"


def _off(stamp: datetime | None, truth: float) -> bool:
    return stamp is None or abs(stamp.timestamp() - truth) > OFF_S + EPSILON_S


def _by(stamp: datetime | None, truth: float) -> str:
    return "nothing" if stamp is None else f"{stamp.timestamp() - truth:+.2f} s"


def _twice(e: Evidence) -> Iterator[str]:
    """One fact, written twice."""
    for what, (seen, truth) in _comings_and_goings(e).items():
        for sid, times in seen.items():
            if sid in e.legs and times > truth[sid]:
                yield f"leg {sid} {what} ({_role(e, e.legs[sid])}) {times} times, was {truth[sid]}"
    for kind in ("leg.ended", "call.ended", "call.arrived", "call.leg_gone"):
        name = "sid" if kind.startswith("leg") else ""
        found = Counter(
            (ev["data"].get(name) if name else ev["call_id"], _is_supplied(ev), _rebuilt_in(ev))
            for ev in e.rows.events
            if ev["kind"] == kind and not (kind == "call.arrived" and _rebuilt_in(ev))
        )
        yield from (f"{kind} of {which} {times} times" for (which, *_), times in found.items() if times > 1)


def _rebuilt_in(event: Row) -> str | None:
    """The epoch in which a rebuilt call's event was told: what an earlier board has told is told once more there, and
    only once."""
    return str(event.get("epoch")) if event["data"].get("resurrected") else None
