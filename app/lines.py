"""Lines as data: numbers, keys, languages, wait plans and words; read once, kept as a signed local snapshot (S5)."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.secrets import SNAPSHOT, BadToken, Secrets
from app.settings import Settings
from routing import policy

SHIPPED = Path(__file__).with_name("lines.json")
#: Name of the snapshot in the data folder.
SNAPSHOT_FILE = "lines.snapshot"


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
    routing: policy.Line
    """What the board must know of it: skills, wait plan."""


@dataclass(frozen=True)
class Lines:
    """All lines of a hotline. `raw` is the file itself."""

    raw: Mapping[str, Any]
    by_id: Mapping[str, Line]
    default: str

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


def parse(raw: Mapping[str, Any]) -> Lines:
    """Lines out of the file's JSON; raises `KeyError`, `TypeError` or `ValueError` where something is missing."""
    common: Mapping[str, Mapping[str, str]] = raw["words"]
    lines = [_line(id_, spec, common, raw.get("plan")) for id_, spec in raw["lines"].items()]
    if not lines:
        raise ValueError("no line")
    return Lines(raw, {line.id: line for line in lines}, raw.get("default", lines[0].id))


def _line(id_: str, spec: Mapping[str, Any], common: Mapping[str, Mapping[str, str]], plan: Any) -> Line:
    own: Mapping[str, Mapping[str, str]] = spec.get("words", {})
    languages = tuple(spec["languages"])
    steps = spec.get("plan", plan)
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
    )


def load(settings: Settings, secrets: Secrets) -> Lines:
    """The lines file; where it cannot be read, the last good one from the signed snapshot."""
    path = settings.lines_file or SHIPPED
    snapshot = settings.data_dir / SNAPSHOT_FILE
    try:
        raw = json.loads(path.read_text())
        lines = parse(raw)
    except (OSError, ValueError, KeyError, TypeError) as error:
        logging.getLogger(__name__).error("lines file is unusable (%s), using the snapshot", type(error).__name__)
        return _from_snapshot(snapshot, secrets) or parse(json.loads(SHIPPED.read_text()))
    _keep(snapshot, raw, secrets)
    return lines


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
