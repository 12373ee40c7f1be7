"""What makes a line a warm one: whom it leads to, its limit, its words. Pure.

A warm line is for somebody to talk to: its callers come after those of crisis lines, peers answer them, and one key
leads to the crisis line at any time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from string import Formatter
from typing import Any

from app.people.walltime import zone_of
from app.plan.hours import Hours
from app.plan.reading import BadPlan, Saying

#: Connected calls a day of one number, beyond which it waits behind the others, unless the file says otherwise.
LIMIT = 2
#: The greatest limit that is one.
LIMIT_MAX = 50
#: Words of a warm line alone, and the common ones in whose place they are said.
INSTEAD = {
    "greeting": "warm",
    "closed": "warm_closed",
    "first_hold": "warm_first_hold",
    "closed_hold": "warm_closed_hold",
    "over": "warm_over",
}
#: Words on hold, of which a caller hears every other turn how to get to the crisis line.
STILL_HERE = "warm_still_here"
SAYINGS = (Saying(0, STILL_HERE, 2),)
#: How a time of the week is spoken.
TIMES = ("weekdays", "clock")
WORDS = frozenset({*INSTEAD.values(), STILL_HERE, *TIMES})
#: Whoever waits hears in each of them which key leads to the crisis line.
NAME_CRISIS = (*INSTEAD.values(), STILL_HERE)


def crisis_of(id_: str, spec: Mapping[str, Any]) -> str:
    """The line to which a warm line leads; empty for any other kind of line."""
    kind = spec.get("kind", "crisis")
    if kind not in ("crisis", "warm"):
        raise BadPlan(f"line {id_!r}: its kind is crisis or warm")
    if kind == "crisis":
        return ""
    if not isinstance(spec.get("crisis"), str) or not spec["crisis"]:
        raise BadPlan(f"line {id_!r}: a warm line names its crisis line, as crisis")
    return spec["crisis"]


def words(texts: Mapping[str, str], warm: bool) -> dict[str, str]:
    """A line's words: those of warm lines only where it is one."""
    return {key: text for key, text in texts.items() if warm or key not in WORDS}


def check(
    crisis: str,
    limit: Any,
    cls: str,
    keys: Mapping[str, str],
    texts: Mapping[str, Mapping[str, str]],
    hours: Hours | None,
) -> None:
    """A warm line's callers know at every turn how to get to the crisis line, and can."""
    if not crisis:
        return
    if not isinstance(limit, int) or isinstance(limit, bool) or not 0 <= limit <= LIMIT_MAX:
        raise BadPlan(f"limit_a_day: a whole number from 0 (no limit) to {LIMIT_MAX}")
    if cls != "warm":
        raise BadPlan("the class of a warm line is warm")
    if not {"crisis", "danger"} <= set(keys.values()):
        raise BadPlan("a warm line has a key that means crisis, and one that means danger")
    for code, known in texts.items():
        for name in (*NAME_CRISIS, *(TIMES if hours else ())):
            if not known.get(name):
                raise BadPlan(f"words {name!r} are missing in {code}")
        for name in NAME_CRISIS:
            if "crisis" not in {field for _, field, _, _ in Formatter().parse(known[name])}:
                raise BadPlan(f"words {name!r} in {code}: they must name the key to the crisis line, as {{crisis}}")


def opens(hours: Hours | None, at: datetime, texts: Mapping[str, str]) -> str:
    """When a closed line opens, as it is spoken: the day of the week and the time. Empty when that is far away."""
    moment = hours.changes_at(at) if hours and not hours.is_open(at) else None
    if hours is None or moment is None or not texts.get("weekdays"):
        return ""
    local = moment.astimezone(zone_of(hours.zone))
    day = texts["weekdays"].split(",")[local.weekday()].strip()
    return f"{day} {local.strftime(texts.get('clock', '%H:%M')).lstrip('0')}"
