"""Form fields and query filters read as the carrier reads them: typed, each wrong value refused with its own code."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from telephony.emulator import rest_errors as errors
from telephony.emulator.rest_errors import Known, refuse

#: E.164: a plus and up to 15 digits, the first not 0.
E164 = re.compile(r"\+[1-9]\d{1,14}")
#: A softphone's address; custom parameters may follow the identity.
CLIENT = re.compile(r"client:[A-Za-z0-9_]{1,121}(\?.*)?")
#: A TwiML application as a callee.
APP = re.compile(r"app:AP[0-9a-fA-F]{32}(\?.*)?")
SIP = re.compile(r"sips?:[^\s@]+@[^\s@]+")

TRUE_WORDS = frozenset({"true", "1", "yes"})
FALSE_WORDS = frozenset({"false", "0", "no"})


def names(text: str) -> frozenset[str]:
    """Field names, written as words."""
    return frozenset(text.split())


class Form:
    """The fields of one request; names that the resource does not define are kept apart and otherwise ignored."""

    def __init__(self, pairs: Iterable[tuple[str, str]], known: frozenset[str]) -> None:
        self._fields: dict[str, list[str]] = {}
        for name, value in pairs:
            self._fields.setdefault(name, []).append(value)
        self.unknown = sorted(set(self._fields) - known)

    def has(self, name: str) -> bool:
        return name in self._fields

    def text(self, name: str, default: str = "") -> str:
        """The last value given, as the carrier takes it; blank counts as absent where nothing else is said."""
        return self._fields[name][-1] if name in self._fields else default

    def boolean(self, name: str) -> bool | None:
        word = self.text(name).lower()
        if not word:
            return None
        if word not in TRUE_WORDS | FALSE_WORDS:
            raise refuse(errors.BAD_PARAMETER, name)
        return word in TRUE_WORDS

    def flag(self, name: str, default: bool) -> bool:
        value = self.boolean(name)
        return default if value is None else value

    def whole(self, name: str, least: int, most: int, refusal: Known) -> int | None:
        """A whole number in its range."""
        word = self.text(name)
        if not word:
            return None
        if not (word.isascii() and word.isdigit()) or not least <= int(word) <= most:
            raise refuse(refusal, name)
        return int(word)

    def url(self, name: str, refusal: Known = errors.BAD_URL) -> str:
        """An absolute http(s) address (its fragment may carry connection overrides), or blank."""
        word = self.text(name)
        if word and not is_url(word):
            raise refuse(refusal, name)
        return word

    def method(self, name: str, default: str = "POST", refusal: Known = errors.BAD_METHOD) -> str:
        word = self.text(name).upper() or default
        if word not in ("GET", "POST"):
            raise refuse(refusal, name)
        return word

    def events(self, name: str, allowed: frozenset[str], default: str) -> tuple[str, ...]:
        """Events given as repeated fields, as words in one field, or both."""
        words = " ".join(self._fields.get(name, [])).split() or default.split()
        for word in words:
            if word not in allowed:
                raise refuse(errors.BAD_EVENT, word)
        return tuple(dict.fromkeys(words))


def is_url(text: str) -> bool:
    """Whether `text` is an absolute http(s) address with a host."""
    try:
        parts = urlsplit(text)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        return False


def day_filter(query: Mapping[str, str], name: str) -> Callable[[float | None], bool]:
    """The test that `Name`, `Name<` and `Name>` put to a time: in that day, no later, no earlier (UTC, inclusive)."""
    on, until, since = (_span(query.get(f"{name}{sign}"), name, whole_day=not sign) for sign in ("", "<", ">"))
    if not (on or until or since):
        return lambda _at: True
    low = max(span[0] for span in (on, since, (float("-inf"), 0.0)) if span)
    high = min(span[1] for span in (on, until, (0.0, float("inf"))) if span)
    return lambda at: at is not None and low <= at < high


def _span(text: str | None, name: str, *, whole_day: bool) -> tuple[float, float] | None:
    """The seconds that a date (its day) or a time (its second, or its day) covers.

    The official client writes a date as midnight, so that equality always means the day.
    """
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text.strip().replace("Z", "+00:00"))
    except ValueError:
        raise refuse(errors.BAD_PARAMETER, name) from None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    if whole_day:
        moment = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    length = timedelta(days=1) if whole_day or len(text.strip()) == len("2026-01-01") else timedelta(seconds=1)
    return moment.timestamp(), (moment + length).timestamp()


def one_of(value: str, allowed: Sequence[str], name: str) -> str:
    """`value` if it is allowed, else a refusal that names the field."""
    if value not in allowed:
        raise refuse(errors.BAD_PARAMETER, name)
    return value
