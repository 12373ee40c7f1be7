"""The search: every board that can come about, each once, every event on each; the shortest way to what is wrong."""

from __future__ import annotations

import hashlib
import json
import time
from array import array
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import hiredis

from routing.board import Answer, Seat
from tests.search.canon import NOW, Board, canonical, read
from tests.search.events import events
from tests.search.expand import Fixed
from tests.search.laws import fair, lawful, model_of, told, unchanged
from tests.search.mischief import mischief
from tests.search.scene import Env, Event, Scene
from tests.search.wire import TAG, Move, Wire
from tests.search.worlds import World

WRONG = (AssertionError, KeyError, ValueError, TypeError, hiredis.HiredisError)
"""A rule that does not hold, what the model cannot place, a script that raises."""


class Broken(AssertionError):
    """A rule does not hold; the way there stands in it."""


@dataclass
class Figures:
    """What a search has seen."""

    states: int = 0
    moves: int = 0
    events: int = 0
    deepest: int = 0
    complete: bool = False
    left: int = 0
    seconds: float = 0
    kinds: dict[str, int] = field(default_factory=dict)


@dataclass
class Exchange:
    """One board with all that was asked of it, on its way to the server and back."""

    index: int
    scene: Scene
    events: list[Event]
    mischief: list[Move]


