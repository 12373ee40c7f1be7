"""A right edit of the sample line, and wrong ones."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

RIGHT: dict[str, Any] = {
    "plan": [
        {"at_s": 15, "step": "tier", "tier": 2},
        {"at_s": 30, "step": "interpreter"},
        {"at_s": 45, "step": "page"},
        {"at_s": 90, "step": "backup"},
    ],
    "closed_plan": [{"at_s": 0, "step": "page"}, {"at_s": 0, "step": "backup"}],
    "hours": {
        "zone": "America/New_York",
        "weekly": {"monday": [{"start": "08:00", "end": "20:00"}]},
        "holidays": [{"first": "2026-12-24", "last": "2026-12-26", "name": "Christmas"}],
    },
    "say": [
        {"from_s": 0, "words": "still_here", "every_turns": 4},
        {"from_s": 60, "words": "long_wait", "every_turns": 3},
    ],
    "words": {
        "en": {"long_wait": "It takes longer than usual. Stay with me.", "closed": "We are closed. Press {danger}."},
        "es": {"long_wait": "Tarda más de lo normal. Quédese conmigo."},
    },
}


def edited(change: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    data = copy.deepcopy(RIGHT)
    change(data)
    return data


def steps(*plan: tuple[float, str]) -> list[dict[str, Any]]:
    return [{"at_s": at, "step": step} for at, step in plan]


#: What is changed, and what is said about it.
WRONG: list[tuple[Callable[[dict[str, Any]], Any], str]] = [
    (lambda d: d.update(plan=[]), "the last step must be the backup line"),
    (lambda d: d.update(plan=steps((10, "backup"), (20, "page"))), "the last step must be the backup line"),
    (lambda d: d.update(plan=steps((901, "backup"))), "must ring after 900 s at the latest"),
    (lambda d: d.update(plan=steps((20, "page"), (10, "backup"))), "in the order of their seconds"),
    (lambda d: d.update(plan=steps((5, "page"), (6, "page"), (9, "backup"))), "page stands in it twice"),
    (lambda d: d.update(plan=steps((1, "backup"), (2, "backup"))), "backup stands in it twice"),
    (lambda d: d["plan"][0].update(tier=1), "a step opens a tier from 2 to 9"),
    (lambda d: d["plan"][1].update(tier=3), "only a step of kind tier names one"),
    (lambda d: d.update(closed_plan=steps((61, "backup"))), "outside the opening hours: the backup line must ring"),
    (lambda d: d.update(closed_plan=steps((0, "page"))), "outside the opening hours: the last step"),
    (lambda d: d.update(closed_plan=steps((0, "callback"), (5, "backup"))), "no callback, since nobody of ours"),
    (
        lambda d: (
            d.update(plan=steps((5, "callback"), (90, "backup"))),
            d["words"]["en"].update(callback_safe="If it is safe, press {callback}."),
        ),
        "must name the key, as {not_safe}",
    ),
    (lambda d: d["hours"].update(weekly={}), "the line would never open"),
    (lambda d: d["hours"]["holidays"][0].update(last="2026-12-01"), "its last day lies before its first"),
    (lambda d: d["hours"]["holidays"].append({"first": "2026-12-25", "last": "2026-12-25"}), "another one covers"),
    (lambda d: d["say"].pop(0), "begin at second 0"),
    (lambda d: d["say"].append({"from_s": 60, "words": "still_here"}), "in the order of their seconds"),
    (lambda d: d["say"].append({"from_s": 90, "words": "nowhere"}), "'nowhere' has no text in en, es"),
    (lambda d: d["words"]["es"].pop("long_wait"), "'long_wait' has no text in es"),
    (lambda d: d["words"].update(fr={"closed": "Fermé."}), "this line does not speak 'fr'"),
    (lambda d: d["words"]["en"].update(misspelt="Hello."), "not words of this line"),
    (lambda d: d["words"]["en"].update(screen="Press 1."), "not words of this line"),
    (lambda d: d["words"]["en"].update(greeting="Hello."), "they must name the danger key"),
    (lambda d: d["words"]["en"].update(closed="Closed."), "they must name the danger key"),
    (lambda d: d["words"]["en"].update(hold="Call {number}."), "placeholders are {emergency}, {danger}"),
    (lambda d: d["words"]["en"].update(hold="\u0007"), "control characters"),
]
