"""Lines as data: numbers, keys, languages, wait plans and words.

The operator's file says which lines there are; what leads have edited since (`app.plan`) lies over it. The two together
are kept as a signed local snapshot, with which a process starts when no store answers (S5).
"""

from __future__ import annotations

import json
import logging
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from string import Formatter
from typing import Any
from zoneinfo import available_timezones

from app.partners import agreed
from app.people.credentials import CredentialKind
from app.plan import common, reading, rules, warm
from app.plan.hours import Hours, as_utc, day_begins
from app.plan.reading import SAYINGS, BadPlan, Saying
from app.secrets import SNAPSHOT, BadToken, Secrets
from app.settings import Settings, wrong_number, wrong_numbers
from routing import policy
from routing.states import CallClass

SHIPPED = Path(__file__).with_name("lines.json")
#: Name of the snapshot in the data folder.
SNAPSHOT_FILE = "lines.snapshot"
#: Classes in which a line's callers may begin; an agency that rings back has its own number (C2).
CALLERS = tuple(str(cls) for cls in CallClass if cls != CallClass.agency)


@dataclass(frozen=True)
class Line:
    """One number that callers ring, as the flow needs it."""

    id: str
    number: str
    languages: tuple[str, ...]
    """The first is spoken until the caller chooses another."""
    cls: str
    keys: Mapping[str, str]
    """Digit to meaning: `danger`, `language:<code>`, `callback`, `not_safe`, or of a warm line `crisis`. Any other
    digit changes nothing."""
    emergency_words: Mapping[str, str]
    """Language to the local emergency number as it is spoken."""
    words: Mapping[str, Mapping[str, str]]
    """Language to prompt key to text: this line's own, over the common ones."""
    voices: Mapping[str, str]
    """Language to the voice (`en-US`) that the carrier speaks it with."""
    routing: policy.Line
    """What the board must know of it: skills, wait plan."""
    credentials: tuple[str, ...] = ()
    """Kinds of credential that whoever takes its callers must hold; none unless the file says so."""
    staff_min: int = 2
    """People on shift at once below which an hour counts as thin."""
    hours: Hours | None = None
    """When its own people answer; None: at all times."""
    sayings: tuple[Saying, ...] = SAYINGS
    """Which words are said when to who waits, by seconds since the first ring."""
    zone: str = "UTC"
    """Days of its limit are of this IANA zone."""

    @property
    def crisis(self) -> str:
        """Of a warm line the line to which it leads; of others empty."""
        return self.routing.crisis

    def day_ms(self, ms: int) -> int:
        """When the day of that moment began here, for the limit of a day; 0 without one."""
        return day_begins(ms, self.zone) if self.routing.limit else 0

    def closed_at(self, ms: int) -> bool:
        """A first ring at that moment is outside the opening hours."""
        return self.hours is not None and not self.hours.is_open(as_utc(ms))


@dataclass(frozen=True)
class Edit:
    """What a lead has made of a line: `plan`, `closed_plan`, `hours`, `say` and `words`, as in the lines file."""

    version: int
    data: Mapping[str, Any]


@dataclass
class Lines:
    """All lines of a hotline as they are now. Whoever holds it sees an edit at once, without a restart."""

    raw: Mapping[str, Any]
    """The operator's file."""
    by_id: Mapping[str, Line]
    default: str
    edits: Mapping[str, Edit] = field(default_factory=dict[str, Edit])
    """The newest edit of each line that has been edited."""
    revision: int = 0
    """Greater with every edit of any line; 0: none has been edited."""

    def become(self, other: Lines) -> None:
        """Take over newer data, all at once."""
        self.__dict__.update(other.__dict__)

    @property
    def zone(self) -> str:
        """The hotline's own time zone: days of credentials end by it."""
        return self.raw.get("zone", "UTC")

    @property
    def required(self) -> Mapping[str, tuple[str, ...]]:
        """Kinds of credential by line, for the lines that ask for any."""
        return {line.id: line.credentials for line in self.by_id.values() if line.credentials}

    def line(self, id_: str) -> Line:
        """That line, or the default one: a caller is answered on any number that reaches us."""
        return self.by_id.get(id_) or self.by_id[self.default]

    def board_config(self, backups: int) -> dict[str, Any]:
        """What the board's scripts read; the default line serves whoever rang one that is no more."""
        first = self.line("")
        ordered = [first, *(line for line in self.by_id.values() if line is not first)]
        times = {name: self.raw[f"{name}_s"] for name in policy.TIMES_S if f"{name}_s" in self.raw}
        heads = {**policy.HEAD_START_S, **self.raw.get("head_starts_s", {})}
        return policy.compile_config(
            [line.routing for line in ordered],
            backups=backups,
            priorities=policy.Priorities(head_start_s=heads, default_class=first.cls),
            times_s=times,
            revision=self.revision,
        )

    @property
    def interpreters(self) -> Mapping[str, tuple[str, ...]]:
        """Language to the telephones of those who interpret it, first choice first."""
        return {code: tuple(numbers) for code, numbers in self.raw.get("interpreters", {}).items()}

    def dialled(self, number: str | None) -> Line:
        return next((line for line in self.by_id.values() if number and line.number == number), self.line(""))


