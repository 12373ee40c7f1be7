"""What is tried on every board and must be refused, and change nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from routing.board import Caller
from tests.search.canon import NOW, UNIT
from tests.search.scene import Scene

EPOCH, NOT_AFTER, SEEN = 0, 1, 6
"""Places in a script's arguments that are spoilt."""


def mischief(scene: Scene, tried: set[str]) -> list[Any]:
    """Others' offers, others' calls, wrong tokens, old turns, old epochs: none leaves an event.

    A refusal looks at the records that are named, and at nothing else: `tried` are those that were, so that each
    combination of records is tried once and not on every board again."""

    def fresh(*records: Any) -> bool:
        key = json.dumps(records, sort_keys=True)
        new = key not in tried
        tried.add(key)
        return new

    moves = list(_store(scene)) if fresh("store") else []
    for s, spec in scene.specs.items():
        call, offer = (
            scene.calls.get(spec.get("ecall", "")),
            scene.offers.get(spec.get("offer") or spec.get("eoffer", "")),
        )
        if fresh("person", spec, call, offer):
            moves += _person(scene, s, spec)
    for c, call in scene.calls.items():
        if fresh("caller", call, scene.env["phones"].get(c)):
            moves += _caller(scene, c, call)
        others = {s: spec for s, spec in scene.specs.items() if spec.get("ecall") != c}
        moves += [move for s, spec in others.items() if fresh("other", call, spec) for move in _other(scene, c, s)]
    return moves


def _no(scene: Scene, work: Any) -> Any:
    return scene.move(work, quiet=True, refused=True)


def _store(scene: Scene) -> Iterator[Any]:
    """An old epoch, a late command, data older than what was seen (P5, S2)."""
    for against, place, value in (
        ("EPOCH", EPOCH, "1-old"),
        ("LATE", NOT_AFTER, NOW - 1),
        ("EPOCH", SEEN, f"{NOW * 2}-0"),
    ):
        yield scene.move(scene.board.wrapped("s1"), quiet=True, against=against, spoilt={place: value})


def _person(scene: Scene, s: str, spec: dict[str, Any]) -> Iterator[Any]:
    board, duty = scene.board, spec["duty"]
    other = next((name for name in scene.specs if name != s), "s9")
    if offer := spec.get("offer"):
        yield _no(scene, board.ack(offer, other))
        yield _no(scene, board.accept(offer, other, "t"))
        yield _no(scene, board.decline(offer, other, "x"))
    if duty == "connecting" and spec["eoffer"] in scene.offers:
        yield _no(scene, board.accept(spec["eoffer"], s, "another tab"))
        yield _no(scene, board.decline(spec["eoffer"], s, "late"))
        yield _no(scene, board.ack(spec["eoffer"], s))
    if duty in ("idle", "wrapping"):
        yield _no(scene, board.seat(s, call=spec.get("ecall", "c1"), token=spec.get("token", ""), sid="CBz"))
    if call := spec.get("ecall"):
        yield _no(scene, board.seat(s, call=call, token="wrong", sid="CBz"))
        yield _no(scene, board.seat(s, offer="other", token=spec.get("token", ""), sid="CBz"))
        yield _no(scene, board.seat(s, call=call, token="", sid="CBz"))
    if duty != "wrapping":
        yield _no(scene, board.extend_wrap(s))
    if duty in ("offered", "connecting", "talking", "reconnecting"):
        yield _no(scene, board.recover(s, True))
    if duty in ("wrapping", "connecting"):
        yield _no(scene, board.rejoin(spec["ecall"], s, "tz"))


def _caller(scene: Scene, c: str, call: dict[str, Any]) -> Iterator[Any]:
    board, there = scene.board, scene.env["phones"].get(c, {}).get("at") != "gone"
    gone = board.caller_gone(c, "CAother", status="completed", side="caller", at_ms=NOW)
    yield scene.move(gone, quiet=True)
    yield scene.move(board.arrive(c, scene.sid(c), "main", "en", Caller()), quiet=True)
    yield scene.move(board.backup_over(c, dialled_index=9), quiet=True)
    if call["state"] == "closed" and scene.legs.get(scene.sid(c), {}).get("joined"):
        return  # a leg that asks for its document has left its room, which is noted
    if call["state"] == "closed":
        said = {"line": "main", "language": "en", "cls": "standard", "arrived_ms": NOW - UNIT, "counter": 1}
        yield scene.move(board.turn(c, scene.sid(c), turn=99, danger=True, **said), quiet=True)
        yield _no(scene, board.set_class(c, "urgent", who="s1", why="x"))
        return
    if there and c in scene.env["phones"]:
        old = scene.turn(c, turn=int(call.get("turn", 0)))
        old.quiet = True
        yield old
    yield _no(scene, board.set_class(c, "warm", who="s1", why=""))
    if call["state"] in ("connecting", "talking", "reconnecting"):
        yield _no(scene, board.backup_answered(c, "BKlate"))


def _other(scene: Scene, c: str, s: str) -> Iterator[Any]:
    """Somebody who is not with this call."""
    board = scene.board
    yield _no(scene, board.leave(c, s))
    yield _no(scene, board.media_up(c, s))
    yield _no(scene, board.rejoin(c, s, "tz"))
    yield _no(scene, board.end_call(c, s, "x"))
