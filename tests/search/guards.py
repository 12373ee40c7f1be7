"""Which guards of the scripts the search sees missing (T2), and why it cannot see the others missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.routing.test_guards import guards, without
from tests.search.explore import Broken, Search
from tests.search.worlds import World

SMALL = "1x1 legs"
REACHED: dict[str, str] = {
    **dict.fromkeys(
        ("accept_owner", "accept_state", "ack_owner", "ack_state", "decline_owner", "decline_state"), SMALL
    ),
    **dict.fromkeys(("arrive_once", "other_leg", "gone_once", "leg_once", "old_turn", "closed_turn", "lower"), SMALL),
    **dict.fromkeys(
        ("backup_state", "backup_index", "effect_once", "excluded", "recover_state", "extend_state"), SMALL
    ),
    **dict.fromkeys(("epoch", "older", "not_after"), SMALL),
    **dict.fromkeys(("end_owner", "leave_owner", "media_owner", "rejoin_state"), SMALL),
    **dict.fromkeys(("seat_offer", "seat_token", "seat_once"), SMALL),
    "closed_sticky": "1x1 ended",
    "deaf_ourselves": "1x1 silent",
    "fresh": "1x2 legs",
    "parallel": "2x2 board",
    "rejoin_owner": "2x2 board, core",
}
"""A guard that is seen missing, and the world in which it is, soonest."""

UNREACHED: dict[str, tuple[str, ...]] = {
    "leads, help and hold are no events of the search": (
        *("lead_ear", "lead_elsewhere", "lead_free", "lead_ghost", "lead_only", "lead_room", "lead_seat_once"),
        *("lead_token", "take_over_join", "take_over_once", "take_over_state", "mode_once"),
        *("help_closed", "help_once", "help_owner", "hold_owner", "hold_state", "hold_stay"),
    ),
    "colleagues who are asked in are none": (
        *("ask_excluded", "ask_lane", "ask_once", "ask_owner", "ask_state", "ask_verify", "unask_owner"),
        *("hand_once", "hand_owner", "hand_state", "hand_there"),
    ),
    "no interpreter is rung": (
        *("interpreter_alone", "interpreter_ghost", "interpreter_late", "interpreter_once", "interpreter_owner"),
        "interpreter_state",
    ),
    "the plan of the search has no callback": (
        *("callback_leg", "callback_step", "callback_grave", "callback_withheld", "callback_unsafe", "callback_state"),
        *("callback_gone", "ring_unsafe", "ring_max", "ring_apart", "ring_owner", "ring_state", "ring_once"),
        *("ring_late", "rung_away", "rung_once", "rung_late", "keep_once", "class_away", "away_sticky"),
    ),
    "agencies and clinical facts are none": (
        *("agency_room", "dial_room", "twin", "twin_joined", "handoff_once", "fact_once", "clinical_once", "end_risk"),
        *("one_executor", "failed_try"),
    ),
    "there is one epoch, its verification is over, and nothing is refilled": (
        *("verify_call", "verify_spec", "beat_epoch", "refill_state"),
    ),
    "no class is set twice by one id, no lease taken, no key pressed at the backup line after the end": (
        *("class_once", "lease", "backup_alive"),
    ),
    "duplicates come right behind their original, and then the state of the leg itself refuses them": ("join_once",),
    "of a person in wrap-up no token is kept, which refuses before it": ("seat_state",),
    "not missed in the boards that were searched: what goes wrong without them is healed by later callbacks, or needs "
    "a longer way": (*("join_after_leave", "old_room", "leave_of_old", "old_leg_left", "heir_of_nobody", "rejoining"),),
}
"""Guards that the search does not see missing, by why; the stories of `tests/routing` do."""

Edit = Callable[[str], str]


def broken(world: World, path: str, edit: Edit | None, *, states: int) -> str:
    """How the search fails within so many boards, or nothing. A script that raises is a failure too."""
    search = Search(world, path, edit)
    try:
        search.run(states=states)
    except (Broken, AssertionError) as error:
        return str(error)
    finally:
        search.close()
    return ""


def found(name: str, worlds: Sequence[World], path: str, *, states: int) -> tuple[World, str] | None:
    """The first of these worlds in which the scripts without this guard go wrong."""
    for world in worlds:
        if how := broken(world, path, without(name), states=states):
            return world, how
    return None


def all_guards() -> list[str]:
    return guards()