class BadLines(ValueError):
    """What is wrong with the lines' data, in the operator's words."""


def key_for(keys: Mapping[str, str], meaning: str) -> str:
    """The digit that means it, or empty."""
    return next((digit for digit, means in keys.items() if means == meaning), "")


def parse(raw: Mapping[str, Any], edits: Mapping[str, Edit] | None = None, revision: int = 0) -> Lines:
    """Lines out of the file's JSON with the edits over it, everything tried once; `BadLines` says what is missing or
    wrong."""
    edits = {id_: edit for id_, edit in (edits or {}).items() if id_ in raw.get("lines", {})}
    try:
        lines = [_line(id_, _edited(id_, spec, raw, edits.get(id_)), raw) for id_, spec in raw["lines"].items()]
    except KeyError as missing:
        raise BadLines(f"lines file: {missing} is missing") from None
    except (TypeError, AttributeError) as error:
        raise BadLines(f"lines file: not of the expected shape ({error})") from None
    except BadPlan as wrong:
        raise BadLines(str(wrong)) from None
    try:
        common.check_heads(raw.get("head_starts_s", {}))
        common.check_interpreters(raw.get("interpreters", {}))
    except BadPlan as wrong:
        raise BadLines(f"lines file: {wrong}") from None
    default = raw.get("default", lines[0].id if lines else "")
    if default not in {line.id for line in lines}:
        raise BadLines(f"lines file: there is no line {default!r}, which is to be the default")
    if raw.get("zone", "UTC") not in available_timezones():
        raise BadLines("lines file: zone is not an IANA time zone, such as Europe/Berlin")
    by_id = {line.id: line for line in lines}
    for line in lines:
        _checked(line)
        if line.crisis and (line.crisis not in by_id or by_id[line.crisis].crisis):
            raise BadLines(f"line {line.id!r}: crisis names the line, no warm one, to which its callers can always go")
    if by_id[default].crisis:
        raise BadLines("lines file: a warm line cannot be the default")
    try:
        agreed.check(raw, {line.id: (*line.routing.plan, *line.routing.closed_plan) for line in lines})
    except BadPlan as wrong:
        raise BadLines(f"lines file: {wrong}") from None
    return Lines(raw, by_id, default, edits, revision)


def usable(raw: Mapping[str, Any], edits: Mapping[str, Edit], revision: int) -> Lines:
    """The same, where the file may have changed since: an edit that does not fit it any more is not followed, which is
    said, and stays the line's newest version."""
    good: dict[str, Edit] = {}
    for id_, edit in edits.items():
        try:
            parse(raw, {id_: edit})
            good[id_] = edit
        except BadLines as wrong:
            logging.getLogger(__name__).error(
                "the edited plan does not fit the lines file and is not followed (%s)", wrong
            )
    lines = parse(raw, good, revision)
    lines.edits = {id_: edit for id_, edit in edits.items() if id_ in lines.by_id}
    return lines


def _edited(id_: str, spec: Mapping[str, Any], raw: Mapping[str, Any], edit: Edit | None) -> Mapping[str, Any]:
    """The line's part of the file with the edit over it. Words that are not a lead's stay the file's."""
    if edit is None:
        return spec
    data = dict(edit.data)
    own: Mapping[str, Mapping[str, str]] = data.get("words", {})
    usual = warm.SAYINGS if spec.get("kind") == "warm" else SAYINGS
    said = {one.words for one in (reading.sayings(data["say"]) if "say" in data else usual)}
    known = {key for code in spec["languages"] for key in raw["words"][code]}
    _named(id_, lambda: rules.check_own_words(own, spec["languages"], known, said))
    given: Mapping[str, Mapping[str, str]] = spec.get("words", {})
    kept = {code: {k: t for k, t in texts.items() if k in rules.NOT_EDITABLE} for code, texts in given.items()}
    data["words"] = {code: {**kept.get(code, {}), **own.get(code, {})} for code in spec["languages"]}
    return {**spec, **data}