class Search:
    """Breadth first over one world. `edit` changes the scripts (T2)."""

    def __init__(self, world: World, path: str, edit: Callable[[str], str] | None = None) -> None:
        self.world, self.wire = world, Wire(path, edit)
        config = world.config()
        self.profiles = {s: world.profile(s) for s in world.specs()}
        self.lanes = " ".join(next(iter(self.profiles.values())).lanes)
        self.tried: set[str] = set()
        self.seen: dict[bytes, int] = {}
        self.from_: array[int] = array("l")
        self.by: list[str] = []
        self.depth: array[int] = array("l")
        self.edges: list[tuple[int, int, bool]] = []
        self.good: set[int] = set()
        self.quiet: set[int] = set()
        self.queue: deque[tuple[int, str]] = deque()
        self.figures = Figures()
        self.keep: Callable[[str], None] = lambda _text: None
        self._begin(config)

    def _begin(self, config: dict[str, Any]) -> None:
        board = self.wire.board
        self.wire.store.epoch = self._do(board.open(config))
        self._do(board.end_verify())
        self.fixed = Fixed(self.wire.store.epoch, self.lanes, config["head"])
        for profile in self.profiles.values():
            self._do(board.beat(profile, presence="available"))
        console = {"up": 1, "won": None, "leg": None}
        env: Env = {"phones": {}, "specs": {s: dict(console) for s in self.profiles}, "flight": [], "due": 0}
        raw = json.loads(self.wire.ask("EVALSHA", self.wire.get, 1, TAG))
        self._found(read(raw), env, NOW, -1, "begin", True)

    def close(self) -> None:
        self.wire.close()

    def _do(self, work: Any) -> Any:
        move = self.wire.move(work)
        move.answered(json.loads(self.wire.ask(*self.wire.command(move, NOW))).get("v"))
        return move.result

    # -- the search

    def run(
        self, *, states: int | None = None, seconds: float | None = None, say: Callable[[str], None] | None = None
    ) -> Figures:
        """All boards, or so many of them, or as far as it comes in this time."""
        began, spoken, before = time.monotonic(), 0.0, None
        while self.queue or before:
            spent = time.monotonic() - began
            if (states and len(self.seen) >= states) or (seconds and spent > seconds):
                break
            if say and spent - spoken > 30:
                spoken = spent
                say(f"{len(self.seen):,} boards, {len(self.queue):,} to do, depth {self.depth[-1]}, {spent:.0f} s")
            asked = self._ask(*self.queue.popleft()) if self.queue else None
            if before:
                self._take(before)
            before = asked
            if not self.queue and before:
                self._take(before)
                before = None
        if before:
            self._take(before)
        self.figures.complete, self.figures.left = not self.queue, len(self.queue)
        self.figures.seconds += time.monotonic() - began
        self.figures.states, self.figures.deepest = len(self.seen), max(self.depth)
        if self.figures.complete:
            self._hopeful()
        return self.figures

    def _ask(self, index: int, text: str) -> Exchange:
        """Sends all events of one board."""
        scene = self._scene(text)
        self.wire.store.ids = iter(range(1000, 10_000))
        asked = Exchange(index, scene, list(events(scene)), mischief(scene, self.tried))
        put = ("EVALSHA", self.wire.put, 1, TAG, json.dumps(scene.keys))
        get, command = ("EVALSHA", self.wire.get, 1, TAG), self.wire.command
        commands: list[tuple[Any, ...]] = []
        if asked.mischief:
            commands = [put, get, *(command(m, NOW) for m in asked.mischief), get]
        for event in asked.events:
            commands += [put, *(command(m, NOW + event.wait) for m in event.moves), get]
        self.wire.send(commands)
        return asked

    def _scene(self, text: str) -> Scene:
        return Scene(self.world, self.wire, self.profiles, self.fixed, text)

    def _take(self, asked: Exchange) -> None:
        """Reads what has come of them."""
        self._refused(asked)
        for event in asked.events:
            now = NOW + event.wait
            self._receive()
            try:
                self._moves(event.moves)
                board = self._board()
                env = self._env(asked.scene, event, board)
                self._judge(asked.scene, event, board, env, now)
            except WRONG as error:
                raise self._broken(asked.index, event.name, error) from error
            self.figures.kinds[event.name.split()[0]] = self.figures.kinds.get(event.name.split()[0], 0) + 1
            self._found(board, env, now, asked.index, event.name, event.helpful)

    def _refused(self, asked: Exchange) -> None:
        if not asked.mischief:
            return
        self._receive()
        before = self._board()
        try:
            self._moves(asked.mischief)
            unchanged(before, self._board())
        except WRONG as error:
            raise self._broken(asked.index, "mischief", error) from error

    def _receive(self) -> Any:
        return self.wire.receive()

    def _board(self) -> Board:
        return read(json.loads(self._receive()))

    def _moves(self, moves: list[Move]) -> None:
        """Each move's answer; a quiet one has left no event, one that must be refused is."""
        newest = None
        for move in moves:
            self.figures.moves += 1
            reply = json.loads(self._receive())
            error = reply.get("err", "")
            assert error == move.against, f"{move.ask.name}: {error or 'let through'}, not {move.against or 'done'}"
            if error:
                move.work.close()
                continue
            move.answered(reply.get("v"))
            assert not move.quiet or reply["x"] == (newest or "0-0"), f"{move.ask.name} {move.ask.args} left an event"
            newest = reply["x"]
            said = move.result
            assert not move.refused or (isinstance(said, Answer | Seat) and not said.ok), (
                f"{move.ask.name} was let through"
            )

    def _judge(self, scene: Scene, event: Event, board: Board, env: Env, now: int) -> None:
        self.figures.events += 1
        model = model_of(scene, now)
        model.beat_ms |= {m.ask.args["profile"]["spec"]: now for m in event.moves if m.ask.name == "beat"}
        happened = told(board["events"])
        model.feed(happened)
        fair(scene, happened, event.wait > 0)
        model.settled()
        lawful(board, {m.get("c") for m in env["flight"]}, now)

    def _env(self, scene: Scene, event: Event, board: Board) -> Env:
        """The world outside afterwards: what is pushed to consoles is there at once, what nobody needs is forgotten."""
        env: Env = json.loads(json.dumps(scene.env))
        event.after(env, [m.result for m in event.moves])
        for s, mine in env["specs"].items():
            spec = board["spec"][s]
            if mine["won"] and (spec.get("ecall") != mine["won"][1] or spec["estate"] == "wrapping"):
                mine["won"] = None
        on_the_way = {m.get("c") for m in env["flight"]}
        for c in [c for c, p in env["phones"].items() if p["at"] == "gone" and c not in on_the_way]:
            del env["phones"][c]
        return env

    def _found(self, board: Board, env: Env, now: int, index: int, name: str, helpful: bool) -> None:
        text = canonical(board, env, now, self.world.legs)
        key = hashlib.blake2b(text.encode(), digest_size=16).digest()
        number = self.seen.get(key)
        if number is None:
            number = self.seen[key] = len(self.seen)
            self.from_.append(index)
            self.by.append(name)
            self.depth.append(self.depth[index] + 1 if index >= 0 else 0)
            self.queue.append((number, text))
            self.keep(text)
            if _helped(board, env):
                self.good.add(number)
        self.edges.append((index, number, helpful))

    # -- what is judged at the end

    def _hopeful(self) -> None:
        """No caller is lost: from every board, helpful events alone lead to where every caller is with a human."""
        into: dict[int, list[int]] = {}
        for a, b, helpful in self.edges:
            if helpful and a >= 0:
                into.setdefault(b, []).append(a)
        reached, todo = set(self.good), list(self.good)
        while todo:
            for a in into.get(todo.pop(), ()):
                if a not in reached:
                    reached.add(a)
                    todo.append(a)
        lost = min(set(range(len(self.seen))) - reached, default=None)
        if lost is not None:
            raise self._broken(lost, "(nothing)", AssertionError("no way from here leads the callers to a human"))

    def way(self, index: int) -> list[str]:
        names: list[str] = []
        while index > 0:
            names.append(self.by[index])
            index = self.from_[index]
        return names[::-1]

    def _broken(self, index: int, name: str, error: Exception) -> Broken:
        return Broken(f"{error!r} after: {', '.join([*self.way(index), name])}")


def _helped(board: Board, env: Env) -> bool:
    """Every caller who is there is with a human."""
    return all(_with_a_human(board, env, c, phone) for c, phone in env["phones"].items() if phone["at"] != "gone")


def _with_a_human(board: Board, env: Env, c: str, phone: dict[str, Any]) -> bool:
    call = board["call"][c]
    if call["state"] == "backup_talking":
        return True
    mine = env["specs"].get(call.get("owner", ""))
    if call["state"] != "talking" or not mine or not mine["up"] or phone["at"] != "room":
        return False
    leg = mine["leg"]
    return bool(leg and leg["in"] and leg["room"] == phone["room"])
