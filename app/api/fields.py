"""Field types of the API: what may be in an id, a text, a code. Limits are on everything that comes in."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import available_timezones

from fastapi import Path
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, NaiveDatetime, StringConstraints

from app.people.recurrence import YEARS

#: Characters of a narrative: two dense pages.
NARRATIVE_MAX = 8_000
#: Milliseconds since the epoch in the year 2286: larger ones are no times.
LATEST_MS = 9_999_999_999_999


class In(BaseModel):
    """A request: unknown fields are refused, so that a misspelt one is not lost in silence."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True)


class Out(BaseModel):
    """An answer."""

    model_config = ConfigDict(frozen=True)


def _printable(text: str) -> str:
    """No control characters but line breaks and tabs: stores refuse some, and screens play tricks with others."""
    if any(unicodedata.category(letter) == "Cc" and letter not in "\n\r\t" for letter in text):
        raise ValueError("control characters are not allowed")
    return text


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("this is not an IANA time zone, such as Europe/Berlin")
    return name


def _zoned(moment: datetime) -> datetime:
    """Without an offset it is UTC; the first and last year of the calendar cannot be moved between zones."""
    if not 1900 < moment.year < 2200:
        raise ValueError("the year must lie between 1901 and 2199")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _on_the_minute(moment: datetime) -> datetime:
    if moment.year not in YEARS:
        raise ValueError(f"the year must lie between {YEARS.start} and {YEARS.stop - 1}")
    if moment.second or moment.microsecond:
        raise ValueError("shifts begin and end on the minute")
    return moment


Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
"""Any id of ours."""
PathId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{8,64}$")]
"""An idempotency key, made by the client: repeating it changes nothing."""
Tab = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
"""Which tab asks: the token of an accept is for one."""
Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Narrative = Annotated[str, StringConstraints(max_length=NARRATIVE_MAX), AfterValidator(_printable)]
Short = Annotated[str, StringConstraints(max_length=200), AfterValidator(_printable)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=120), AfterValidator(_printable)]
Login = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._@+-]{1,120}$", to_lower=True)]
Password = Annotated[str, StringConstraints(max_length=256, strip_whitespace=False)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$")]
Line = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$")]
Zone = Annotated[str, StringConstraints(max_length=64), AfterValidator(_zone)]
Moment = Annotated[datetime, AfterValidator(_zoned)]
Millis = Annotated[int, Field(ge=0, le=LATEST_MS)]
RowId = Annotated[int, Field(ge=1, le=2**63 - 1)]
"""An id that the database numbers; beyond it the database would refuse the question itself."""
Wall = Annotated[NaiveDatetime, AfterValidator(_on_the_minute)]
"""A wall-clock time of a shift's own zone, without an offset."""
