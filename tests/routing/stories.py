"""Stories that lead the machine to where each guard matters, so that it need not get there by luck.

Each begins on a fresh board with three people idle (s1 and s2 speak English, s3 only Spanish) and nobody waiting.
"""

from __future__ import annotations

from typing import Any

from routing.board import Accepted, EpochChanged
from tests.routing.stories_callbacks import CALLBACKS
from tests.routing.stories_colleagues import COLLEAGUES
from tests.routing.stories_leads import LEADS
from tests.routing.stories_numbers import NUMBERS


def quiet(_m: Any) -> None:
    """Nothing has happened yet."""


def offered(m: Any) -> None:
    """Two callers are offered; whoever meddles is refused; one is declined and taken by the other."""
    m.rings("c1", "en")
    m.rings("c2", "en")
    m.mischief()
    m.declines("s1")
    m.mischief()


def stale(m: Any) -> None:
    """Consoles are silent, and their timers late."""
    m.world.ms += 12_001
    m.rings("c1", "en")


def talking(m: Any) -> None:
    """One conversation beside another waiting caller."""
    m.rings("c1", "en")
    m.connects("s1")
    m.rings("c2", "en")
    m.rings("c3", "en")
    m.mischief()
    assert m.model.calls["c1"].state == "talking"
    m.set_class("c3", "warm", "")
    board = m.world.board
    m.do(board.set_class("c3", "urgent", who="s1", why="x", id="k-first"))
    m.do(board.set_class("c3", "standard", who="s1", why="x", id="k-second"))
    m.nothing(board.set_class("c3", "urgent", who="s1", why="x", id="k-first"), "a change of class again")
    m.refused(m.world.board.recover("s1", True), "recovery out of a call")
    m.refused(m.world.board.extend_wrap("s1"), "more wrap-up in a call")
    m.refused(m.world.board.backup_answered("c1", "BKlate"), "the backup's key after an accept")


def ended(m: Any) -> None:
    """A person ends it, then the carrier says that the leg is gone."""
    talking(m)
    m.ends("c1", True)
    m.refused(m.world.board.rejoin("c1", "s1", "t3"), "rejoin in wrap-up")
    m.mischief()
    m.hangs_up("c1")
    m.hangs_up("c2")
    m.wraps_up("s1")


def hung(m: Any) -> None:
    """The owner's leg leaves and ends; its callbacks come twice and out of order."""
    talking(m)
    m.leg_ends("s1")
    m.time_passes(13)
    m.time_passes(7)


def handed(m: Any) -> None:
    """An agency comes into the room, the caller goes, the agency goes."""
    talking(m)
    m.agency("c1")
    m.mischief()
    m.ends("c1", False)
    m.hangs_up("c1")
    m.agency("c1")


def rejoined(m: Any) -> None:
    """A reload: a new leg, then the old one leaves; a caller's late leave; an unused token after leaving."""
    talking(m)
    board, world = m.world.board, m.world
    old = m.fates.people["s1"]
    m.rejoins("s1")
    m.do(board.leg_left("c1", old.leg, old.seat.label, world.ms))
    assert m.model.calls["c1"].state == "talking", "the old leg's leave is not the owner's"
    m.do(board.leg_left("c1", world.phones["c1"].sid, "caller_c1_0", world.ms, room_sid=world.room("c1")))
    assert m.do(board.call("c1")).caller_in_room, "the leave of an earlier stay"
    won = m.do(board.rejoin("c1", "s1", "t9"))
    assert isinstance(won, Accepted)
    m.leaves("s1")
    m.refused(board.seat("s1", call="c1", token=won.token, sid="CBlate"), "a seat after leaving")


def unstamped(m: Any) -> None:
    """Callbacks without a stamp: a join that comes again after the leave is no new stay."""
    talking(m)
    board, world = m.world.board, m.world
    sid, room, label = world.phones["c1"].sid, world.room("c1"), "caller_c1_77"
    m.do(board.leg_joined("c1", sid, label, room, None))
    m.do(board.leg_left("c1", sid, label, None, room_sid=room))
    world.ms += 1000
    m.do(board.leg_joined("c1", sid, label, room, None))
    assert not m.do(board.call("c1")).caller_in_room, "a repeated join is no new stay"


