"""The Lua scripts: the shared library, in order, and one move behind it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LUA = Path(__file__).parent.parent / "lua"


@dataclass(frozen=True)
class Script:
    name: str
    source: str
    sha: str


@cache
def _library() -> str:
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted((LUA / "lib").glob("*.lua")))


def names() -> list[str]:
    """Every move there is."""
    return sorted(path.stem for path in LUA.glob("*.lua"))


@cache
def load(name: str, edit: Callable[[str], str] | None = None) -> Script:
    """One move as a script. `edit` changes the source: tests take guards out with it (T2)."""
    move = (LUA / f"{name}.lua").read_text(encoding="utf-8")
    source = _library() + "\n" + move
    if "function B.move(" in move:
        source += "\nreturn B.run(B.move)\n"
    if edit is not None:
        source = edit(source)
    return Script(name, source, hashlib.sha1(source.encode(), usedforsecurity=False).hexdigest())
