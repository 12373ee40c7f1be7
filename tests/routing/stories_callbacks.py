"""Stories of callers who choose to be rung back, as `tests.routing.stories` tells those of others (C4)."""

from __future__ import annotations

from typing import Any

from routing.board import Answer


def _alone(m: Any) -> Any:
    """Nobody is free."""
    for spec in ("s1", "s2", "s3"):
        m.do(m.world.board.set_presence(m.world.people[spec], "break"))
    return m.world.board


def _taken(m: Any, call: str = "c1") -> Any:
    board = _alone(m)
    m.rings(call, "en")
    m.time_passes(7)
    m.chooses_callback(call, "yes", True)
    assert m.do(board.call(call)).callback.away
    return board


def _sat(m: Any) -> Any:
    board = _taken(m)
    m.chooses("s1", "available")
    m.accepts("s1")
    m._dials_in("s1", True, False)
    assert m.model.calls["c1"].state == "calling_back"
    return board


def chosen(m: Any) -> None:
    """Not before the plan's second; not by who withholds the number, has pressed the danger key, or may not be rung."""
    board = _alone(m)
    m.rings("c1", "en")
    m.chooses_callback("c1", "yes", False)
    assert m.model.calls["c1"].state == "waiting"
    for call in ("c2", "c3", "c4"):
        m.rings(call, "en")
    m.turns("c3", True)
    m.do(board.set_class("c3", "standard", who="s1", why="x"))
    m.do(board.clinical("c4", "s1", kind="safe_to_call", id="ks", facts={"safe_to_call": "no"}, cipher=""))
    m.time_passes(7)
    for call in ("c2", "c3", "c4"):
        m.chooses_callback(call, "yes", False)
        assert m.model.calls[call].state != "callback", call
    m.chooses_callback("c1", "no", False)
    m.chooses_callback("c1", "yes", False)
    assert m.model.calls["c1"].state == "waiting", "it is not safe"


def stayed(m: Any) -> None:
    """Nobody is offered who is still on the line; they may stay after all, until they have hung up."""
    board = _alone(m)
    m.rings("c1", "en")
    m.time_passes(7)
    m.chooses_callback("c1", "yes", False)
    m.chooses("s1", "available")
    assert not m.do(board.specialist("s1")).offers
    m.do(m.world.turn("c1", callback="stay"))
    assert m.model.calls["c1"].offers
    m.nothing(m.world.turn("c1", callback="yes"), "taken while somebody is about to answer")
    m.declines("s1")
    m.chooses_callback("c1", "yes", True)
    m.nothing(m.world.turn("c1", callback="stay"), "stays after having hung up")


def rung_back(m: Any) -> None:
    """By who is in the room, their owner, once at a time; whoever presses the key first is the caller."""
    board = _taken(m)
    m.refused(board.set_class("c1", "attempt", who="s1", why="x"), "attempt while nobody is with them")
    m.nothing(board.keep_callback("c1", "CA1", told={"number_cipher": "x", "arrived_ms": 1}), "kept once more")
    m.chooses("s1", "available")
    m.accepts("s1")
    m.refused(board.ring("c1", "s1"), "a ring before anybody is in the room")
    m._dials_in("s1", True, False)
    m.rings_back("key")
    assert m.model.calls["c1"].state == "talking"
    m.refused(board.rung("c1", "CRother", "caller_c1_99", key=True), "another leg's key")
    m.refused(board.ring("c1", "s1"), "a ring of who is there")
    m.hangs_up("c1")
    assert m.model.calls["c1"].ended


def unanswered(m: Any) -> None:
    """Once more after a minute, not a third time; a telephone of before is let go, and the place kept."""
    board = _sat(m)
    m.rings_back("no-answer")
    m.refused(board.ring("c1", "s1"), "rung again at once")
    for _ in range(5):
        m.time_passes(13)
    m.rings_back("voicemail")
    for _ in range(5):
        m.time_passes(13)
    m.refused(board.ring("c1", "s1"), "rung a third time")
    m.leaves("s1")
    view = m.do(board.call("c1"))
    assert view.state == "callback"
    m.do(board.leg_status("c1", "CRlate", "caller_c1_77", status="ringing", at_ms=m.world.ms))
    assert [data["sid"] for kind, data in m.do(m.world.effects()) if kind == "complete_leg"][-1:] == ["CRlate"]


def unsafe(m: Any) -> None:
    """Somebody says that it is not safe after all."""
    board = _sat(m)
    m.do(board.clinical("c1", "s1", kind="safe_to_call", id="ks", facts={"safe_to_call": "no"}, cipher=""))
    m.refused(board.ring("c1", "s1"), "a ring that is not safe")
    assert m.do(board.end_call("c1", "s1", "not_safe")).ok
    assert m.model.calls["c1"].ended


def pressed_late(m: Any) -> None:
    """Whoever rang has gone when the key is pressed: back in the line, at the old place."""
    board = _sat(m)
    m.rings_back("late")
    assert m.model.calls["c1"].state in ("waiting", "offered")
    assert not m.do(board.call("c1")).callback.away


def rang_in(m: Any) -> None:
    """The same number rings by itself: the callback is over, its place is the new call's."""
    board = _taken(m)
    first = m.do(board.call("c1"))
    for call in ("c2", "c3", "c4", "c5", "c6"):
        m.rings(call, "en")
    assert m.model.calls["c1"].ended
    view = m.do(board.call("c6"))
    assert (view.arrived_ms, view.counter) == (first.arrived_ms, first.counter)
    assert m.do(board.rung("c1", "CRx", "caller_c1_9", key=True)) == Answer(False, "unknown")
    m.chooses("s1", "available")
    assert m.do(board.specialist("s1")).offers[0].call == "c6"


def retold(m: Any) -> None:
    """A board that has a callback from the record alone is told of the end of its leg: nothing that it did not know."""
    board, at = _alone(m), m.world.ms
    told = {"number_hash": "nx", "number_cipher": "x", "arrived_ms": at - 5000, "line": "main", "language": "en"}
    m.do(board.keep_callback("c7", "CA7", told=told))
    m.chooses("s1", "available")
    m.accepts("s1")
    m.do(board.caller_gone("c7", "CA7", status="completed", side="caller", at_ms=at))
    assert m.model.calls["c7"].state == "connecting", "an end of before ends no callback"


CALLBACKS = (retold, chosen, stayed, rung_back, unanswered, unsafe, pressed_late, rang_in)
