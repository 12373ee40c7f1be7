"""Who may take whom, and who is first: pure functions that compile lines into what the scripts read (section P).

A *lane* is a group of callers that the same people may take: `<line>|<language>|<tier>|<skills joined by +>`. A caller
stands in the lanes that the wait plan has opened; a specialist serves every lane they are eligible for. The language
`*` stands for an interpreter's help, the tier `any` for "anyone on shift and the lead" (attempt and danger).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from routing.states import CallClass

Step = Literal["tier", "interpreter", "page", "callback", "partner", "backup"]

ANY_LANGUAGE = "*"
"""The language of a lane whose callers are served with an interpreter, or by whoever is there."""

ANY_TIER = "any"
"""The tier of the lane that everybody on shift and every lead serves."""

OVER = "over"
"""Of what score a warm line's caller is who was connected there as often today as the line allows: a head start of its
own, no class."""

LEAD_TIER = "lead"
"""The tier of the lane that leads serve. No caller stands in it: a colleague who asks for a lead looks there."""

TIERS = range(1, 10)
"""Tiers that people may be of; the first is a line's own."""

HEAD_START_S: Mapping[str, int] = {
    CallClass.agency: 93_600,
    CallClass.attempt: 3600,
    CallClass.danger: 1800,
    CallClass.urgent: 600,
    CallClass.standard: 0,
    CallClass.warm: -600,
}
"""Seconds by which a class is ahead of a standard caller who rang at the same moment; finite, so nobody starves. An
agency that rings back about an open handoff stands above all queues (C2), and still under the theorem of P1: the
carrier ends every call after 24 hours (L11), so 26 are ahead of an attempt that has waited as long as any call can."""

OVER_S = 1800
"""Seconds by which a caller beyond a day's limit is behind the others of the warm line: finite, so they are served."""

GRAVE = (CallClass.agency, CallClass.attempt, CallClass.danger)
"""Classes whose callers anybody on shift and the lead may take."""

PARALLEL_OFFERS: Mapping[str, int] = {CallClass.attempt: 3, CallClass.danger: 3}
"""Offers open at once for the gravest classes; one for all others."""

TIMES_S: Mapping[str, float] = {
    "ack": 2,  # the console shows the offer, or it is unreachable (P3)
    "offer": 12,  # an offer's deadline (P3)
    "fresh": 12,  # a beat's age at which nobody is routed to a person any more (P)
    "shy": 30,  # after an expiry the person is set aside until touched, at most (P2)
    "exclude": 60,  # a declined pair stays apart (P2)
    "exclude_alone": 15,  # the same when nobody else could take the caller (P2)
    "doubt": 45,  # two missing turns of 20 s and a little (H2)
    "anyone": 10,  # attempt and danger: from then on anyone on shift and the lead (P2)
    "danger_backup": 30,  # after the danger key, if no accept is open (H6)
    "backup_ring": 75,  # ringing, screening and their callbacks; then the number counts as silent (H5)
    "backup_again": 60,  # after the whole backup line failed, it is tried again
    "ask": 8,  # accepted, to the leg's first request (L5)
    "join": 4,  # the request, to the leg's join (L5)
    "media": 4,  # the join, to media at the console (L5)
    "move": 5,  # the move sent, to the caller's join; once more the same (L5)
    "room": 3,  # neither caller nor agency in the room, to its end (L1)
    "silent": 6,  # age of beat or RTP at which a specialist may be lost (L8)
    "others": 3,  # somebody else must have reached us within this (L8)
    "deaf": 5.5,  # nobody at all reached us for longer, not even an idle beat: it was we who were away (L8)
    "grace": 2.5,  # after that, time for a beat from a call (L8)
    "say": 8,  # between two announcements to the caller (L8)
    "relief": 12,  # age of beat at which relief is sought (L8)
    "giveup": 30,  # age of beat at which the room is given up (L8)
    "rejoin": 15,  # the same specialist may come back (L8)
    "asks_on": 30,  # a leg out of its room asks for its next document: 15 s, and as long for its fallback (H3)
    "rounding": 1,  # the carrier's stamps are whole seconds, rounded down
    "callback_page": 900,  # a callback that nobody has taken by the end of the plan: leads are told again (C4)
    "ring_apart": 60,  # between two tries of one person to ring a caller back (C4)
    "ring_again": 600,  # nobody answered: until the callback is offered again
    "rung": 135,  # asked for, to the key: queued for its turn, a telephone that rings 60 s, and words (R4)
    "sits": 10,  # between two looks whether who is to ring back is still at their console
    "unsafe": 7_776_000,  # 90 days: a number that is not safe to call is offered no callback
    "left": 20,  # after a specialist left, before the next is offered (L9)
    "wrap": 120,  # wrap-up
    "returns": 600,  # a conversation broke off: its number ringing again within this is at least urgent
    "verify": 10,  # a new epoch is matched at last (S2)
    "dial": 135,  # an agency rung into the room: tried for 60 s, rings for 60, and its callbacks (L5)
    "interpreter": 60,  # asked for, to being in the room: queued for its turn, and a telephone that rings 30 s (R4)
    "partner": 10,  # a partner hotline is asked to take a caller; what it says later is too late
    "kept": 12,  # somebody is kept free for a caller whom a partner passes on
    "passing": 10,  # after that, how much later that caller's leg may still come
    "effect": 30,  # an effect at the carrier is out of date after this (L3)
    "claim": 1.5,  # an executor's claim on an effect (L3)
    "claim_dial": 8,  # the same of ringing an agency: longer than the carrier may take to answer (L3)
    "retry": 0.5,  # before a failed effect is tried again
    "loose": 300,  # a closed call's legs whose end was not told are looked for
    "keep": 3600,  # a closed call is kept to answer late requests
}
"""The board's timers, in seconds."""


