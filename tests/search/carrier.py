"""The carrier and the softphones: legs, rooms, what the outbox asks for, and what comes back, late or at once."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from routing.board.views import Effect
from tests.search.canon import NOW
from tests.search.scene import Env, Event, Scene, label, room_sid

# -- callers


def answered(env: Env, c: str, view: Any, legs: bool) -> None:
    """The caller's leg does what its document says."""
    phone = env["phones"][c]
    phone["turn"] = max(view.turn, phone["turn"])
    if view.room_open and legs:
        phone["at"], phone["room"] = "room", view.room
        env["flight"].append(_told("joined", c, f"CA_{c}", label(c, view.turn), view.room))
    elif view.state == "backup_ringing" and legs:
        phone["at"] = "dial"


def _told(do: str, c: str, sid: str, who: str, room: str) -> dict[str, Any]:
    return {"do": do, "c": c, "sid": sid, "label": who, "room": room, "room_sid": room_sid(room), "at": NOW}


def hangs_up(scene: Scene, c: str) -> Iterator[Event]:
    """At once without legs, and late; with legs always as a message."""
    board, phone = scene.board, scene.env["phones"][c]
    if not scene.world.legs:
        work = [board.caller_gone(c, scene.sid(c), status="completed", side="caller", at_ms=NOW) for _ in range(2)]
        yield Event(f"hang_up {c}", scene.again(scene.move(work[0]), work[1]), partial(_gone, c=c))
    two = scene.world.legs and phone["at"] == "room" and scene.world.late > 1
    if not scene.full(1 + two):
        yield Event(f"hang_up {c}, late", [], partial(_hung_up, c=c, side="caller", two=two))


def _gone(env: Env, _results: list[Any], *, c: str) -> None:
    del env["phones"][c]


def _hung_up(env: Env, _results: list[Any], *, c: str, side: str, two: bool) -> None:
    """Where only one message may be on its way it is the end: the leave goes without saying."""
    phone = env["phones"][c]
    if two:
        env["flight"].append(_told("left", c, f"CA_{c}", label(c, phone["turn"]), phone["room"]))
    phone["at"] = "gone"
    env["flight"].append({"do": "gone", "c": c, "sid": f"CA_{c}", "side": side, "at": NOW})


# -- a specialist's softphone


def console(scene: Scene, s: str, acts: frozenset[str]) -> Iterator[Event]:
    """Dials in, is in the room, hears it; or drops."""
    spec, mine = scene.specs[s], scene.env["specs"][s]
    leg, won = mine["leg"], mine["won"]
    if not scene.world.legs:
        if won and not leg and "talk" in acts:
            yield Event(f"talk {s}", *_all_at_once(scene, s))
        return
    if won and not leg:
        yield Event(f"dial {s}", *_dials(scene, s))
    if leg and not leg["in"] and not scene.full():
        yield Event(f"join {s}", [], partial(_joins, s=s))
    if leg and leg["in"] and spec.get("media") != "1" and spec.get("ecall") == leg["call"]:
        yield Event(f"media {s}", [scene.move(scene.board.media_up(leg["call"], s), quiet=q) for q in (False, True)])
    if leg and "drop" in acts and not scene.full(1 + _two(scene, leg)):
        yield Event(f"drop {s}", [], partial(_leg_goes, s=s, two=_two(scene, leg)))


def _seat(scene: Scene, s: str) -> tuple[list[Any], dict[str, Any]]:
    """The leg asks for its document, and once more; who comes with the same token after it is refused."""
    spec, (offer, call, token, kind) = scene.specs[s], scene.env["specs"][s]["won"]
    named = {"call": call} if kind == "rejoin" else {"offer": offer}
    sid = "CB" + scene.wire.store.new_id()[:8]
    first = scene.move(scene.board.seat(s, **named, token=token, sid=sid))
    who = f"{spec.get('erole', 'owner')}_{s}_{first.ask.args['nonce']}"
    again = scene.move(scene.board.seat(s, **named, token=token, sid=sid), quiet=True)
    other = scene.move(scene.board.seat(s, **named, token=token, sid="CBother"), quiet=True, refused=True)
    room = scene.calls.get(call, {}).get("room", "")
    return [first, again, other], {"sid": sid, "label": who, "room": room, "in": 0, "call": call}


