"""One call, one owner, and the reverse (promise 2): double_assigned and ghost_offers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import combinations

from app.demo.evidence import NEVER, OURS, Evidence, Stay

#: Seconds that a message may be under way between board and screen without two things being true at once.
INSTANT_S = 0.25
#: Seconds that an offer may stand after the call's end was told us; and after the end itself where it was not told.
OFFER_STANDS_S, UNTOLD_S = 1.0, 60.0
#: Seconds that a specialist may sit alone in the room of a caller who had gone before the accept.
ALONE_S = 5.0


def double_assigned(e: Evidence) -> list[str]:
    """Each way in which one person had two calls, or one call two owners."""
    return [*_in_two_calls(e), *_talking_while_offered(e), *_two_owners(e), *_connected_twice(e)]


def _people(e: Evidence) -> Iterator[Stay]:
    """Stays of our people's legs, each until its device died."""
    for stay in e.stays:
        leg = e.legs[stay.sid]
        if leg.person:
            yield Stay(stay.sid, stay.room, stay.label, stay.begin, min(stay.end, leg.died), stay.reason)


def _in_two_calls(e: Evidence) -> Iterator[str]:
    by_person: dict[str, list[Stay]] = {}
    for stay in _people(e):
        by_person.setdefault(e.legs[stay.sid].person, []).append(stay)
    for person, stays in by_person.items():
        for one, other in combinations(stays, 2):
            if e.call_of_room.get(one.room) != e.call_of_room.get(other.room) and _overlap(one, other) > 0:
                yield f"{person} in two calls' rooms at {max(one.begin, other.begin):.1f}"


def _overlap(one: Stay, other: Stay) -> float:
    return min(one.end, other.end) - max(one.begin, other.begin)


def _talking_while_offered(e: Evidence) -> Iterator[str]:
    talks = [(span, person) for spans in e.conversations.values() for span, person in spans]
    for shown in e.log.shown:
        until = e.now if shown.until is None else shown.until
        for span, person in talks:
            if person == shown.spec and min(span.end, until) - max(span.begin, shown.at) > INSTANT_S:
                yield f"{person} talks and is shown offer {shown.offer}"


def _two_owners(e: Evidence) -> Iterator[str]:
    """Two people's legs as owners of one call at once, and no record that the later one became it in between."""
    owners = [stay for stay in _people(e) if stay.role == "owner"]
    for one, other in combinations(owners, 2):
        call = e.call_of_room.get(one.room)
        if one.who == other.who or call != e.call_of_room.get(other.room) or _overlap(one, other) <= 0:
            continue
        later = max(one, other, key=lambda stay: stay.begin)
        recorded = [o for o in e.rows.ownerships if o["call_id"] == call and o["to_spec"] == later.who]
        if not recorded:
            yield f"two owners of {call}"


def _connected_twice(e: Evidence) -> Iterator[str]:
    connected = Counter(ev["data"].get("offer") for ev in e.rows.events if ev["kind"] == "offer.connected")
    yield from (f"offer {offer} connected {times} times" for offer, times in connected.items() if times > 1)
    winners: dict[str, set[str]] = {}
    for won in e.log.won:
        winners.setdefault(won.offer, set()).add(won.spec)
    yield from (f"offer {offer} won by two people" for offer, specs in winners.items() if len(specs) > 1)


def ghost_offers(e: Evidence) -> list[str]:
    """Offers shown for callers who have gone, and people who answered one of them."""
    return [*_shown_too_long(e), *_alone(e)]


def _shown_too_long(e: Evidence) -> Iterator[str]:
    call_of = {offer["id"]: offer["call_id"] for offer in e.rows.offers}
    for shown in e.log.shown:
        first = e.caller_of.get(call_of.get(shown.offer, ""))
        caller = first and e.last_leg(first)
        if caller is None or caller.ended == NEVER:
            continue
        until = e.now if shown.until is None else shown.until
        told = e.delivered.get(caller.sid)
        may_stand = caller.ended + UNTOLD_S if told is None else told + OFFER_STANDS_S
        if until > may_stand:
            yield f"offer {shown.offer} shown for a caller who had gone"


def _alone(e: Evidence) -> Iterator[str]:
    """Somebody let into the room of a caller who had gone before the accept."""
    accepts = sorted(e.log.won, key=lambda won: won.at)
    for stay in _people(e):
        call = e.call_of_room.get(stay.room, "")
        first = e.caller_of.get(call)
        caller = first and e.last_leg(first)
        accepted = [won.at for won in accepts if won.call == call and won.spec == stay.who and won.at <= stay.begin]
        if caller is None or not accepted or caller.ended >= accepted[-1] or stay.role not in OURS:
            continue
        if _alone_s(e, stay) > ALONE_S:
            yield f"{stay.who} alone in the room of a caller who had gone"


def _alone_s(e: Evidence, stay: Stay) -> float:
    """Seconds of this stay before anybody else came."""
    others: Iterable[Stay] = (o for o in e.stays if o.room == stay.room and o.sid != stay.sid and o.end > stay.begin)
    end = min(stay.end, e.now)
    return max(0.0, min([end, *(other.begin for other in others)]) - stay.begin)
