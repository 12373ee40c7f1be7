"""One board of the search and what is outside it: telephones, consoles, messages on their way.

Outside are `phones`: call -> {at: hold, room, dial or gone; turn, room}; `specs`: person -> {up, won, leg}; `flight`:
messages on their way; `due`: time has passed and nobody has looked at the timers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.search.canon import NOW, UNIT, Env
from tests.search.expand import Fixed, keys_of, parts_of
from tests.search.wire import Move, Wire
from tests.search.worlds import World

AFAR = {"dies", "hang_up", "danger", "decline", "leave", "end", "reload", "drop", "presses"}
"""What need not happen: of a caller's way to a human nothing is proved by it."""


@dataclass
class Event:
    """What may happen: its moves, and what the world outside knows afterwards."""

    name: str
    moves: list[Move]
    after: Callable[[Env, list[Any]], None] = lambda _env, _results: None
    wait: int = 0
    """Milliseconds that pass before it."""

    @property
    def helpful(self) -> bool:
        return self.name.split()[0] not in AFAR


class Scene:
    """A canonical text, taken apart."""

    def __init__(self, world: World, wire: Wire, profiles: dict[str, Any], fixed: Fixed, text: str) -> None:
        self.world, self.wire, self.profiles, self.text = world, wire, profiles, text
        parts = parts_of(text)
        self.keys, self.env = keys_of(parts, fixed), parts.env
        self.calls = {c["id"]: c for c in parts.calls}
        self.specs = {s["id"]: s for s in parts.specs}
        self.offers = {o["id"]: o for o in parts.offers}
        self.legs = {sid: leg | {"call": c} for c, sid, leg in parts.legs if isinstance(leg, dict)}
        self.effects, self.excl, self.timers = parts.effects, parts.excl, parts.timers

    @property
    def board(self) -> Any:
        return self.wire.board

    def move(self, work: Any, **how: Any) -> Move:
        return self.wire.move(work, **how)

    def room_open(self, c: str) -> bool:
        call = self.calls.get(c, {})
        return call.get("ro") == "1" and call.get("state") != "closed"

    def full(self, more: int = 1) -> bool:
        return len(self.env["flight"]) + more > self.world.late

    def sid(self, c: str) -> str:
        return f"CA_{c}"

    def turn(self, c: str, **how: Any) -> Move:
        """The caller's next hold turn."""
        number = how.pop("turn", self.env["phones"][c]["turn"] + 1)
        said = {"line": "main", "language": "en", "cls": "standard", "arrived_ms": NOW - UNIT, "counter": 1}
        return self.move(self.board.turn(c, self.sid(c), turn=number, **said, **how))

    def again(self, move: Move, work: Any, **how: Any) -> list[Move]:
        """A move and its duplicate, which must leave nothing."""
        return [move, self.move(work, quiet=True, **how)]


def label(c: str, turn: int) -> str:
    return f"caller_{c}_{turn}"


def room_sid(room: str) -> str:
    return f"CF{room}"