HARD_IN_A_ROW = 2
"""Calls of the gravest classes or with high risk that one person takes in a row; the next such call goes to somebody
else who is free. A pause or a recovery starts anew; where nobody else is free no caller waits for it."""

MISSES = 3
"""Offers missed in a row after which a person is put on a break and a lead is told: they are not there."""


@dataclass(frozen=True)
class PlanStep:
    """At `at_s` since the first arrival the line's callers get this step; `tier` names the tier that opens."""

    at_s: float
    step: Step
    tier: int = 0
    partner: str = ""
    """The hotline that a step of kind `partner` asks."""


DEFAULT_PLAN: tuple[PlanStep, ...] = (
    PlanStep(20, "tier", 2),
    PlanStep(40, "interpreter"),
    PlanStep(60, "page"),
    PlanStep(180, "backup"),
)
"""Tier 1 is open from the start; these follow."""

CLOSED_PLAN: tuple[PlanStep, ...] = (PlanStep(0, "backup"),)
"""The plan of who rings outside the opening hours: the backup line at once."""


WARM_PLAN: tuple[PlanStep, ...] = (PlanStep(60, "tier", 2), PlanStep(120, "interpreter"), PlanStep(600, "backup"))
"""The plan of a warm line: its callers can wait longer, and no lead is called for it."""

WARM_CLOSED_PLAN: tuple[PlanStep, ...] = (PlanStep(45, "backup"),)
"""Outside its opening hours: the key to crisis is named twice before a human line rings."""


@dataclass(frozen=True)
class Line:
    """What routing must know of a line."""

    name: str
    languages: tuple[str, ...] = ("en",)
    """The first one is the line's own."""
    skills: tuple[str, ...] = ()
    """What everybody who takes its callers must have."""
    plan: tuple[PlanStep, ...] = DEFAULT_PLAN
    closed_plan: tuple[PlanStep, ...] = CLOSED_PLAN
    """Instead of `plan` for callers whose first ring was outside the opening hours."""
    cls: str = ""
    """The class in which its callers begin; empty: the hotline's."""
    crisis: str = ""
    """Of a warm line the line to which a key, a person or a transfer up takes its callers; of others empty."""
    limit: int = 0
    """Connected calls a day of one number, beyond which it waits behind the others; 0: no limit."""


@dataclass(frozen=True)
class Priorities:
    """Head starts, parallel offers and preferences; the defaults are section P's."""

    head_start_s: Mapping[str, int] = field(default_factory=lambda: dict(HEAD_START_S))
    parallel: Mapping[str, int] = field(default_factory=lambda: dict(PARALLEL_OFFERS))
    default_class: str = CallClass.standard


def lane(line: str, language: str, tier: int | str, skills: Sequence[str]) -> str:
    """The lane's name. Words in it have neither spaces nor bars."""
    name = f"{line}|{language}|{tier}|{'+'.join(sorted(skills))}"
    if " " in name or name.count("|") != 3:
        raise ValueError("a lane's words may have neither spaces nor bars")
    return name