def _checked(line: Line) -> None:
    try:
        _check(line)
    except BadPlan as wrong:
        raise BadLines(str(wrong)) from None


def _check(line: Line) -> None:
    """What would otherwise be found by a caller."""
    if wrong := wrong_number(line.number):
        raise BadLines(f"line {line.id!r}: its number {wrong}")
    if strange := set(line.credentials) - set(CredentialKind):
        raise BadLines(f"line {line.id!r}: credentials {sorted(strange)} are none of {sorted(CredentialKind)}")
    if not 1 <= line.staff_min <= 99:
        raise BadLines(f"line {line.id!r}: staff_min lies between 1 and 99")
    if line.cls not in CALLERS:
        raise BadLines(f"line {line.id!r}: its class is one of {', '.join(CALLERS)}")
    for digit, meaning in line.keys.items():
        known = {"danger", "callback", "not_safe", *(f"language:{code}" for code in line.languages)}
        known |= {"crisis"} if line.crisis else set[str]()
        if not re.fullmatch("[0-9*#]", digit) or meaning not in known:
            raise BadLines(f"line {line.id!r}, key {digit!r}: one of 0 to 9, * and #, and it means {sorted(known)}")
    for code in line.languages:
        if not re.fullmatch(common.VOICE, line.voices[code]):
            raise BadLines(f"voices: {line.voices[code]!r} for {code!r} is no voice of the carrier, such as en-US")
        for key, text in line.words[code].items():
            _check_words(line, code, key, text)
    _named(line.id, lambda: _check_plan(line))


def _check_plan(line: Line) -> None:
    rules.check_plan(line.routing.plan)
    rules.check_plan(line.routing.closed_plan, closed=True)
    rules.check_hours(line.hours)
    rules.check_closed_words(line.hours, line.words)
    rules.check_sayings(line.sayings, line.words)
    rules.check_danger_named(line.words, key_for(line.keys, "danger"))
    rules.check_callback(line.routing.plan, line.words, line.keys)
    warm.check(line.crisis, line.routing.limit, line.cls, line.keys, line.words, line.hours)


def _named(id_: str, check: Callable[[], None]) -> None:
    """Whatever is wrong is said with the line's name."""
    try:
        check()
    except BadPlan as wrong:
        raise BadPlan(f"line {id_!r}, {wrong}") from None


def _check_words(line: Line, code: str, key: str, text: str) -> None:
    """Each placeholder is one that is filled, with something."""
    keys = {meaning: key_for(line.keys, meaning) for meaning in ("danger", "callback", "not_safe")}
    facts = {"emergency": line.emergency_words.get(code, ""), **keys, "digit": "2"}
    facts |= {"crisis": key_for(line.keys, "crisis"), "opens": "09:00"} if line.crisis else {}
    where = f"line {line.id!r}, language {code!r}, words {key!r}"
    try:
        used = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
        text.format_map(facts)
    except (KeyError, ValueError, IndexError, AttributeError, TypeError):
        names = "{emergency}, {danger}, {callback}, {not_safe} and {digit}"
        names += ", {crisis} and {opens}" if line.crisis else ""
        raise BadLines(f"{where}: placeholders are {names}, nothing else") from None
    for name in used:
        if not facts[name] and not (key in rules.CALLBACK_WORDS and not rules.has_callback(line.routing.plan)):
            raise BadLines(f"{where}: {{{name}}} is used, but this line has none")


