"""Events of legs, the caller's and everyone else's, into `legs`; ends of the caller's leg into `calls` too."""

from __future__ import annotations

from app.records.pages import Row
from app.records.reading import Reading, first


def leg_asked(r: Reading) -> None:
    if leg := _leg(r):
        first(leg, "asked_at", r.stamp("at_ms") or r.at)


def leg_joined(r: Reading) -> None:
    """A board that was emptied learns of a leg inside once more: that is no second coming."""
    known = r.entity("legs", "sid")
    again = known and known["joined_at"] and not known["left_at"] and known["label"] == r.word("label")
    if leg := _leg(r):
        joined = r.stamp("at_ms") or r.at
        first(leg, "joined_at", joined)
        leg["joins"] += 0 if again else 1
        if leg["left_at"] and leg["left_at"] <= joined:
            leg["left_at"] = leg["left_reason"] = None


def leg_left(r: Reading) -> None:
    if leg := _leg(r):
        left = r.stamp("at_ms") or r.at
        if leg["left_at"] is None or leg["left_at"] <= left:
            leg["left_at"], leg["left_reason"] = left, r.word("reason")


def leg_ended(r: Reading) -> None:
    """A stamp of the carrier's own stands over one that was supplied without its callback."""
    leg = _leg(r)
    if leg is None:
        return
    supplied = r.stamp("earliest_ms") is not None
    if leg["ended_at"] is None or (leg["ended_earliest_at"] is not None and not supplied):
        leg["ended_at"] = r.stamp("at_ms") or r.at
        leg["status"] = r.word("status") or leg["status"]
        r.span(leg)
        if leg["role"] == "caller":
            _end_of_caller(r, leg)


def _end_of_caller(r: Reading, leg: Row) -> None:
    call = r.own
    call["caller_left_at"] = leg["ended_at"]
    call["ended_earliest_at"], call["ended_latest_at"] = leg["ended_earliest_at"], leg["ended_latest_at"]
    call["carrier_status"] = call["carrier_status"] or leg["status"]


#: Kind of event to the stamp of the backup's telephone.
BACKUP = {"ringing": "asked_at", "answered": "joined_at", "failed": "ended_at", "ended": "ended_at"}


def backup(r: Reading) -> None:
    """The backup's telephone has no label and no room; its leg is known by its SID where the carrier told it."""
    what = r.event.kind.partition(".")[2]
    if what in ("ringing", "answered"):
        first(r.own, f"backup_{what}_at", r.at)
    leg = _leg(r)
    if leg is None:
        return
    leg["role"], leg["who"] = "backup", r.word("index") or leg["who"]
    first(leg, BACKUP[what], r.stamp("at_ms") or r.at)
    if BACKUP[what] == "ended_at":
        leg["status"] = r.word("status") or r.word("cause") or leg["status"]


def _leg(r: Reading) -> Row | None:
    leg = r.entity("legs", "sid")
    if leg is not None:
        for name in ("role", "who", "room", "room_sid"):
            leg[name] = leg[name] or r.word(name)
        leg["label"] = r.word("label") or leg["label"]
    return leg
