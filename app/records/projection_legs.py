"""Events of legs, the caller's and everyone else's, into `legs`; ends of the caller's leg into `calls` too."""

from __future__ import annotations

from app.records.pages import Row
from app.records.reading import Reading, Told, first, keep


def leg_asked(r: Reading) -> None:
    if leg := _leg(r):
        first(leg, "asked_at", r.stamp("at_ms") or r.at)


def leg_joined(r: Reading) -> None:
    """A board that was emptied learns of a leg inside once more, and a callback may come after its stamp was supplied:
    that is no second coming."""
    known = r.entity("legs", "sid")
    told = _not_before(known, r.told())
    same = known is not None and known["label"] == r.word("label")
    before = Told.of(known, "joined") if known and same else None
    supplied = before is not None and before.exact is not told.exact
    if leg := _leg(r):
        keep(leg, "joined", told, same=same)
        if told.exact and r.own["answered_latest_at"]:
            keep(r.own, "answered", _later_of_two(r, leg, told), same=True)
        leg["joins"] += 0 if before and (supplied or not leg["left_at"]) else 1
        if leg["left_at"] and leg["left_at"] <= told.at and not supplied:
            leg.update(dict.fromkeys(("left_at", "left_earliest_at", "left_latest_at", "left_reason")))


def leg_left(r: Reading) -> None:
    known = r.entity("legs", "sid")
    same = known is not None and known["label"] == r.word("label")
    leg = _leg(r)
    if leg and keep(leg, "left", r.told(), same=same, last=True):
        leg["left_reason"] = r.word("reason")


def leg_ended(r: Reading) -> None:
    """A stamp of the carrier's own stands over one that was supplied without its callback."""
    leg, told = _leg(r), r.told()
    if leg is None:
        return
    known = Told.of(leg, "ended")
    if known is None or (told.exact and not known.exact):
        told.write(leg, "ended")
        leg["status"] = r.word("status") or leg["status"]
        if leg["role"] == "caller":
            caller_left(r.own, leg)


def _not_before(leg: Row | None, told: Told) -> Told:
    """An emptied board does not know when the leg was asked for: a supplied coming was not before."""
    asked = leg["asked_at"] if leg else None
    if told.exact or asked is None or not told.begin < asked <= told.end:
        return told
    return Told(max(told.at, asked), asked, told.latest)


def caller_left(call: Row, leg: Row) -> None:
    """The call's end is its caller's leg's."""
    call["caller_left_at"] = leg["ended_at"]
    call["ended_earliest_at"], call["ended_latest_at"] = leg["ended_earliest_at"], leg["ended_latest_at"]
    call["carrier_status"] = call["carrier_status"] or leg["status"]


def _later_of_two(r: Reading, leg: Row, told: Told) -> Told:
    """The answer that rests on this coming and on that of the other side."""
    legs = [other for other in r.pages.all("legs") if other["call_id"] == leg["call_id"] and other["joined_at"]]
    others = [o["joined_at"] for o in legs if (o["role"] == "caller") != (leg["role"] == "caller")]
    return Told(max([told.at, *(at for at in others if at <= r.own["answered_latest_at"])]))


def span_of_answer(r: Reading) -> None:
    """Answered is the later of two comings: where that one was supplied, its span is the answer's too."""
    call = r.own
    legs = [leg for leg in r.pages.all("legs") if leg["call_id"] == call["id"] and leg["joined_at"]]
    joins = [told for leg in legs if (told := Told.of(leg, "joined")) and not told.exact]
    near = [told for told in joins if call["answered_at"] and told.may_be(Told(call["answered_at"]))]
    call["answered_earliest_at"] = min((told.begin for told in near), default=None)
    call["answered_latest_at"] = max((told.end for told in near), default=None)


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
