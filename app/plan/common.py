"""What must be true of the parts of a lines file that all lines share. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

from app.plan.reading import BadPlan
from app.settings import wrong_number
from routing.states import CallClass

#: How the carrier names the language that words are spoken in.
VOICE = r"[a-z]{2,3}(-[A-Za-z0-9]{2,4})?"


def check_heads(heads: Any) -> None:
    """Head starts are finite, or a class would never be reached by the others (P1)."""
    known = {str(cls) for cls in CallClass}
    if not isinstance(heads, Mapping) or not all(name in known and _finite(value) for name, value in heads.items()):
        raise BadPlan(f"head_starts_s: a finite number of seconds for each of {', '.join(sorted(known))}")


def check_interpreters(given: Any) -> None:
    """A list of telephones by language, each of which may be rung (C7)."""
    if not isinstance(given, Mapping):
        raise BadPlan("interpreters: languages with their telephone numbers are expected")
    for code, numbers in given.items():
        if not re.fullmatch(VOICE, str(code)) or not isinstance(numbers, list) or not numbers:
            raise BadPlan(f"interpreters: {str(code)[:20]!r} is no language with a list of numbers")
        for number in numbers:
            if wrong := wrong_number(str(number)):
                raise BadPlan(f"interpreters of {code!r}: a number {wrong}")


def _finite(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
