"""R3's "right": what a lead reads from the board against what is true in the network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from routing.policy import HEAD_START_S
from telephony.emulator import Leg, Network

#: A caller's phase, and the human's name where one is there.
Phase = tuple[str, str]
WAITING: Phase = ("waiting", "")
#: Board states in which a caller waits, whatever is being tried for them.
WAITS = frozenset({"greeting", "waiting", "doubtful", "offered", "connecting", "backup_ringing"})


def true_phase(net: Network, leg: Leg) -> Phase:
    """Whom this caller hears: a specialist, by the label in the room; the backup's human; or nobody yet."""
    for sid in leg.can_hear():
        other = net.legs[sid]
        if other.participant:
            return "human", other.participant.label.partition("_")[2].rpartition("_")[0]
        return "backup", ""
    return WAITING


def board_phase(call: dict[str, Any]) -> Phase:
    if call["state"] in WAITS:
        return WAITING
    if call["state"] == "talking":
        return "human", call["owner"]
    return ("backup", "") if call["state"] == "backup_talking" else (call["state"], call["owner"])


def true_order(waiting: Iterable[tuple[Leg, str]]) -> list[str]:
    """By declared class and first ring."""
    return [leg.sid for leg, cls in sorted(waiting, key=lambda one: one[0].created_at - HEAD_START_S[one[1]])]


def board_order(calls: Sequence[dict[str, Any]]) -> list[str]:
    waiting = [call for call in calls if call["state"] in WAITS]
    waiting.sort(key=lambda call: (call["arrived_ms"] - HEAD_START_S[call["cls"]] * 1000, call["counter"]))
    return [call["sid"] for call in waiting]


def differences(net: Network, callers: Iterable[tuple[Leg, str]], calls: Sequence[dict[str, Any]]) -> list[str]:
    """Each way in which the board is not right; `callers` are the legs with the class that each has declared."""
    callers = [(leg, cls) for leg, cls in callers if leg.live]
    said = {call["sid"]: board_phase(call) for call in calls}
    wrong = []
    for leg, _ in callers:
        truth = true_phase(net, leg)
        if said.get(leg.sid) != truth:
            wrong.append(f"{leg.sid[-4:]} is {truth}, the board says {said.get(leg.sid)}")
    live = {leg.sid for leg, _ in callers}
    wrong += [f"{sid[-4:]} has gone, the board says {phase}" for sid, phase in said.items() if sid not in live]
    waiting = [(leg, cls) for leg, cls in callers if true_phase(net, leg) == WAITING]
    if not wrong and true_order(waiting) != board_order(calls):
        wrong.append("the order is another")
    return wrong
