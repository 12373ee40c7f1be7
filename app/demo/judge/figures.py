"""How long it took, and what happened: waits, routes, and the events that a run must have seen (T1)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import combinations

from app.demo.evidence import Evidence, LegFacts, Row
from app.demo.judge.buckets import answered_at, dropped_by_us
from app.demo.scripts import is_full

#: States in which scripted callers hang up.
HANG_UP_STATES = (
    "greeting", "waiting", "offered", "connecting", "talking", "reconnecting", "backup_ringing", "agency", "private",
)  # fmt: skip
#: Seconds between two entries of the ledger that are one fact.
EPSILON_S = 0.05
#: Ends of an offer that make its specialist unable to take the next one for a while.
SET_ASIDE = ("declined", "expired", "unreachable", "failed")


def percentile(values: Sequence[float], share: float) -> float | None:
    """The nearest-rank percentile; None of nothing."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None


def waits(e: Evidence) -> list[float]:
    """First ring to answered, seconds."""
    times = ((answered_at(e, caller), caller.begun) for caller in e.callers)
    return [answered - begun for answered, begun in times if answered is not None]


def waits_of_all(e: Evidence) -> list[float]:
    """The same of all callers; who was not answered waited at least until their end."""
    ends = ((answered_at(e, caller), caller) for caller in e.callers)
    return [(min(c.ended, e.now) if at is None else at) - c.begun for at, c in ends]


def routes_ms(e: Evidence) -> list[float]:
    """From the later of arrival and release to the offer's receipt at a console, ms.

    Arrival: the end of the greeting, when the caller begins to wait; release: the specialist was idle, and present.
    The console is on this machine, so its receipt stands for the bytes' leaving the server. Only first offers of
    callers whose wait plan had not begun to open other groups, to people who had not been set aside.
    """
    made = {row["id"]: row for row in e.rows.offers}
    firsts = {row["call_id"]: row["id"] for row in reversed(e.rows.offers)}
    free = _events_by_spec(e)
    found = []
    for shown in e.log.shown:
        row = made.get(shown.offer)
        if row is None or row["kind"] != "call" or firsts[row["call_id"]] != shown.offer:
            continue
        call = next(c for c in e.rows.calls if c["id"] == row["call_id"])
        if call["waiting_at"] is None or _set_aside(free.get(shown.spec, ()), row):
            continue
        ready = max([_at(call["waiting_at"]), *_released(free.get(shown.spec, ()), row), *_opened(e, row)])
        found.append(max(0.0, shown.at - ready) * 1000)
    return found


