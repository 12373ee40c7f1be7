"""Each caller in one bucket, the first that applies (T): lost, answered, rolled_over, callback, abandoned."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from app.demo.evidence import Evidence, LegFacts

#: Seconds together that make an answered call; seconds of nothing at all that make a lost one.
ANSWERED_S, SILENCE_S = 1.0, 10.0
#: Words of the goodbye after the caller's own choice (H5).
GOODBYE = ("goodbye", "adiós")


@dataclass(frozen=True)
class Verdict:
    bucket: str
    why: str = ""


def answered_at(e: Evidence, caller: LegFacts) -> float | None:
    """The beginning of the first second that caller and specialist spent together."""
    return next((span.begin for span, _ in e.conversations[caller.sid] if span.seconds >= ANSWERED_S), None)


def rolled_over(e: Evidence, caller: LegFacts) -> bool:
    """A human at the backup line's telephone was put through."""
    return any(entry.kind == "bridge.begin" for entry in e.by_sid[caller.sid])


def why_lost(e: Evidence, caller: LegFacts) -> str:
    """Why this caller counts as lost, or nothing."""
    return next((why for why, lost in LOSSES.items() if lost(e, caller)), "")


def _heard_error(e: Evidence, caller: LegFacts) -> bool:
    return bool(e.heard(caller.sid, "error"))


def _ended_by_us(e: Evidence, caller: LegFacts) -> bool:
    """By anyone but the caller; a person's End call, the backup's human and a goodbye after a choice apart."""
    if caller.ended > e.now or caller.by == "caller":
        return False
    call = next((call for call, leg in e.caller_of.items() if leg.sid == caller.sid), "")
    ended_by_person = call in e.log.ended
    if e.chose(caller):
        return any(leg.ended <= e.now and leg.by != "callee" and not ended_by_person for leg in _back(e, caller))
    after_backup = caller.by == "document" and rolled_over(e, caller) and _said_goodbye(e, caller)
    return not (ended_by_person or after_backup)


def _back(e: Evidence, caller: LegFacts) -> list[LegFacts]:
    return list(e.rung_back.get(caller.sid, ()))


def _said_goodbye(e: Evidence, caller: LegFacts) -> bool:
    said = e.heard(caller.sid, "say")
    return bool(said) and any(word in said[-1].data["text"].lower() for word in GOODBYE)


def _in_silence(e: Evidence, caller: LegFacts) -> bool:
    """Over 10 s with nothing playing and nobody there; what a store's absence excuses is taken out."""
    legs = (caller, *_back(e, caller))
    return any(_unexcused(e, s.begin, s.end) > SILENCE_S for leg in legs for s in e.ledger.silences(leg.sid))


def _unexcused(e: Evidence, begin: float, end: float) -> float:
    excused = sum(max(0.0, min(end, span.end) - max(begin, span.begin)) for span in e.excused)
    return end - begin - excused


def _unhelped(e: Evidence, caller: LegFacts) -> bool:
    """Still there when the drain ended, with no human; or promised to be rung back, and neither spoken with nor closed
    by a person."""
    if e.chose(caller) and answered_at(e, caller) is None:
        return not any(e.log.ended.get(call) for call, leg in e.caller_of.items() if leg.sid == caller.sid)
    if caller.ended <= e.drained or answered_at(e, caller) is not None:
        return False
    return not rolled_over(e, caller)


LOSSES: dict[str, Callable[[Evidence, LegFacts], bool]] = {
    "heard the carrier's error": _heard_error,
    "ended by somebody else": _ended_by_us,
    "silence": _in_silence,
    "not helped": _unhelped,
}


def bucket(e: Evidence, caller: LegFacts) -> Verdict:
    """The first that applies: who was rung back and spoken with is answered, who could not be reached `callback`."""
    if why := why_lost(e, caller):
        return Verdict("lost", why)
    if answered_at(e, caller) is not None:
        return Verdict("answered")
    if rolled_over(e, caller):
        return Verdict("rolled_over")
    if e.chose(caller):
        return Verdict("callback")
    return Verdict("abandoned", e.log.reasons.get(caller.sid, ""))


def dropped_by_us(e: Evidence, caller: LegFacts) -> bool:
    """Answered, then left without a human who had not said goodbye, and hung up in that later wait."""
    spans = e.conversations[caller.sid]
    if answered_at(e, caller) is None or caller.by != "caller":
        return False
    return caller.ended - max(span.end for span, _ in spans) > ANSWERED_S
