"""The Lua scripts: a move, and before it, in the library's order, the parts of the library that the move reaches.

Whatever stands in a script is defined anew at every call, which for the whole library costs as much as ten commands. A
part is one statement at the left margin; it is reached by its name, as `B.place`, `B.on.plan` or a local's.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LUA = Path(__file__).parent.parent / "lua"

PART = re.compile(r"^(?=[A-Za-z])(?!end\b)", re.MULTILINE)
"""Where a statement begins at the left margin."""
DEFINES = re.compile(r"(?:local )?function ([\w.]+)|local (\w+)")
COMMENT = re.compile(r"(?:^|\s)-- .*$", re.MULTILINE)
NAME = re.compile(r"\bB(?:\.\w+)+|\b\w+\b")
TIMERS = "B.on"
"""Named without a kind, as the ticker does: all of them."""


@dataclass(frozen=True)
class Script:
    name: str
    source: str
    sha: str


@dataclass(frozen=True)
class Part:
    """One statement of the library."""

    text: str
    name: str
    """What it defines; nothing for a statement that every script needs."""
    uses: frozenset[str]


def _uses(text: str) -> frozenset[str]:
    return frozenset(NAME.findall(COMMENT.sub("", text)))


def _parts(text: str) -> Iterator[Part]:
    for part in PART.split(text)[1:]:
        defined = DEFINES.match(part)
        name = (defined[1] or defined[2]) if defined else ""
        yield Part(part.rstrip() + "\n", name if name not in ("B", "P") else "", _uses(part))


@cache
def library() -> tuple[Part, ...]:
    """Every part, in order."""
    files = sorted((LUA / "lib").glob("*.lua"))
    return tuple(part for path in files for part in _parts(path.read_text(encoding="utf-8")))


def _reached(move: str) -> str:
    """The parts that `move` names, and those that they name, and so on."""
    wanted, known = set(_uses(move)), set[Part]()
    while new := {part for part in library() if part not in known and _wants(wanted, part.name)}:
        known |= new
        wanted.update(*(part.uses for part in new))
    return "".join(part.text for part in library() if part in known)


def _wants(wanted: set[str], name: str) -> bool:
    return not name or name in wanted or (TIMERS in wanted and name.startswith(f"{TIMERS}."))


def names() -> list[str]:
    """Every move there is."""
    return sorted(path.stem for path in LUA.glob("*.lua"))


@cache
def load(name: str, edit: Callable[[str], str] | None = None) -> Script:
    """One move as a script. `edit` changes the source: tests take guards out with it (T2)."""
    move = (LUA / f"{name}.lua").read_text(encoding="utf-8")
    if "function B.move(" in move:
        move += "\nreturn B.run(B.move)\n"
    source = _reached(move) + move
    if edit is not None:
        source = edit(source)
    return Script(name, source, hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest())