def _dials(scene: Scene, s: str) -> tuple[list[Any], Any]:
    moves, leg = _seat(scene, s)

    def after(env: Env, results: list[Any]) -> None:
        if results[0].ok:
            env["specs"][s]["leg"] = {**leg, "label": results[0].label, "room": results[0].room}
        else:
            env["specs"][s]["won"] = None

    return moves, after


def _joins(env: Env, _results: list[Any], *, s: str) -> None:
    leg = env["specs"][s]["leg"]
    leg["in"] = 1
    env["flight"].append(_told("joined", leg["call"], leg["sid"], leg["label"], leg["room"]))


def _two(scene: Scene, leg: dict[str, Any]) -> bool:
    return bool(leg["in"]) and scene.world.late > 1


def _leg_goes(env: Env, _results: list[Any], *, s: str, two: bool) -> None:
    """The leg is over: the carrier says that it has left its room, where that is told apart, and that it has ended."""
    leg = env["specs"][s]["leg"]
    for do in ("left", "ended") if two else ("ended",):
        env["flight"].append(_told(do, leg["call"], leg["sid"], leg["label"], leg["room"]))
    env["specs"][s]["leg"] = None


def _all_at_once(scene: Scene, s: str) -> tuple[list[Any], Any]:
    """Without messages: the leg asks, is in the room and hears it."""
    moves, leg = _seat(scene, s)
    c, board = leg["call"], scene.board

    def joined() -> Any:
        return board.leg_joined(c, leg["sid"], leg["label"], room_sid(leg["room"]), NOW, room=leg["room"])

    moves += scene.again(scene.move(joined()), joined())
    moves += scene.again(scene.move(board.media_up(c, s)), board.media_up(c, s))

    def after(env: Env, results: list[Any]) -> None:
        env["specs"][s]["leg"] = {**leg, "in": 1} if results[0].ok else None
        env["specs"][s]["won"] = env["specs"][s]["won"] if results[0].ok else None

    return moves, after


# -- without legs: what the outbox would bring about is so at once


def at_once(scene: Scene) -> Iterator[Event]:
    """Legs that the board has done with go, callers go where they belong."""
    for s, mine in scene.env["specs"].items():
        leg, spec = mine["leg"], scene.specs[s]
        over = leg and (spec.get("ecall") != leg["call"] or spec.get("estate") == "wrapping")
        if leg and (over or scene.legs.get(leg["sid"], {}).get("dead")):
            yield Event(f"cleared {s}", _over(scene, leg), partial(_cleared, s=s))
    for c, phone in scene.env["phones"].items():
        if phone["at"] == "hold" and scene.room_open(c):
            yield Event(f"follow {c}", *_follows(scene, c))
        elif phone["at"] == "room" and not scene.room_open(c) and c in scene.calls:
            yield Event(f"held {c}", *_held(scene, c))


def _over(scene: Scene, leg: dict[str, Any]) -> list[Any]:
    board, c = scene.board, leg["call"]
    room = room_sid(leg["room"])
    left = [board.leg_left(c, leg["sid"], leg["label"], NOW, room_sid=room) for _ in range(2)]
    over = [board.leg_status(c, leg["sid"], leg["label"], status="completed", at_ms=NOW) for _ in range(2)]
    return [*scene.again(scene.move(left[0]), left[1]), *scene.again(scene.move(over[0]), over[1])]


def _cleared(env: Env, _results: list[Any], *, s: str) -> None:
    env["specs"][s]["leg"] = None


def _follows(scene: Scene, c: str) -> tuple[list[Any], Any]:
    turn, room, board = scene.env["phones"][c]["turn"] + 1, scene.calls[c]["room"], scene.board
    first = scene.turn(c)

    def joined() -> Any:
        return board.leg_joined(c, scene.sid(c), label(c, turn), room_sid(room), NOW, room=room)

    def after(env: Env, _results: list[Any]) -> None:
        env["phones"][c] |= {"at": "room", "turn": turn, "room": room}

    return [first, *scene.again(scene.move(joined()), joined())], after


def _held(scene: Scene, c: str) -> tuple[list[Any], Any]:
    phone, board = scene.env["phones"][c], scene.board
    left = [
        board.leg_left(c, scene.sid(c), label(c, phone["turn"]), NOW, room_sid=room_sid(phone["room"])) for _ in "12"
    ]

    def after(env: Env, _results: list[Any]) -> None:
        env["phones"][c] |= {"at": "hold", "room": "", "turn": phone["turn"] + 1}

    return [*scene.again(scene.move(left[0]), left[1]), scene.turn(c)], after