def lanes_for_person(
    lines: Sequence[Line],
    *,
    role: str,
    languages: Sequence[str],
    skills: Sequence[str] = (),
    tiers: Mapping[str, int] | None = None,
) -> tuple[str, ...]:
    """Lanes a person may take. `tiers` is their tier per line (absent: not theirs); none given: tier 1 of every line
    for a specialist, and for a lead only the lanes of "anyone on shift and the lead" and of leads. A warm line's lanes
    are of those whose lines name it, and whose lines are warm ones only, a peer, takes no crisis call."""
    lanes: list[str] = []
    peer = bool(tiers) and all(line.crisis for line in lines if line.name in tiers)
    for line in lines:
        theirs = tiers is not None and line.name in tiers
        if role != "lead" and not theirs and (line.crisis or peer):
            continue
        lanes.append(lane(line.name, ANY_LANGUAGE, ANY_TIER, line.skills))
        lanes += [lane(line.name, ANY_LANGUAGE, LEAD_TIER, line.skills)] if role == "lead" else []
        tier = tiers.get(line.name) if tiers is not None else (None if role == "lead" else 1)
        if tier is None or not set(line.skills) <= set(skills):
            continue
        spoken = [language for language in line.languages if language in languages]
        lanes += [lane(line.name, language, tier, line.skills) for language in (*spoken, ANY_LANGUAGE)]
    return tuple(lanes)


def lanes_of_colleagues(line: Line, language: str) -> tuple[str, ...]:
    """Lanes of a line's own people who speak the language, whatever their tier: where a colleague is asked for."""
    return tuple(lane(line.name, language, tier, line.skills) for tier in TIERS)


def lanes_of_leads(line: Line) -> tuple[str, ...]:
    return (lane(line.name, ANY_LANGUAGE, LEAD_TIER, line.skills),)


def lanes_for_call(line: Line, language: str, *, closed: bool = False) -> tuple[dict[str, Any], ...]:
    """The wait plan of a caller in `language`: from the start, and at each step, the lanes that open; times in ms.
    `id` says the same of a step in every version of the plan."""
    steps: list[dict[str, Any]] = [
        {"at": 0, "step": "tier", "id": "tier1", "lanes": [lane(line.name, language, 1, line.skills)]},
    ]
    tiers = [1]
    for step in sorted(line.closed_plan if closed else line.plan, key=lambda s: s.at_s):
        opened: list[str] = []
        if step.step == "tier":
            tiers.append(step.tier)
            opened = [lane(line.name, language, step.tier, line.skills)]
        elif step.step == "interpreter":
            opened = [lane(line.name, ANY_LANGUAGE, tier, line.skills) for tier in tiers]
        name = f"tier{step.tier}" if step.step == "tier" else f"{step.step}{step.partner}"
        made: dict[str, Any] = {"at": round(step.at_s * 1000), "step": step.step, "id": name, "lanes": opened}
        steps.append({**made, "partner": step.partner} if step.partner else made)
    return tuple(steps)


def score(arrived_ms: int, cls: str, priorities: Priorities | None = None) -> int:
    """e(x) = a(x) - h(class x), in ms: least is first."""
    heads = (priorities or Priorities()).head_start_s
    return arrived_ms - round(heads[cls] * 1000)


def compile_config(
    lines: Sequence[Line],
    *,
    backups: int = 1,
    priorities: Priorities | None = None,
    times_s: Mapping[str, float] | None = None,
    revision: int = 0,
) -> dict[str, Any]:
    """Everything the scripts read, as JSON-able data. `backups` is how many numbers the backup line has; `times_s`
    replaces single entries of `TIMES_S`. The first line serves callers of a line nobody knows any more. The board
    keeps the configuration of the greatest `revision` that it has seen."""
    if not lines:
        raise ValueError("a hotline has at least one line")
    rules = priorities or Priorities()
    senior_first = {"3": 0, "2": 1, "1": 2}
    heads = {**rules.head_start_s, OVER: rules.head_start_s[CallClass.warm] - OVER_S}
    return {
        "revision": revision,
        "default": lines[0].name,
        "class": str(rules.default_class),
        "backups": backups,
        "misses": MISSES,
        "hard": HARD_IN_A_ROW,
        "head": {str(name): round(seconds * 1000) for name, seconds in heads.items()},
        "parallel": {str(name): count for name, count in rules.parallel.items()},
        "rank": {str(name): rank for rank, name in enumerate(reversed(CallClass), start=1)},
        "levels": {"junior": 1, "intermediate": 2, "senior": 3},
        "prefer": {str(name): senior_first for name in (*GRAVE, CallClass.urgent)},
        "times": {name: round(value * 1000) for name, value in {**TIMES_S, **(times_s or {})}.items()},
        "lines": {
            line.name: {
                "language": line.languages[0],
                "class": line.cls or str(rules.default_class),
                "plans": {language: list(lanes_for_call(line, language)) for language in line.languages},
                "closed": {language: list(lanes_for_call(line, language, closed=True)) for language in line.languages},
                "anyone": [lane(line.name, ANY_LANGUAGE, ANY_TIER, line.skills)],
                **({"crisis": line.crisis, "limit": line.limit} if line.crisis else {}),
            }
            for line in lines
        },
    }