def _events_by_spec(e: Evidence) -> Mapping[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for event in e.rows.events:
        if event["spec"]:
            found.setdefault(event["spec"], []).append(event)
    return found


def _released(events: Sequence[Row], offer: Row) -> Iterator[float]:
    """When this person last became routable before the offer."""
    for event in events:
        freed = event["kind"] == "specialist.duty" and event["data"].get("to") == "idle"
        if (freed or event["kind"] == "specialist.presence") and event["at"] <= offer["made_at"]:
            yield _at(event["at"])


def _set_aside(events: Sequence[Row], offer: Row) -> bool:
    ends = {f"offer.{end}" for end in SET_ASIDE}
    return any(ev["kind"] in ends and 0 <= (offer["made_at"] - ev["at"]).total_seconds() < 60 for ev in events)


def _opened(e: Evidence, offer: Row) -> Iterator[float]:
    """Steps of the wait plan, and changes of class or language: the caller became another person's to take."""
    kinds = ("call.plan", "call.class", "call.language", "call.line", "call.behind", "callback.kept")
    for event in e.rows.events:
        if event["call_id"] == offer["call_id"] and event["kind"] in kinds and event["at"] <= offer["made_at"]:
            yield _at(event["at"])


def _at(stamp: object) -> float:
    return stamp.timestamp()  # type: ignore[attr-defined]


# ---------------------------------------------------------------- what happened (T1)


def happened(e: Evidence) -> dict[str, int]:
    """How often each kind of event happened, from the ledger and the record rather than from the scripts."""
    return {**_hang_ups(e), **_of_offers(e), **_of_people(e), **_of_callers(e), **_of_the_wire(e)}


def _hang_ups(e: Evidence) -> dict[str, int]:
    """By the call's state when its caller hung up, as the record's log has it."""
    count = Counter[str]()
    for row in e.rows.calls:
        states = [ev for ev in e.rows.events if ev["call_id"] == row["id"] and ev["kind"] == "call.state"]
        last = next((ev for ev in states if ev["data"].get("to") in ("closed", "agency_only")), None)
        if row["side"] == "caller" and last:
            offered = any(o["call_id"] == row["id"] and o["over_at"] == last["at"] and _open(o) for o in e.rows.offers)
            count["offered" if offered else last["data"]["from"]] += 1
    count["private"] = sum(_left_while_private(e, caller) for caller in e.callers if caller.by == "caller")
    count["agency"] = sum(_left_an_agency(e, caller) for caller in e.callers if caller.by == "caller")
    return {f"hang_up_{state}": count[state] for state in HANG_UP_STATES}


def _left_an_agency(e: Evidence, caller: LegFacts) -> bool:
    """The caller hung up while a call-taker was in the room."""
    mine = (stay for stay in e.stays if stay.sid == caller.sid)
    rooms = {stay.room for stay in mine if stay.begin <= caller.ended <= stay.end + EPSILON_S}
    there = (stay for stay in e.stays if stay.room in rooms and stay.role == "agency")
    return any(stay.begin < caller.ended < stay.end for stay in there)


def _left_while_private(e: Evidence, caller: LegFacts) -> bool:
    """The caller hung up on hold, while the owner and a colleague heard each other."""
    call = next((call for call, leg in e.caller_of.items() if leg.sid == caller.sid), "")
    ours = [stay.sid for stay in e.stays_of(call) if e.legs[stay.sid].person and stay.begin < caller.ended < stay.end]
    talk = any(
        span.begin < caller.ended <= span.end + EPSILON_S
        for one, other in combinations(ours, 2)
        for span in e.ledger.together(one, other)
    )
    last = max((span.end for span, _ in e.conversations[caller.sid]), default=caller.ended)
    return talk and last < caller.ended - EPSILON_S


def _open(offer: Row) -> bool:
    """It ended unanswered, because its caller had gone."""
    return offer["kind"] == "call" and offer["state"] == "rescinded" and offer["accepted_at"] is None


def _of_offers(e: Evidence) -> dict[str, int]:
    states = Counter(row["state"] for row in e.rows.offers)
    kinds = Counter(row["kind"] for row in e.rows.offers if row["state"] == "connected")
    words = {"declined": "declined", "lapsed": "expired", "unreachable": "unreachable", "rescinded": "rescinded"}
    return {name: states[state] for name, state in words.items()} | {
        "relieved": kinds["relief"],
        "consulted": kinds["consult"],
        "asked_to_take_over": kinds["transfer"],
        "handed_over": sum(row["reason"] == "transfer" for row in e.rows.ownerships),
    }


def _of_people(e: Evidence) -> dict[str, int]:
    did = Counter(what for _, _, what in e.log.did)
    acts = Counter(told.what.partition(":")[0] for told in e.log.told)
    ended = sum(1 for row in e.rows.calls if row["side"] == "specialist")
    return {
        "device_died": len(e.ledger.of("leg.died")),
        "rejoined": did["rejoins"],
        "signed_in_again": did["signs_in_again"],
        "left": did["leaves"],
        "ended_by_specialist": ended,
        "risk_recorded": acts["risk"],
        "safe_to_call_recorded": acts["safe"],
        "class_changed": acts["class"],
        "handoffs": len(e.rows.handoffs),
    }


def _of_callers(e: Evidence) -> dict[str, int]:
    callers = {caller.sid for caller in e.callers}
    keys = Counter(entry.data["digit"] for entry in e.ledger.of("key") if entry.sid in callers)
    told = Counter(event["kind"] for event in e.rows.events)
    return {
        "callback_taken": told["callback.kept"],
        "rung_back": sum(1 for caller in e.callers if e.chose(caller) and answered_at(e, caller) is not None),
        "not_reached": sum(1 for row in e.rows.calls if row["outcome"] == "callback"),
        "danger_key": keys["1"],
        "spanish": sum(1 for row in e.rows.calls if row["language"] == "es"),
        "wrong_key": sum(n for digit, n in keys.items() if digit not in ("0", "1", "2", "3")),
        **_of_the_warm_line(e),
        "withheld": sum(1 for row in e.rows.calls if row["withheld"]),
        "returned": sum(1 for row in e.rows.calls if row["returning"]),
        "dropped_by_us": sum(dropped_by_us(e, caller) for caller in e.callers),
        "patience_over": sum(1 for why in e.log.reasons.values() if why == "patience"),
    }


def _of_the_warm_line(e: Evidence) -> dict[str, int]:
    """Peers who answered, and callers who came from there to the crisis line: by key, and by a peer's hand."""
    moved = [event["data"] for event in e.rows.events if event["kind"] == "call.line"]
    return {
        "warm_answered": sum(1 for row in e.rows.calls if row["line"] == "warm" and row["outcome"] == "answered"),
        "warm_to_crisis": sum(1 for data in moved if data["why"] == "key"),
        "warm_up": sum(1 for data in moved if data["why"] == "transfer up"),
    }


def _of_the_wire(e: Evidence) -> dict[str, int]:
    wire = Counter(entry.kind for entry in e.ledger.entries)
    reordered = sum(1 for entry in e.ledger.of("webhook.delayed") if entry.data.get("reorder"))
    return {
        "callbacks_duplicated": wire["webhook.duplicated"],
        "callbacks_lost": wire["webhook.dropped"],
        "callbacks_reordered": reordered,
        "callbacks_delayed": wire["webhook.delayed"] - reordered,
        "requests_refused": len(e.log.refused),
    }


#: Scripted kinds: the part of a caller's script that asks for it, or nothing where the carrier or the deck does.
SCRIPTED: Mapping[str, str] = {
    **{f"hang_up_{state}": f"hangs_up_{state}" for state in HANG_UP_STATES if state != "agency"},
    "callback_taken": "rung_back",
    "rung_back": "rung_back",
    "not_reached": "not_reached",
    "consulted": "consulted",
    "handed_over": "transferred",
    "hang_up_agency": "hangs_up_with_agency",
    "declined": "",
    "lapsed": "",
    "unreachable": "",
    "rescinded": "hangs_up_offered",
    "device_died": "device_dies",
    "signed_in_again": "device_dies",
    "left": "specialist_leaves",
    "ended_by_specialist": "silent",
    "risk_recorded": "urgent",
    "safe_to_call_recorded": "urgent",
    "class_changed": "urgent",
    "handoffs": "handoff",
    "danger_key": "danger_key",
    "warm_answered": "warm",
    "warm_to_crisis": "warm_to_crisis",
    "warm_up": "warm_up",
    "spanish": "spanish",
    "wrong_key": "wrong_key",
    "withheld": "withheld",
    "returned": "line_drops",
    "callbacks_duplicated": "",
    "callbacks_lost": "",
    "callbacks_reordered": "",
    "callbacks_delayed": "",
}


def missing(e: Evidence, count: Callable[[str], int]) -> list[str]:
    """Scripted kinds that did not happen. A run too small to play every part owes only the parts it played."""
    played = {script.kind for script in e.log.scripts.values()}
    full = is_full(len(e.log.scripts))
    owed = [kind for kind, part in SCRIPTED.items() if (part in played if part else full)]
    return [kind for kind in owed if count(kind) == 0]