# -- with legs: the outbox and the telephones, each when it gets round to it


def free(scene: Scene) -> Iterator[Event]:
    for n, fx in enumerate(scene.effects):
        yield from _carried_out(scene, n, fx)
    for c, phone in scene.env["phones"].items():
        call = scene.calls.get(c, {})
        news = scene.room_open(c) or call.get("state") in ("greeting", "doubtful", "backup_ringing")
        if phone["at"] == "hold" and news and not scene.full(int(scene.room_open(c))):
            yield Event(f"turn {c}", _turns(scene, c), _turned(c))
        if phone["at"] == "dial":
            yield from _backup(scene, c, call)
        if phone["at"] == "hold" and call.get("bd") == "1":
            yield Event(f"still {c}", [scene.turn(c, still_needed=True)], _turned(c))


def _turns(scene: Scene, c: str) -> list[Any]:
    first, again = scene.turn(c), scene.turn(c)
    again.quiet = True
    return [first, again]


def _turned(c: str) -> Any:
    return lambda env, results: answered(env, c, results[0], True)


def _backup(scene: Scene, c: str, call: dict[str, Any]) -> Iterator[Event]:
    board = scene.board
    if call.get("state") == "backup_ringing":
        keys = [scene.move(board.backup_answered(c, "BK_c"), quiet=q) for q in (False, True)]
        other = scene.move(board.backup_answered(c, "BK_other"), quiet=True, refused=True)
        yield Event(f"key {c}", [*keys, other])

    def after(env: Env, _results: list[Any]) -> None:
        env["phones"][c]["at"] = "hold"

    yield Event(f"dial_over {c}", [scene.move(board.backup_over(c, dialled_index=int(call.get("bi", 0))))], after)


def _carried_out(scene: Scene, n: int, fx: dict[str, Any]) -> Iterator[Event]:
    """The executor asks the board, then the carrier, then says that it is done; or dies before the last."""
    board = scene.board
    meant = [s for s, mine in scene.env["specs"].items() if mine["leg"] and _meant(fx, mine["leg"])]
    legs = meant[:1]  # one after the other: not more messages at once than there may be
    phone = scene.env["phones"].get(fx["call"], {"at": "gone"})
    two = any(_two(scene, scene.env["specs"][s]["leg"]) for s in legs) or (
        phone["at"] == "room" and scene.world.late > 1
    )
    if scene.full(1 + two):
        return
    effect = Effect(fx["id"], fx["kind"], fx["call"], fx["data"], 0, 1)
    asked = scene.move(board.still_due(effect))
    done = [scene.move(board.effect_done(effect, ok=True, result={}), quiet=q) for q in (False, True)]
    after = partial(_at_carrier, fx=fx, legs=legs, two=two)
    if len(meant) < 2:
        yield Event(f"effect {fx['kind']} {n}", [asked, *done], after)
    if legs or fx["kind"] == "move_caller":
        yield Event(f"died after effect {fx['kind']} {n}", [scene.move(board.still_due(effect))], after)


def _meant(fx: dict[str, Any], leg: dict[str, Any]) -> bool:
    if fx["kind"] == "complete_leg":
        return leg["sid"] == fx["data"]["sid"]
    return fx["kind"] == "end_room" and room_sid(leg["room"]) == fx["data"]["room_sid"]


def _at_carrier(env: Env, results: list[Any], *, fx: dict[str, Any], legs: list[str], two: bool) -> None:
    if results[0] is None:
        return
    for s in legs:
        _leg_goes(env, [], s=s, two=two and bool(env["specs"][s]["leg"]["in"]))
    c, phone = fx["call"], env["phones"].get(fx["call"], {"at": "gone"})
    if fx["kind"] == "complete_leg" and fx["data"]["role"] == "caller" and phone["at"] != "gone":
        _hung_up(env, [], c=c, side="specialist", two=two and phone["at"] == "room")
    if fx["kind"] == "move_caller" and phone["at"] in ("room", "dial"):
        if phone["at"] == "room":
            env["flight"].append(_told("left", c, f"CA_{c}", label(c, phone["turn"]), phone["room"]))
        phone |= {"at": "hold", "room": ""}
