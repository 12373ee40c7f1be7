"""Stories of leads, of help and of the caller on hold, as `tests.routing.stories` tells those of callers (L10)."""

from __future__ import annotations

from typing import Any


def beside(m: Any) -> None:
    """A lead listens, comes aloud and takes over; nobody else may; then they are in a call of their own."""
    m.rings("c1", "en")
    m.rings("c2", "en")
    m.accepts("s1")
    assert not m._asks("c1", "whisper").ok, "nobody to whisper to"
    m.watches("c1", "barge", True)
    m.refused(m.world.board.take_over("c1", "l1"), "a take over before they talk")
    m._dials_in("s1", True, True)
    m.watches("c1", "listen", True)
    assert not m._asks("c2", "listen").ok, "no room to listen in"
    m.mischief()
    m._takes_over()
    m.watches("c1", "barge", True)
    m._takes_over()
    assert not m._asks("c1", "listen").ok, "in a call of their own"


def haunted(m: Any) -> None:
    """A lead's leg that comes after they have gone is sent away."""
    m.rings("c1", "en")
    m.connects("s1")
    board, world = m.world.board, m.world
    token = m._asks("c1", "listen").data["token"]
    seat = m.do(board.seat("l1", call="c1", token=token, sid="CBl"))
    m.do(board.unsupervise("c1", "l1"))
    m.do(world.effects())
    m.do(board.leg_joined("c1", "CBl", seat.label, world.room("c1"), world.ms))
    assert ("complete_leg", {"sid": "CBl", "role": "lead"}) in m.do(world.effects()), "a ghost in the room"


def held(m: Any) -> None:
    """The owner holds a caller who is there, while they talk; nobody else does."""
    m.rings("c1", "en")
    m.connects("s1")
    board = m.world.board
    m.refused(board.hold("c1", "s2", True), "a hold by somebody else")
    m.refused(board.help("c1", "s2", True), "help for another's call")
    m.holds_caller("c1", "s1", True)
    m.holds_caller("c1", "s1", False)
    m.wants_help("c1", "s1", True)
    m.beat("s1", call="c1", rtp_age_ms=0)
    m.dies("s1", 7, False)
    assert m.model.calls["c1"].state == "reconnecting"
    m.refused(board.hold("c1", "s1", True), "a hold by who is lost")
    m.beat("s1", call="c1", rtp_age_ms=0)
    assert m.model.calls["c1"].state == "talking"
    m.do(m.world.caller_leaves("c1"))
    m.refused(board.hold("c1", "s1", True), "a hold of nobody")
    m.hangs_up("c1")
    m.refused(board.help("c1", "s1", True), "help for a call that is over")


LEADS = (beside, haunted, held)
