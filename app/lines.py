"""Lines as data: numbers, keys, languages, wait plans and words; read once, kept as a signed local snapshot (S5)."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Any
from zoneinfo import available_timezones

from app.people.credentials import CredentialKind
from app.secrets import SNAPSHOT, BadToken, Secrets
from app.settings import Settings, wrong_number, wrong_numbers
from routing import policy

SHIPPED = Path(__file__).with_name("lines.json")
#: Name of the snapshot in the data folder.
SNAPSHOT_FILE = "lines.snapshot"
#: How the carrier names the language that words are spoken in.
VOICE = r"[a-z]{2,3}(-[A-Za-z0-9]{2,4})?"


@dataclass(frozen=True)
class Line:
    """One number that callers ring, as the flow needs it."""

    id: str
    number: str
    languages: tuple[str, ...]
    """The first is spoken until the caller chooses another."""
    cls: str
    keys: Mapping[str, str]
    """Digit to meaning: `danger` or `language:<code>`. Any other digit changes nothing."""
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


@dataclass(frozen=True)
class Lines:
    """All lines of a hotline. `raw` is the file itself."""

    raw: Mapping[str, Any]
    by_id: Mapping[str, Line]
    default: str

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
        )

    def dialled(self, number: str | None) -> Line:
        return next((line for line in self.by_id.values() if number and line.number == number), self.line(""))


class BadLines(ValueError):
    """What is wrong with the lines' data, in the operator's words."""


def key_for(keys: Mapping[str, str], meaning: str) -> str:
    """The digit that means it, or empty."""
    return next((digit for digit, means in keys.items() if means == meaning), "")


def parse(raw: Mapping[str, Any]) -> Lines:
    """Lines out of the file's JSON, every word tried once; `BadLines` says what is missing or wrong."""
    try:
        lines = [_line(id_, spec, raw) for id_, spec in raw["lines"].items()]
    except KeyError as missing:
        raise BadLines(f"lines file: {missing} is missing") from None
    except (TypeError, AttributeError) as error:
        raise BadLines(f"lines file: not of the expected shape ({error})") from None
    default = raw.get("default", lines[0].id if lines else "")
    if default not in {line.id for line in lines}:
        raise BadLines(f"lines file: there is no line {default!r}, which is to be the default")
    if raw.get("zone", "UTC") not in available_timezones():
        raise BadLines("lines file: zone is not an IANA time zone, such as Europe/Berlin")
    for line in lines:
        _check(line)
    return Lines(raw, {line.id: line for line in lines}, default)


def _check(line: Line) -> None:
    """What would otherwise be found by a caller."""
    if wrong := wrong_number(line.number):
        raise BadLines(f"line {line.id!r}: its number {wrong}")
    if strange := set(line.credentials) - set(CredentialKind):
        raise BadLines(f"line {line.id!r}: credentials {sorted(strange)} are none of {sorted(CredentialKind)}")
    if not 1 <= line.staff_min <= 99:
        raise BadLines(f"line {line.id!r}: staff_min lies between 1 and 99")
    for digit, meaning in line.keys.items():
        known = {"danger", *(f"language:{code}" for code in line.languages)}
        if not re.fullmatch("[0-9*#]", digit) or meaning not in known:
            raise BadLines(f"line {line.id!r}, key {digit!r}: one of 0 to 9, * and #, and it means {sorted(known)}")
    for code in line.languages:
        if not re.fullmatch(VOICE, line.voices[code]):
            raise BadLines(f"voices: {line.voices[code]!r} for {code!r} is no voice of the carrier, such as en-US")
        for key, text in line.words[code].items():
            _check_words(line, code, key, text)


def _check_words(line: Line, code: str, key: str, text: str) -> None:
    """Each placeholder is one that is filled, with something."""
    facts = {"emergency": line.emergency_words.get(code, ""), "danger": key_for(line.keys, "danger"), "digit": "2"}
    where = f"line {line.id!r}, language {code!r}, words {key!r}"
    try:
        used = {name for _, name, _, _ in Formatter().parse(text) if name is not None}
        text.format_map(facts)
    except (KeyError, ValueError, IndexError, AttributeError, TypeError):
        raise BadLines(f"{where}: placeholders are {{emergency}}, {{danger}} and {{digit}}, nothing else") from None
    for name in used:
        if not facts[name]:
            raise BadLines(f"{where}: {{{name}}} is used, but this line has none")


def _line(id_: str, spec: Mapping[str, Any], raw: Mapping[str, Any]) -> Line:
    common: Mapping[str, Mapping[str, str]] = raw["words"]
    own: Mapping[str, Mapping[str, str]] = spec.get("words", {})
    languages = tuple(spec["languages"])
    steps = spec.get("plan", raw.get("plan"))
    routed = policy.Line(
        id_,
        languages,
        tuple(spec.get("skills", ())),
        tuple(policy.PlanStep(**step) for step in steps) if steps is not None else policy.DEFAULT_PLAN,
    )
    return Line(
        routing=routed,
        id=id_,
        number=spec["number"],
        languages=languages,
        cls=spec.get("class", "standard"),
        keys=dict(spec["keys"]),
        emergency_words=dict(spec["emergency_words"]),
        words={code: {**common[code], **own.get(code, {})} for code in languages},
        voices={code: raw["voices"][code] for code in languages},
        credentials=tuple(spec.get("credentials", ())),
        staff_min=int(spec.get("staff_min", 2)),
    )


def load(settings: Settings, secrets: Secrets) -> Lines:
    """The lines file; where it cannot be read, the last good one from the signed snapshot."""
    path = settings.lines_file or SHIPPED
    snapshot = settings.data_dir / SNAPSHOT_FILE
    try:
        raw = json.loads(path.read_text())
        lines = parse(raw)
    except (OSError, ValueError, KeyError, TypeError) as error:
        wrong = error if isinstance(error, BadLines) else type(error).__name__
        logging.getLogger(__name__).error("lines file is unusable (%s), using the snapshot", wrong)
        return _from_snapshot(snapshot, secrets) or parse(json.loads(SHIPPED.read_text()))
    _keep(snapshot, raw, secrets)
    return lines


def problems(settings: Settings) -> Iterator[str]:
    """What an operator has to put right in the numbers and lines, each in words of their own."""
    yield from wrong_numbers(settings)
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


def _from_snapshot(path: Path, secrets: Secrets) -> Lines | None:
    try:
        return parse(json.loads(secrets.verify(path.read_text(), SNAPSHOT)))
    except (OSError, ValueError, KeyError, TypeError, BadToken):
        return None


def _keep(path: Path, raw: Mapping[str, Any], secrets: Secrets) -> None:
    """Write the snapshot in one step; a full disk must not keep the hotline from starting."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        fresh.write_text(secrets.sign(json.dumps(raw, sort_keys=True).encode(), SNAPSHOT))
        fresh.replace(path)
    except OSError as error:
        logging.getLogger(__name__).warning("snapshot not written (%s)", type(error).__name__)
