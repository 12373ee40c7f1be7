"""The shapes of a line's plan on the wire, the same as in the lines file."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from app.api.fields import Code, In, Language, Out, Short, Zone
from app.context import Context
from app.lines import Line
from app.plan import rules
from app.plan.hours import Hours, Opening
from app.plan.reading import WEEKDAYS
from app.records.models_lines import LineVersion
from app.secrets import NARRATIVE, BadToken
from routing import policy

Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]
Words = Annotated[str, StringConstraints(min_length=1, max_length=rules.WORDS_MAX)]
Reason = Annotated[Short, StringConstraints(min_length=3)]


class Step(In):
    """At `at_s` seconds after the first ring: `tier` opens that tier, `backup` is the last."""

    at_s: Seconds
    step: Literal["tier", "interpreter", "page", "callback", "partner", "backup"]
    tier: int = Field(default=0, ge=0, le=9)
    partner: str = Field(default="", max_length=21)


class OpeningTimes(In):
    """Wall-clock times of the zone; an `end` at or before `start` is on the next day."""

    start: time
    end: time


Openings = Annotated[list[OpeningTimes], Field(max_length=rules.OPENINGS_MAX)]


class Week(In):
    monday: Openings = []
    tuesday: Openings = []
    wednesday: Openings = []
    thursday: Openings = []
    friday: Openings = []
    saturday: Openings = []
    sunday: Openings = []


class HolidayTimes(In):
    """Days, both included, with other hours than the week's; none: closed."""

    first: date
    last: date
    name: Annotated[Short, StringConstraints(max_length=80)] = ""
    openings: Openings = []


class OpeningHours(In):
    zone: Zone
    weekly: Week
    holidays: Annotated[list[HolidayTimes], Field(max_length=rules.HOLIDAYS_MAX)] = []


class Saying(In):
    """From `from_s` seconds after the first ring on, every so many hold turns (of some 20 s) these words are said."""

    from_s: Seconds
    words: Code
    every_turns: int = Field(default=4, ge=1, le=rules.TURNS_MAX)


Steps = Annotated[list[Step], Field(min_length=1, max_length=rules.STEPS_MAX)]
Sayings = Annotated[list[Saying], Field(min_length=1, max_length=rules.SAYINGS_MAX)]
Texts = Annotated[dict[Language, dict[Code, Words]], Field(max_length=20)]


class PlanIn(In):
    """A whole plan. `version`: the one that you had before you; a later one in force refuses yours."""

    version: int = Field(ge=0, le=2**31)
    why: Reason
    plan: Steps
    closed_plan: Steps
    hours: OpeningHours | None = None
    """Null: open at all times."""
    say: Sayings
    words: Texts = {}
    """The line's own words, by language and name, over the common ones."""

    def data(self) -> dict[str, Any]:
        """As it stands in the lines file and in the record."""
        return self.model_dump(mode="json", exclude={"version", "why"})


class PlanOut(Out):
    line: str
    number: str
    languages: list[str]
    version: int
    """0: the operator's file; nobody has edited it."""
    who: str | None
    why: str | None
    saved_at: datetime | None
    plan: list[Step]
    closed_plan: list[Step]
    hours: OpeningHours | None
    say: list[Saying]
    words: dict[str, dict[str, str]]
    common_words: dict[str, dict[str, str]]
    """What is said where the line has no words of its own."""
    open_now: bool
    changes_at: datetime | None
    """When it opens or closes next."""
    backup_numbers: int
    """Telephones of the backup line; 0: the last step rings nobody."""
    backup_max_s: int
    closed_backup_max_s: int


class VersionOut(Out):
    version: int
    who: str
    why: str
    saved_at: datetime
    data: dict[str, Any]


def plan_out(ctx: Context, line: Line, latest: LineVersion | None) -> PlanOut:
    """What is in force, and who made it where the record says so."""
    now = datetime.fromtimestamp(ctx.clock.now(), UTC)
    edit = ctx.lines.edits.get(line.id)
    made = latest if latest and edit and latest.version == edit.version else None
    common = {code: _editable(ctx.lines.raw["words"][code]) for code in line.languages}
    return PlanOut(
        line=line.id,
        number=line.number,
        languages=list(line.languages),
        version=edit.version if edit else 0,
        who=made.who if made else None,
        why=_why(ctx, made) if made else None,
        saved_at=made.at if made else None,
        plan=_steps(line.routing.plan),
        closed_plan=_steps(line.routing.closed_plan),
        hours=_hours(line.hours),
        say=[Saying(from_s=s.from_s, words=s.words, every_turns=s.every_turns) for s in line.sayings],
        words={
            code: {k: t for k, t in _editable(line.words[code]).items() if common[code].get(k) != t} for code in common
        },
        common_words=common,
        open_now=line.hours is None or line.hours.is_open(now),
        changes_at=line.hours.changes_at(now) if line.hours else None,
        backup_numbers=len(ctx.settings.backup_numbers),
        backup_max_s=rules.BACKUP_MAX_S,
        closed_backup_max_s=rules.CLOSED_BACKUP_MAX_S,
    )


def version_out(ctx: Context, row: LineVersion) -> VersionOut:
    return VersionOut(version=row.version, who=row.who, why=_why(ctx, row), saved_at=row.at, data=row.data)


def _why(ctx: Context, row: LineVersion) -> str:
    try:
        return ctx.secrets.decrypt(row.why_cipher, NARRATIVE)
    except BadToken:  # of a key that was given up
        return ""


def _editable(texts: Any) -> dict[str, str]:
    return {key: text for key, text in texts.items() if key not in rules.NOT_EDITABLE}


def _steps(plan: tuple[policy.PlanStep, ...]) -> list[Step]:
    return [Step(at_s=step.at_s, step=step.step, tier=step.tier, partner=step.partner) for step in plan]


def _hours(hours: Hours | None) -> OpeningHours | None:
    if hours is None:
        return None
    week = {day: _openings(openings) for day, openings in zip(WEEKDAYS, hours.weekly, strict=True)}
    free = [
        HolidayTimes(first=h.first, last=h.last, name=h.name, openings=_openings(h.openings)) for h in hours.holidays
    ]
    return OpeningHours(zone=hours.zone, weekly=Week(**week), holidays=free)


def _openings(openings: tuple[Opening, ...]) -> list[OpeningTimes]:
    return [OpeningTimes(start=opening.start, end=opening.end) for opening in openings]
