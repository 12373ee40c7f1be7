"""Is what the canonical text leaves out really never decided by? Asked of the board itself, on a sample of states.

After an event the board is put back twice, with every key it had and as its text says, and each further event is done
to both. What they answer, tell and come to must be the same: so two boards of one text go on in the same way, and by
induction for ever.
"""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

from tests.search.canon import NOW, Board, canonical, pairs, read
from tests.search.events import events
from tests.search.explore import Search
from tests.search.scene import Env, Scene
from tests.search.wire import TAG


class Sound(Search):
    """A search that looks twice, at a sample of its boards."""

    looked = 0

    def sample(self, boards: int, among: int, seed: int) -> int:
        """Looks at one event of each of so many boards among the first; how many pairs of boards were compared."""
        texts: list[str] = []
        self.keep = texts.append
        self.run(states=among)
        rng = random.Random(seed)
        for text in rng.sample(texts, boards):
            scene = self._scene(text)
            if names := [event.name for event in events(scene) if not event.wait]:
                self.look(self._scene(text), rng.choice(names))
        return self.looked

    def look(self, scene: Scene, name: str) -> None:
        """One event, and all that may follow, on both boards. Only where no time passes: a text is always of now."""
        self.wire.store.ids = iter(range(20_000, 30_000))
        event = next(e for e in events(scene) if e.name == name)
        self._put(scene.keys)
        for move in event.moves:
            move.answered(json.loads(self.wire.ask(*self.wire.command(move, NOW))).get("v"))
        raw = json.loads(self.wire.ask("EVALSHA", self.wire.get, 1, TAG))
        board = read(raw)
        text = canonical(board, self._env(scene, event, board), NOW, self.world.legs, plain=True)
        for nth in range(len(list(events(self._scene(text))))):
            ours, theirs = self._after(text, nth, whole(raw, self.profiles)), self._after(text, nth, None)
            assert ours == theirs, f"{name}, then {ours[0]}, on {scene.text}:\n{ours}\n{theirs}"
            self.looked += 1

    def _put(self, keys: Mapping[str, Any]) -> None:
        self.wire.ask("EVALSHA", self.wire.put, 1, TAG, json.dumps(keys))

    def _after(self, text: str, nth: int, keys: Mapping[str, Any] | None) -> tuple[Any, ...]:
        """The nth event on this text's board, or on the whole one that it stands for."""
        self.wire.store.ids = iter(range(40_000, 50_000))
        scene = self._scene(text)
        event = list(events(scene))[nth]
        self._put(scene.keys if keys is None else keys)
        now = NOW + event.wait
        said: list[Any] = []
        for move in event.moves:
            reply = json.loads(self.wire.ask(*self.wire.command(move, now)))
            said.append(_said(reply.get("v")))
            move.answered(reply.get("v"))
        board: Board = read(json.loads(self.wire.ask("EVALSHA", self.wire.get, 1, TAG)))
        env: Env = self._env(scene, event, board)
        return event.name, said, canonical(board, env, now, self.world.legs)


def _said(view: Any) -> Any:
    """An answer without what is for readers only: times, texts, the number of a try."""
    return bool(view) if not isinstance(view, dict) else {k: view[k] for k in ("ok", "state", "room_open") if k in view}


def whole(raw: Mapping[str, Any], specs: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Every key as it was."""
    keys: dict[str, list[Any]] = {"specs": ["SADD", *specs]}
    raw = {**raw, "fx": _each_once(raw.get("fx", []))}
    for key, flat in raw.items():
        if key == "events":
            continue
        sets = key.startswith(("lane:", "idle", "excl:")) or key in ("calls", "closed", "timers", "fxdue")
        held = [x for m, at in zip(flat[::2], flat[1::2], strict=True) for x in ((at, m) if sets else (m, at))]
        if held:
            keys[key] = ["ZADD" if sets else "HSET", *held]
    return keys


def _each_once(flat: list[str]) -> list[str]:
    """Of effects that ask for the same, the last: twice carried out is one of the search's events of its own."""
    effects = sorted(map(json.loads, flat[1::2]), key=lambda fx: fx["turn"])
    for fx in effects:
        fx["data"].pop("again", None)
    same = {json.dumps([fx["kind"], fx["call"], fx["data"]], sort_keys=True): fx["id"] for fx in effects}
    return [x for id_, text in pairs(flat).items() if id_ in same.values() for x in (id_, text)]
