"""Stories of colleagues asked in and handed over to, as `tests.routing.stories` tells those of callers (L10)."""

from __future__ import annotations

from typing import Any


def _conversation(m: Any) -> Any:
    m.rings("c1", "en")
    m.connects("s1")
    assert m.model.calls["c1"].state == "talking"
    return m.world.board


def asked(m: Any) -> None:
    """One at a time, by the owner alone, of who is let to the line and has not just declined."""
    board = _conversation(m)
    m.refused(board.ask("c1", "s2", kind="transfer", to="s3"), "a question by who is not the owner")
    assert m.do(board.ask("c1", "s1", kind="transfer", to="s2")).ok
    m.refused(board.ask("c1", "s1", kind="transfer", to="s3"), "a second one is asked")
    m.refused(board.unask("c1", "s2"), "taken back by who is not the owner")
    offer = m.do(board.specialist("s2")).offers[0]
    m.do(board.decline(offer.id, "s2", "not_now"))
    m.refused(board.ask("c1", "s1", kind="transfer", to="s2"), "who has just declined")
    elsewhere = m.world.people["s3"]
    m.world.people["s3"] = type(elsewhere)("s3", "specialist", "senior", ("other|*|any|", "other|en|1|"), True)
    m.beat("s3")
    m.refused(board.ask("c1", "s1", kind="transfer", to="s3"), "somebody who may not take this line's callers")


def asked_in_vain(m: Any) -> None:
    """Not while the owner is lost, and not in verify mode."""
    board = _conversation(m)
    m.beat("s1", call="c1", rtp_age_ms=0)
    m.dies("s1", 7, False)
    assert m.model.calls["c1"].state == "reconnecting"
    m.refused(board.ask("c1", "s1", kind="consult", to="s2"), "a question by who is lost")
    m.beat("s1", call="c1", rtp_age_ms=0)
    m.distrusts(False)
    m.beat("s2")
    m.refused(board.ask("c1", "s1", kind="consult", to="s2"), "a question in verify mode")


def handed(m: Any) -> None:
    """To who is there and heard, by the owner, while they talk; asked twice it is once."""
    board = _conversation(m)
    m.refused(board.hand_over("c1", "s1", "s2"), "a hand over to nobody")
    assert m.do(board.ask("c1", "s1", kind="consult", to="s2")).ok
    m.accepts("s2")
    m.refused(board.hand_over("c1", "s1", "s2"), "a hand over to who is on the way")
    m._dials_in("s2", True, False)
    assert m.do(board.call("c1")).private
    m.refused(board.hand_over("c1", "s3", "s2"), "a hand over by who is not the owner")
    m.hands_over("s2")
    assert m.model.calls["c1"].owner == "s2"
    m.leaves("s1")
    m.time_passes(13)
    assert m.model.calls["c1"].state == "talking"


def handed_late(m: Any) -> None:
    """Nobody hands over a caller with whom they have no connection."""
    board = _conversation(m)
    assert m.do(board.ask("c1", "s1", kind="transfer", to="s2")).ok
    m.accepts("s2")
    m._dials_in("s2", True, False)
    m.do(m.world.caller_leaves("c1"))
    m.fates.callers["c1"].in_room = False
    m.leg_ends("s1")
    assert m.model.calls["c1"].state == "reconnecting"
    m.refused(board.hand_over("c1", "s1", "s2"), "a hand over by who is lost")


def inherited_alone(m: Any) -> None:
    """The owner dies while the two talk alone: the colleague has the caller, off hold."""
    board = _conversation(m)
    assert m.do(board.ask("c1", "s1", kind="consult", to="s2")).ok
    m.accepts("s2")
    m._dials_in("s2", True, False)
    m.leg_ends("s1")
    view = m.do(board.call("c1"))
    assert (view.owner, view.held_ms, view.state) == ("s2", 0, "talking")


def interpreted(m: Any) -> None:
    """Rung once, by the owner, while they talk; a leg of before, or that comes to nobody of ours, goes at once."""
    board, world = _conversation(m), m.world
    m.refused(board.interpreter("c1", "s2", "fr", ["x"], nonce="a"), "an interpreter wanted by somebody else")
    assert m.do(board.interpreter("c1", "s1", "fr", ["x"], nonce="a")).ok
    m.nothing(board.interpreter("c1", "s1", "fr", ["x"], nonce="b"), "wanted again")
    m.do(world.effects())
    m.do(board.interpreter("c1", "s1", "", [], nonce="c"))
    m.do(board.leg_status("c1", "IN1", "interpreter_fr_a", status="ringing", at_ms=world.ms))
    assert _let_go(m) == ["IN1"], "a telephone that nobody wants any more"
    m.do(board.leg_joined("c1", "IN2", "interpreter_fr_0", world.room("c1"), world.ms))
    assert _let_go(m) == ["IN2"], "a leg of before"
    assert m.do(board.interpreter("c1", "s1", "fr", ["x"], nonce="d")).ok
    m.leg_ends("s1")
    m.do(board.leg_joined("c1", "IN3", "interpreter_fr_d", world.room("c1"), world.ms))
    assert "IN3" in _let_go(m), "nobody of ours is there"
    m.refused(board.interpreter("c1", "s1", "fr", ["x"], nonce="e"), "an interpreter for nobody")


def _let_go(m: Any) -> list[str]:
    return [data["sid"] for kind, data in m.do(m.world.effects()) if kind == "complete_leg"]


def asked_up(m: Any) -> None:
    """Nothing is above the crisis line."""
    board = _conversation(m)
    m.refused(board.ask("c1", "s1", kind="transfer", lanes=("main|en|1|",), up=True), "up from a crisis call")


COLLEAGUES = (asked_up, asked, asked_in_vain, handed, handed_late, inherited_alone, interpreted)