def moved(m: Any) -> None:
    """Left, and offered to the next in a new room: a late join of the old room says nothing about it."""
    m.rings("c1", "en")
    m.connects("s1")
    m.leaves("s1")
    m._moves()
    m.time_passes(13)
    m.time_passes(13)
    m.accepts("s2")
    assert m.model.calls["c1"].state == "connecting"
    board, world = m.world.board, m.world
    phone = world.phones["c1"]
    m.do(board.leg_joined("c1", phone.sid, "caller_c1_old", world.room("c1"), world.ms))
    assert not m.do(board.call("c1")).caller_in_room, "a late join of an old room"


def silent(m: Any) -> None:
    """Nobody reaches us: the silence may be ours. Then others do."""
    m.rings("c1", "en")
    m.connects("s1")
    m.beat("s1", call="c1", rtp_age_ms=0)
    for _ in range(10):
        m.world.ms += 1000
        m.do(m.world.tick())
    assert m.model.calls["c1"].state == "talking", "the silence may be ours"
    m.dies("s1", 20, True)


def rolled(m: Any) -> None:
    """The backup's human talks, then has gone."""
    m.rings("c1", "en")
    m.backup("c1")
    m.mischief()
    m.backup_ends("c1")
    m.hangs_up("c1")


def distrusted(m: Any) -> None:
    """A new epoch: verify mode, then only people and callers of this epoch."""
    m.do(m.world.board.set_presence(m.world.people["s1"], "break"))
    m.do(m.world.board.set_presence(m.world.people["s2"], "break"))
    m.distrusts(False)
    m.chooses("s1", "available")
    m.rings("c1", "en")
    m.chooses("s2", "available")
    m.time_passes(13)


def forgotten(m: Any) -> None:
    """People of before are not matched after a new epoch, until they are heard of."""
    m.distrusts(True)
    m.rings("c1", "en")
    m.rings("c2", "es")


def boasted(m: Any) -> None:
    """A console says that it is in a call that waits."""
    m.do(m.world.board.set_presence(m.world.people["s2"], "break"))
    m.rings("c1", "en")
    m.declines("s1")
    told = {"line": "main", "language": "en", "class": "standard", "arrived_ms": 1, "counter": 1, "owner": True}
    m.beat("s1", call="c1", told=told)
    m.holds()


def led(m: Any) -> None:
    """Leases and effects: one holder, one result."""
    board = m.world.board
    assert m.do(board.lease("x", "a", 5000)) > 0
    assert m.do(board.lease("x", "b", 5000)) == 0, "one holder at a time"
    m.rings("c1", "en")
    m.accepts("s1")
    m._dials_in("s1", True, False)
    for effect in m.do(board.claim_effects()):
        m.do(board.effect_done(effect, ok=True, result={}))
        m.nothing(board.effect_done(effect, ok=True, result={}), "a result again")


def twins(m: Any) -> None:
    """An agency is rung twice: only the first counts, wherever the second is heard of."""
    talking(m)
    board, world = m.world.board, m.world
    room = world.room("c1")
    fact = dict(handoff="hc1", to_cipher="x", facts={}, cipher="", dial=True)
    m.do(board.handoff_open("c1", m.model.calls["c1"].owner, **fact))
    label = next(data["label"] for kind, data in m.do(world.effects()) if kind == "dial_agency")
    for status in ("ringing", "in-progress"):
        m.do(board.leg_status("c1", "AG1", label, status="ringing", at_ms=world.ms))
        m.do(board.leg_status("c1", "AG2", label, status=status, at_ms=world.ms))
    ended = [data["sid"] for kind, data in m.do(world.effects()) if kind == "complete_leg"]
    assert ended == ["AG2"], "the twin is completed"
    m.do(board.leg_joined("c1", "AG1", label, room, world.ms))
    m.do(board.leg_joined("c1", "AG3", label, room, world.ms))
    ended = [data["sid"] for kind, data in m.do(world.effects()) if kind == "complete_leg"]
    assert ended == ["AG3"], "the twin in the room is completed"
    m.do(board.leg_left("c1", "AG1", label, world.ms, room_sid=room))
    m.hangs_up("c1")
    assert m.model.calls["c1"].state == "closed", "nobody real is left"


