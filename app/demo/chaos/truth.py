"""R3's "right": what a lead reads from the board against what is true in the network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.demo.evidence import OURS
from routing.policy import HEAD_START_S
from telephony.emulator import Leg, Network

#: A caller's phase, and who the humans are where some are there.
Phase = tuple[str, frozenset[str]]
NOBODY: frozenset[str] = frozenset()
WAITING: Phase = ("waiting", NOBODY)
#: Board states in which a caller waits, whatever is being tried for them.
WAITS = frozenset({"greeting", "waiting", "doubtful", "offered", "connecting", "backup_ringing"})


def true_phase(net: Network, leg: Leg) -> Phase:
    """Whom this caller hears: specialists, by the labels in the room; an agency; the backup's human; or nobody yet."""
    others = [net.legs[sid] for sid in leg.can_hear()]
    labels = [other.participant.label.partition("_") for other in others if other.participant]
    ours = frozenset(rest.rpartition("_")[0] for role, _, rest in labels if role in OURS)
    if ours:
        return "human", ours
    if labels:
        return "agency", NOBODY
    return ("backup", NOBODY) if others else WAITING


def board_phase(call: Mapping[str, Any]) -> Phase:
    if call["state"] in WAITS:
        return WAITING
    if call["state"] == "talking":
        return "human", frozenset({call["owner"]})
    return ("backup", NOBODY) if call["state"] == "backup_talking" else (call["state"], frozenset({call["owner"]}))


def agrees(truth: Phase, said: Phase | None) -> bool:
    """The same phase, and the board's owner among those who are heard."""
    return said is not None and said[0] == truth[0] and said[1] <= truth[1]


def score(leg: Leg, cls: str) -> float:
    """A caller's true place in the line: first ring and declared class."""
    return leg.created_at - HEAD_START_S[cls]


def true_order(waiting: Iterable[tuple[Leg, str]]) -> list[str]:
    return [leg.sid for leg, cls in sorted(waiting, key=lambda one: score(*one))]


def board_order(calls: Sequence[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """CallSid and class of those who wait, the next one first."""
    waiting = [call for call in calls if call["state"] in WAITS]
    waiting.sort(key=lambda call: (call["arrived_ms"] - HEAD_START_S[call["cls"]] * 1000, call["counter"]))
    return [(call["sid"], call["cls"]) for call in waiting]


def _is_rung_back(net: Network, sid: str) -> bool:
    return sid in net.legs and net.legs[sid].direction != "inbound"


def _by_another_leg(leg: Leg, chose: set[str]) -> bool:
    """Who chose to be rung back (C4) is not to be told by one leg; the scenarios and the judge look at them."""
    return leg.direction != "inbound" or leg.sid in chose


def differences(net: Network, callers: Iterable[tuple[Leg, str]], calls: Sequence[Mapping[str, Any]]) -> list[str]:
    """Each way in which the board is not right; `callers` are the legs with the class that each has declared."""
    chose = {call["sid"] for call in calls if call["callback"]}
    callers = [(leg, cls) for leg, cls in callers if leg.live and not _by_another_leg(leg, chose)]
    calls = [call for call in calls if call["sid"] not in chose and not _is_rung_back(net, call["sid"])]
    said = {call["sid"]: board_phase(call) for call in calls}
    wrong = []
    for leg, _ in callers:
        truth = true_phase(net, leg)
        if not agrees(truth, said.get(leg.sid)):
            wrong.append(f"{leg.sid[-4:]} is {truth}, the board says {said.get(leg.sid)}")
    live = {leg.sid for leg, _ in callers}
    wrong += [f"{sid[-4:]} has gone, the board says {phase}" for sid, phase in said.items() if sid not in live]
    waiting = [(leg, cls) for leg, cls in callers if true_phase(net, leg) == WAITING]
    if not wrong and true_order(waiting) != [sid for sid, _ in board_order(calls)]:
        wrong.append("the order is another")
    return wrong