def _line(id_: str, spec: Mapping[str, Any], raw: Mapping[str, Any]) -> Line:
    common: Mapping[str, Mapping[str, str]] = raw["words"]
    own: Mapping[str, Mapping[str, str]] = spec.get("words", {})
    languages = tuple(spec["languages"])
    crisis = warm.crisis_of(id_, spec)
    usual: Mapping[str, Any] = {} if crisis else raw
    steps, closed = (spec.get(name, usual.get(name)) for name in ("plan", "closed_plan"))
    grade = spec.get("class", "warm" if crisis else "standard")
    texts = {code: warm.words({**common[code], **own.get(code, {})}, bool(crisis)) for code in languages}
    hours = reading.hours(spec.get("hours"))
    routed = policy.Line(
        id_,
        languages,
        tuple(spec.get("skills", ())),
        reading.steps(steps) if steps is not None else policy.WARM_PLAN if crisis else policy.DEFAULT_PLAN,
        reading.steps(closed) if closed is not None else policy.WARM_CLOSED_PLAN if crisis else policy.CLOSED_PLAN,
        grade,
        crisis,
        spec.get("limit_a_day", warm.LIMIT) if crisis else 0,
    )
    return Line(
        routing=routed,
        id=id_,
        number=spec["number"],
        languages=languages,
        cls=grade,
        keys=dict(spec["keys"]),
        emergency_words=dict(spec["emergency_words"]),
        words=texts,
        voices={code: raw["voices"][code] for code in languages},
        credentials=tuple(spec.get("credentials", ())),
        staff_min=int(spec.get("staff_min", 2)),
        hours=hours,
        sayings=reading.sayings(spec["say"]) if "say" in spec else warm.SAYINGS if crisis else SAYINGS,
        zone=spec.get("zone") or (hours.zone if hours else raw.get("zone", "UTC")),
    )


def load(settings: Settings, secrets: Secrets) -> Lines:
    """The lines file with the edits of the signed snapshot over it, without asking a store; where the file cannot be
    read, the last good one from the snapshot."""
    path = settings.lines_file or SHIPPED
    raw, edits, revision = _from_snapshot(settings, secrets)
    try:
        given = json.loads(path.read_text())
        parse(given)
    except (OSError, ValueError, KeyError, TypeError) as error:
        wrong = error if isinstance(error, BadLines) else type(error).__name__
        logging.getLogger(__name__).error("lines file is unusable (%s), using the snapshot", wrong)
        return usable(raw or json.loads(SHIPPED.read_text()), edits, revision)
    lines = usable(given, edits, revision)
    keep(settings, secrets, lines)
    return lines


def problems(settings: Settings) -> Iterator[str]:
    """What an operator has to put right in the numbers and lines, each in words of their own."""
    yield from wrong_numbers(settings)
    try:
        agreed.keys(settings)
    except ValueError as error:
        yield str(error)
    try:
        parse(json.loads((settings.lines_file or SHIPPED).read_text()))
    except OSError as error:
        yield f"HOTLINE_LINES_FILE cannot be read: {error.strerror}"
    except BadLines as error:
        yield str(error)
    except ValueError as error:
        yield f"lines file: {error}"


def has_snapshot(settings: Settings) -> bool:
    """Good lines of an earlier start are kept."""
    return (settings.data_dir / SNAPSHOT_FILE).exists()


def _from_snapshot(settings: Settings, secrets: Secrets) -> tuple[Mapping[str, Any] | None, dict[str, Edit], int]:
    """File, edits and revision as they were kept; nothing where there is no good snapshot of ours."""
    try:
        kept = json.loads(secrets.verify((settings.data_dir / SNAPSHOT_FILE).read_text(), SNAPSHOT))
        if "file" not in kept:  # of a version that knew no edits: the file itself
            kept = {"file": kept, "edits": {}, "revision": 0}
        edits = {id_: Edit(edit["version"], edit["data"]) for id_, edit in kept["edits"].items()}
        parse(kept["file"])
        if kept.get("hotline", settings.name) != settings.name:  # of another hotline in the same folder
            return None, {}, 0
    except (OSError, ValueError, KeyError, TypeError, AttributeError, BadToken):
        return None, {}, 0
    return kept["file"], edits, kept["revision"]


def keep(settings: Settings, secrets: Secrets, lines: Lines) -> None:
    """Write the snapshot in one step, unless a process of ours has kept a newer one; a full disk must not keep the
    hotline from starting."""
    if _from_snapshot(settings, secrets)[2] > lines.revision:
        return
    edits = {id_: {"version": edit.version, "data": edit.data} for id_, edit in lines.edits.items()}
    body = {"hotline": settings.name, "file": lines.raw, "edits": edits, "revision": lines.revision}
    path = settings.data_dir / SNAPSHOT_FILE
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(f".new{os.getpid()}")
        fresh.write_text(secrets.sign(json.dumps(body, sort_keys=True).encode(), SNAPSHOT))
        fresh.replace(path)
    except OSError as error:
        logging.getLogger(__name__).warning("snapshot not written (%s)", type(error).__name__)
