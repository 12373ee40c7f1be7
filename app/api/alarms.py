"""What an alarm asks of whom: codes that the console says in the viewer's language."""

from __future__ import annotations

from collections.abc import Mapping

#: Alarms that the call's own people and the owners of its open handoffs hear too: leads alone could be asleep.
FOR_THE_CALL = frozenset({"agency_failed", "effect_failed", "hold_long", "help"})

#: What to do next, by the alarm's kind.
TODO: Mapping[str, str] = {
    "agency_failed": "dial_by_hand",
    "backup_failed": "answer_waiting",
    "callback_waiting": "answer_waiting",
    "danger": "answer_waiting",
    "declared_high": "look_at_call",
    "help": "join_call",
    "hold_long": "unhold",
    "lost_specialist": "look_at_call",
    "microphone": "check_microphone",
    "missed_offers": "ask_person",
    "page": "answer_waiting",
    "ring_back": "answer_waiting",
}
#: The same for `effect_failed`, by what could not be done at the carrier.
TODO_FAILED: Mapping[str, str] = {
    "dial_agency": "dial_by_hand",
    "dial_interpreter": "ask_again",
    "dial_caller": "ask_again",
    "complete_leg": "hang_up_by_hand",
    "end_room": "hang_up_by_hand",
    "hold": "ask_again",
    "unhold": "ask_again",
    "supervise": "ask_again",
}
#: Where nothing particular helps.
LOOK = "look_at_call"


def todo(kind: str, failed: str = "") -> str:
    """A code for the next step; `failed` is the kind of the effect that an `effect_failed` speaks of."""
    return TODO_FAILED.get(failed, LOOK) if kind == "effect_failed" else TODO.get(kind, LOOK)
