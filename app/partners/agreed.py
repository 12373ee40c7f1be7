"""What two operators have agreed: the entry `partners` of the lines file, and a shared key for each pair."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from app.plan.reading import BadPlan
from app.settings import Settings, wrong_number
from routing.policy import PlanStep
from routing.states import CallClass

NAME = r"[a-z][a-z0-9]{0,20}"
KEY_MIN = 32
"""Characters of a pair's key: a shorter one could be guessed."""
CLASSES = (CallClass.urgent, CallClass.standard, CallClass.warm)
"""Who may be passed on at all: in danger the own people and the backup line are nearer (H6)."""
FIELDS = frozenset({"url", "number", "shows", "known_as", "line", "classes"})


@dataclass(frozen=True)
class Partner:
    """Another hotline, as agreed."""

    name: str
    url: str
    """Its public address, for callers that we pass on; empty: we only take theirs."""
    number: str
    """What we dial there; it belongs to the line that they keep for us."""
    shows: str
    """The number that its calls to us show."""
    known_as: str
    """Our name there."""
    line: str
    """Our line on which its callers come; empty: we take none."""
    classes: tuple[str, ...]
    """Classes that are passed on, either way."""


def partners(raw: Mapping[str, Any]) -> dict[str, Partner]:
    """The partners in a checked lines file."""
    return {name: _partner(name, given) for name, given in raw.get("partners", {}).items()}


def _partner(name: str, given: Mapping[str, Any]) -> Partner:
    text = {key: str(given.get(key, "")) for key in ("url", "number", "shows", "known_as", "line")}
    return Partner(
        name, **{**text, "url": text["url"].rstrip("/")}, classes=tuple(given.get("classes", map(str, CLASSES)))
    )


def keys(settings: Settings) -> dict[str, bytes]:
    """The shared keys by partner; `ValueError` says what is wrong, never a key."""
    text = settings.partner_keys.get_secret_value()
    try:
        given = json.loads(text) if text else {}
    except ValueError:
        given = None
    if not isinstance(given, dict) or not all(isinstance(v, str) and len(v) >= KEY_MIN for v in given.values()):
        raise ValueError(
            f"HOTLINE_PARTNER_KEYS: a JSON object of keys by partner, each of at least {KEY_MIN} characters"
        )
    return {name: value.encode() for name, value in given.items()}


def check(raw: Mapping[str, Any], lines: Mapping[str, Iterable[PlanStep]]) -> None:
    """The entry `partners`, and the steps that name one. `lines`: every step of a line's plans."""
    given = raw.get("partners", {})
    if not isinstance(given, Mapping):
        raise BadPlan("partners: names with what was agreed are expected")
    for name, one in given.items():
        _check(str(name), one, lines)
    for id_, steps in lines.items():
        for step in steps:
            if step.step == "partner" and not given.get(step.partner, {}).get("url"):
                raise BadPlan(f"line {id_!r}: its plan names a partner that is none, or has no url")


def _check(name: str, one: Any, lines: Mapping[str, Any]) -> None:
    where = f"partner {name[:20]!r}"
    if not re.fullmatch(NAME, name) or not isinstance(one, Mapping) or set(one) - FIELDS:
        raise BadPlan(f"{where}: named by small letters and digits; it has {', '.join(sorted(FIELDS))}")
    if not re.fullmatch(NAME, str(one.get("known_as", ""))):
        raise BadPlan(f"{where}: known_as is missing: our name there")
    if one.get("url") and (urlsplit(str(one["url"])).scheme not in ("http", "https") or not one.get("number")):
        raise BadPlan(f"{where}: a url is an https address, and number what is dialled there")
    for field in ("number", "shows"):
        if one.get(field) and (wrong := wrong_number(str(one[field]))):
            raise BadPlan(f"{where}: {field} {wrong}")
    if one.get("line") and one["line"] not in lines:
        raise BadPlan(f"{where}: we have no such line")
    if set(one.get("classes", ())) - {str(cls) for cls in CLASSES}:
        raise BadPlan(f"{where}: classes are some of {', '.join(CLASSES)}")
