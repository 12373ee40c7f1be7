"""What one event changes in the rows: pure, and the same however often or in whatever batches events come (S3).

The table at the end says which function a kind of event goes to. Facts (stamps, identities) are filled in whenever they
come; what is *now* (state, class, owner) only by an event newer, by (epoch, n), than the last one applied to the call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from app.records.pages import Pages, Row
from app.records.projection_clinical import clinical, handoff_fact, handoff_opened
from app.records.projection_legs import (
    backup,
    caller_left,
    leg_asked,
    leg_ended,
    leg_joined,
    leg_left,
    span_of_answer,
)
from app.records.reading import Reading, Told, first, instant, word
from routing.board import Event
from routing.states import Call, Outcome, Role

__all__ = ["CONTACT_WINDOW", "project"]

#: A number that rings again within this time of its last call's end goes on with the same contact (C8).
CONTACT_WINDOW = timedelta(hours=2)
#: Together for less than this is not yet answered (T).
ANSWERED_AFTER = timedelta(seconds=1)

#: State of a call to the stamp of its first being in it.
STAMPS: Mapping[str, str] = {
    Call.waiting: "waiting_at",
    Call.talking: "talking_at",
    Call.backup_ringing: "backup_ringing_at",
    Call.backup_talking: "backup_answered_at",
    Call.closed: "closed_at",
}
#: Outcomes, the one that wins first (T).
OUTCOMES = [str(outcome) for outcome in Outcome]


def project(pages: Pages, event: Event, call_id: str, window: timedelta = CONTACT_WINDOW) -> str | None:
    """Apply one event that was never applied before; a word if something about it is wrong."""
    call = pages.change("calls", call_id) if call_id else None
    reading = Reading(pages, event, call, newer=_is_newer(call, event), window=window)
    if call is not None:
        _advance(reading, call)
    handler = KINDS.get(event.kind)
    return handler(reading) if handler and (call is not None or event.kind in WITHOUT_CALL) else None


def _is_newer(call: Row | None, event: Event) -> bool:
    return call is None or (event.epoch, event.n) > (call["last_epoch"], call["last_n"])


def _advance(reading: Reading, call: Row) -> None:
    """What every event of a call says: the state afterwards."""
    event = reading.event
    stamp = STAMPS.get(event.state)
    if stamp and not (call["passed_on"] and stamp.startswith("backup_")):  # it is the partner's Dial
        first(call, stamp, reading.at)
    if not reading.newer:
        return
    if call["last_epoch"] and call["last_epoch"] != event.epoch:
        _remember_outcome(call, event.epoch)
    call["last_epoch"], call["last_n"] = event.epoch, event.n
    call["state"] = event.state or call["state"]


def _remember_outcome(call: Row, epoch: str) -> None:
    """A new epoch may know nothing of an earlier conversation; the record does."""
    began = instant(int(epoch.partition("-")[0])) if epoch.partition("-")[0].isdigit() else None
    if call["talking_at"] and (began is None or began - call["talking_at"] >= ANSWERED_AFTER):
        call["outcome_before"] = str(Outcome.answered)
    elif call["backup_answered_at"] and not call["outcome_before"]:
        call["outcome_before"] = str(Outcome.rolled_over)


# -- the call


def _arrived(r: Reading) -> None:
    call, arrived = r.own, r.stamp("arrived_ms") or r.at
    call["sid"] = call["sid"] or r.word("sid")
    for name in ("line", "language", "cls"):
        r.now(name, r.word(name))
    call["first_language"] = call["first_language"] or r.word("language")
    call["first_cls"] = call["first_cls"] or r.word("cls")
    first(call, "arrived_at", arrived)
    call["resurrected"] = call["resurrected"] or r.flag("resurrected") is True
    _identify(r)
    for name, value in (("verification", r.word("verification")), ("counter", r.number("counter"))):
        call[name] = value if call[name] is None else call[name]
    call["passed_from"] = call["passed_from"] or r.word("via")
    if call["returning"] is None:
        call["returning"] = r.flag("returning")
    _join_contact(r, arrived)
    if sid := call["sid"]:
        leg = r.pages.change("legs", sid)
        leg["call_id"], leg["role"] = call["id"], "caller"
        first(leg, "asked_at", arrived)


def _identify(r: Reading) -> None:
    """A number once seen stands: a call resurrected without it is not a withheld one."""
    call = r.own
    call["number_hash"] = call["number_hash"] or r.word("number_hash")
    call["number_cipher"] = call["number_cipher"] or r.word("number_cipher")
    if call["number_hash"]:
        call["withheld"] = False
    elif call["withheld"] is None:
        call["withheld"] = r.flag("withheld")


def _join_contact(r: Reading, arrived: datetime) -> None:
    call, number = r.own, r.own["number_hash"]
    if call["contact_id"] is None:
        known = [c for c in r.pages.all("contacts") if number and c["number_hash"] == number and _near(c, arrived, r)]
        found = max(known, key=lambda c: (c["last_at"], c["id"]), default=None)
        call["contact_id"] = found["id"] if found else "k" + call["id"]
    contact = r.pages.change("contacts", call["contact_id"])
    contact["number_hash"] = contact["number_hash"] or number
    _touch(contact, arrived)


def _near(contact: Row, arrived: datetime, r: Reading) -> bool:
    return contact["first_at"] - r.window <= arrived <= contact["last_at"] + r.window


def _touch(contact: Row, at: datetime) -> None:
    first(contact, "first_at", at)
    contact["last_at"] = max(contact["last_at"] or at, at)


def _state(r: Reading) -> None:
    r.now("cause", r.word("cause"))


def _class(r: Reading) -> None:
    r.now("cls", r.word("to"))
    change = r.pages.change("class_changes", r.key)
    change.update(n=r.event.n, call_id=r.own["id"], from_cls=r.word("from"), to_cls=r.word("to"))
    change.update(who=r.word("who"), why=r.word("why"), at=r.at)


def _language(r: Reading) -> None:
    r.now("language", r.word("to"))


def _key(r: Reading) -> None:
    meaning = r.word("meaning") or ""
    if meaning == "danger":
        first(r.own, "danger_key_at", r.at)
    if meaning in ("callback_yes", "callback_no"):
        r.now("safe_to_call", meaning.removeprefix("callback_"))


def _passing(r: Reading) -> None:
    """A partner hotline rings for the caller, or does no more."""
    if r.newer:
        r.own["passed_on"] = r.word("partner") if r.event.kind == "partner.ringing" else None


def _leg_gone(r: Reading) -> None:
    first(r.own, "caller_left_at", r.stamp("at_ms") or r.at)


def _ended(r: Reading) -> None:
    call, ended = r.own, r.stamp("ended_ms") or r.at
    first(call, "closed_at", r.at)
    if (r.newer and not _told_again(r)) or call["ended_at"] is None:
        call["ended_at"] = ended
        call["passed_on"] = r.word("passed_on")
        call["outcome"] = _graver(call["outcome_before"], r.word("outcome"))
        talked = call["talking_at"] if call["outcome"] == Outcome.answered else None
        earlier = talked if call["outcome_before"] == Outcome.answered else None  # before the board was emptied
        answered = earlier or r.stamp("answered_ms") or talked
        call["answered_at"] = _together_since(r, answered) if answered and call["resurrected"] else answered
        call["side"], call["end_cause"] = r.word("side"), r.word("cause")
        call["carrier_status"] = r.word("carrier_status") or call["carrier_status"]
        call["ended_earliest_at"], call["ended_latest_at"] = r.stamp("earliest_ms"), r.stamp("latest_ms")
        span_of_answer(r)
    leg = r.pages.get("legs", call["sid"])
    if leg and leg["ended_at"]:  # it knows best, and whether that was supplied
        caller_left(call, leg)
    first(call, "caller_left_at", ended)
    if call["contact_id"] and (contact := r.pages.get("contacts", call["contact_id"])):
        _touch(contact, ended)
        r.pages.change("contacts", contact["id"])


def _told_again(r: Reading) -> bool:
    """An emptied board knows only that the leg is over; the record knows how the call ended: a person ended it, or it
    is the same end."""
    known = Told.of(r.own, "ended")
    same = known is not None and known.may_be(r.told("ended_ms"))
    return r.flag("resurrected") is True and (same or r.own["side"] == "specialist")


def _together_since(r: Reading, at: datetime) -> datetime:
    """An emptied board knows of a conversation from then on: the record knows who had come before and stayed."""
    ours = (leg for leg in r.pages.all("legs") if leg["call_id"] == r.own["id"])
    there = [leg for leg in ours if leg["joined_at"] and leg["joined_at"] <= at <= (leg["left_at"] or at)]
    callers = [leg["joined_at"] for leg in there if leg["role"] == Role.caller]
    owners = [leg["joined_at"] for leg in there if leg["role"] in (Role.owner, Role.relief)]
    return min((max(mine, theirs) for mine in callers for theirs in owners), default=at)


def _graver(before: str | None, now: str | None) -> str | None:
    return min((o for o in (before, now) if o in OUTCOMES), key=OUTCOMES.index, default=now)


# -- offers and engagements


def _offer_made(r: Reading) -> None:
    offer = r.entity("offers", "offer")
    if offer is None:
        return
    for name in ("spec", "kind", "cls", "language", "line"):
        offer[name] = offer[name] or r.word(name)
    first(offer, "made_at", r.at)
    offer["ack_by_at"], offer["deadline_at"] = r.stamp("ack_by_ms"), r.stamp("deadline_ms")
    offer["state"] = offer["state"] or "offered"
    if offer["kind"] in (None, "call"):
        first(r.own, "first_offer_at", r.at)


#: Kind of event to (the offer's state or none, its stamp).
OFFER: Mapping[str, tuple[str | None, str]] = {
    "offer.acked": (None, "acked_at"),
    "offer.accepted": ("accepted", "accepted_at"),
    "offer.connected": ("connected", "connected_at"),
    **{f"offer.{end}": (end, "over_at") for end in ("expired", "rescinded", "unreachable", "failed", "declined")},
}


def _offer(r: Reading) -> None:
    offer = r.entity("offers", "offer")
    if offer is None:
        return
    state, stamp = OFFER[r.event.kind]
    offer["spec"] = offer["spec"] or r.word("spec")
    first(offer, stamp, r.at)
    if state and (r.newer or offer["state"] in (None, "offered")):
        offer["state"], offer["cause"] = state, r.word("cause") or r.word("reason")
    if state == "accepted":
        first(r.own, "first_accept_at", r.at)


def _engagement_started(r: Reading) -> None:
    if engagement := r.entity("engagements", "engagement"):
        engagement["spec"] = engagement["spec"] or r.word("spec")
        engagement["role"] = engagement["role"] or r.word("role")
        engagement["offer_id"] = engagement["offer_id"] or r.word("offer")
        engagement["state"] = engagement["state"] or word(r.event.data, "state") or "connecting"
        first(engagement, "started_at", r.at)


def _engagement_state(r: Reading) -> None:
    engagement, state = r.entity("engagements", "engagement"), r.word("to")
    if engagement is None or state is None:
        return
    engagement["spec"] = engagement["spec"] or r.word("spec")
    engagement["role"] = r.word("role") or engagement["role"]
    if state == "reconnecting":
        engagement["reconnecting_at"] = max(engagement["reconnecting_at"] or r.at, r.at)
    elif f"{state}_at" in engagement:
        first(engagement, f"{state}_at", r.at)
    if r.newer and engagement["state"] != "done":
        engagement["state"], engagement["cause"] = state, r.word("cause")


def _owner(r: Reading) -> None:
    """A board refilled after its data was lost says again who owns; only a change is a record."""
    to = r.word("to_spec")
    if r.newer and r.own["owner"] == to:
        return
    r.now("owner", to, unknown=True)
    record = r.pages.change("ownerships", r.key)
    record.update(n=r.event.n, call_id=r.own["id"], from_spec=r.word("from_spec"), to_spec=to)
    record.update(reason=r.word("reason"), engagement_id=r.word("engagement"), at=r.at)


KINDS: Mapping[str, Callable[[Reading], Any]] = {
    "call.arrived": _arrived,
    "call.state": _state,
    "call.class": _class,
    "call.language": _language,
    "call.line": lambda r: r.now("line", r.word("to")),
    "call.key": _key,
    "call.leg_gone": _leg_gone,
    "call.ended": _ended,
    "offer.made": _offer_made,
    **dict.fromkeys(OFFER, _offer),
    "engagement.started": _engagement_started,
    "engagement.state": _engagement_state,
    "engagement.owner": _owner,
    "leg.asked": leg_asked,
    "leg.joined": leg_joined,
    "leg.left": leg_left,
    "leg.ended": leg_ended,
    **{f"backup.{word}": backup for word in ("ringing", "answered", "failed", "ended")},
    "partner.ringing": _passing,
    "partner.failed": _passing,
    "clinical": clinical,
    "handoff.opened": handoff_opened,
    "handoff.fact": handoff_fact,
}
"""Other kinds (presence, duty, plan, alarms, effects, epochs) are kept in the log alone."""

#: Kinds that find their call by themselves.
WITHOUT_CALL = frozenset({"handoff.fact"})