def mistaken(m: Any) -> None:
    """A call closed by mistake: its caller is answered at the backup line; one that a person ended is not."""
    m.rings("c1", "en")
    m.hangs_up("c1")
    assert m.do(m.world.board.backup_answered("c1", "BKc1")).ok, "the caller is evidently there"
    m.refused(m.world.board.backup_answered("c1", "BKother"), "a second key")
    m.rings("c2", "en")
    m.connects("s1")
    m.ends("c2", True)
    m.refused(m.world.board.backup_answered("c2", "BKc2"), "a key after a person's end")


def rung(m: Any) -> None:
    """An agency is rung into a room that stays the same until it has come; and into none that there is not."""
    m.rings("c1", "en")
    m.rings("c2", "en")
    board = m.world.board
    fact = dict(to_cipher="x", facts={}, cipher="", dial=True)
    nowhere = m.do(board.handoff_open("c2", "s1", handoff="hc2", **fact))
    assert not nowhere.data["dialled"], "no room to ring it into"
    m.connects("s1")
    m.do(board.handoff_open("c1", "s1", handoff="hc1", **fact))
    before = m.do(board.call("c1")).room
    m.leaves("s1")
    m._moves()
    m.time_passes(13)
    m.declines("s2")
    m.time_passes(13)
    m.accepts("s2")
    after = m.do(board.call("c1"))
    assert after.state == "connecting"
    assert after.room == before, "the agency comes into this one"


def reloaded(m: Any) -> None:
    """The old leg leaves while the new one is on its way in: nobody is moved."""
    talking(m)
    board, world, old = m.world.board, m.world, m.fates.people["s1"]
    won = m.do(board.rejoin("c1", "s1", "t2"))
    sid, seat = m.do(world.sits("s1", won))
    m.do(board.leg_left("c1", old.leg, old.seat.label, world.ms))
    moves = [data for kind, data in m.do(world.effects()) if kind == "move_caller" and data["why"] == "reconnect"]
    assert not moves, "the new leg is on its way"
    m.do(board.leg_joined("c1", sid, seat.label, world.room("c1"), world.ms))
    m.fates.people["s1"].leg, m.fates.people["s1"].seat = sid, seat


def inherited(m: Any) -> None:
    """A relief who goes after the caller has left the room leaves them to nobody."""
    m.rings("c1", "en")
    m.connects("s1")
    m.beat("s1", call="c1", rtp_age_ms=0)
    m.dies("s1", 13, True)
    m.connects("s2")
    m.beat("s1", call="c1", rtp_age_ms=0)
    assert m.model.calls["c1"].owner == "s2"
    m.do(m.world.caller_leaves("c1"))
    m.leg_ends("s2")
    assert m.model.calls["c1"].owner != "s1", "nobody inherits a caller who has left the room"


def outdated(m: Any) -> None:
    """The data is older than what was seen of it (S2)."""
    m.rings("c1", "en")
    store = m.world.board._store
    seen = store.last_event_id
    store.saw(f"{int(seen.partition('-')[0]) + 60_000}-0")
    try:
        m.nothing(m.world.board.wrapped("s1"), "a move on older data")
        raise AssertionError("a move on older data was let through")
    except EpochChanged:
        store.last_event_id = seen


def queued(m: Any) -> None:
    """An agency is claimed by two executors in turn: one asks the carrier at a time (L3)."""
    m.rings("c1", "en")
    m.connects("s1")
    board, fact = m.world.board, dict(to_cipher="x", facts={}, cipher="", dial=True)
    m.do(board.handoff_open("c1", "s1", handoff="hc1", **fact))
    [dial] = [effect for effect in m.do(board.claim_effects()) if effect.kind == "dial_agency"]
    first = m.do(board.still_due(dial))
    assert m.nothing(board.still_due(dial), "a second request") is None, "one executor asks"
    m.world.ms += 8_001
    assert m.do(board.still_due(dial)).attempt == 2
    m.nothing(board.effect_done(first, ok=False, result={}), "the end of an earlier try")
    assert m.nothing(board.still_due(dial), "a third request") is None, "the second still asks"


STORIES = (
    quiet,
    offered,
    stale,
    talking,
    ended,
    hung,
    handed,
    rejoined,
    unstamped,
    moved,
    silent,
    rolled,
    distrusted,
    forgotten,
    boasted,
    led,
    twins,
    mistaken,
    rung,
    reloaded,
    inherited,
    outdated,
    queued,
    *LEADS,
    *COLLEAGUES,
    *CALLBACKS,
    *NUMBERS,
)
