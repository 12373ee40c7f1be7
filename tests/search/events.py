"""What may happen to a board: every event of the search, its duplicates with it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from routing.board import Accepted, Caller
from tests.search import carrier
from tests.search.canon import NOW, UNIT
from tests.search.scene import Env, Event, Scene

TALKS = ("talking", "reconnecting")


def events(scene: Scene) -> Iterator[Event]:
    """All that may happen now. Without legs a room is entered and left at once, so that comes before all else."""
    if not scene.world.legs and (forced := list(carrier.at_once(scene))):
        yield forced[0]
        return
    acts = scene.world.acts
    yield from _time(scene)
    for c in list(scene.env["phones"]):
        yield from _caller(scene, c, acts)
    room = scene.world.callers + scene.world.besides - len(scene.calls.keys() | scene.env["phones"])
    if "arrive" in acts and room > 0 and len(scene.env["phones"]) < scene.world.callers:
        yield _arrives(scene)
    for s in scene.specs:
        yield from _person(scene, s, acts)
    for n, message in enumerate(scene.env["flight"]):
        if message not in scene.env["flight"][:n]:
            yield deliver(scene, n, message)
    if scene.world.legs:
        yield from carrier.free(scene)


# -- time


def _time(scene: Scene) -> Iterator[Event]:
    """A unit passes: whoever is up beats, whoever holds makes a turn; then, perhaps later, the timers are looked at."""
    if scene.env["due"]:
        yield Event("tick", [scene.move(scene.board.tick(100))], _looked_at)
        return
    moves = [_beat(scene, s) for s, console in scene.env["specs"].items() if console["up"]]
    holding = [c for c, p in scene.env["phones"].items() if p["at"] == "hold"]
    first = len(moves)
    moves += [scene.turn(c) for c in holding]
    passed = partial(_passed, holding=holding, legs=scene.world.legs, first=first, due=int(scene.world.ticks))
    if not scene.world.ticks:
        moves.append(scene.move(scene.board.tick(100)))
    yield Event("time", moves, passed, UNIT)


def _looked_at(env: Env, _results: list[Any]) -> None:
    env["due"] = 0


def _passed(env: Env, results: list[Any], *, holding: list[str], legs: bool, first: int, due: int) -> None:
    env["due"] = due
    for c, view in zip(holding, results[first:], strict=False):
        carrier.answered(env, c, view, legs)


def _beat(scene: Scene, s: str) -> Any:
    console = scene.env["specs"][s]
    leg, won = console["leg"], console["won"]
    call = won[1] if won else ""
    hears = 0 if won and leg and leg["in"] and leg["call"] == call else None
    return scene.move(scene.board.beat(scene.profiles[s], presence="available", call=call, rtp_age_ms=hears))


# -- callers


def _arrives(scene: Scene) -> Event:
    taken = set(scene.env["phones"]) | set(scene.calls)
    c = next(name for name in ("c9", "c8") if name not in taken)  # named by their place afterwards
    scene.env["phones"][c] = {"at": "hold", "turn": 0, "room": ""}
    ring = [scene.move(scene.board.arrive(c, scene.sid(c), "main", "en", Caller()), quiet=q) for q in (False, True)]
    moves = [*ring, scene.turn(c)]
    del scene.env["phones"][c]

    def after(env: Env, _results: list[Any]) -> None:
        env["phones"][c] = {"at": "hold", "turn": 1, "room": ""}

    return Event(f"arrive {c}", moves, after)


def _caller(scene: Scene, c: str, acts: frozenset[str]) -> Iterator[Event]:
    phone, call = scene.env["phones"][c], scene.calls.get(c, {})
    if phone["at"] == "gone":
        return
    if "hang_up" in acts:
        yield from carrier.hangs_up(scene, c)
    if phone["at"] == "hold" and "danger" in acts and not call.get("press"):
        yield Event(f"danger {c}", _presses(scene, c), partial(_pressed, c=c, legs=scene.world.legs))
        if not scene.full() and not scene.world.legs:
            yield Event(
                f"presses {c}, late", [], partial(_sent, message={"do": "danger", "c": c, "turn": phone["turn"] + 1})
            )


def _presses(scene: Scene, c: str) -> list[Any]:
    key = scene.turn(c, danger=True)
    again = scene.turn(c, danger=True)
    again.quiet = True
    return [key, again]


def _pressed(env: Env, results: list[Any], *, c: str, legs: bool) -> None:
    carrier.answered(env, c, results[0], legs)


def _sent(env: Env, _results: list[Any], *, message: dict[str, Any]) -> None:
    env["flight"].append(message)
    if "turn" in message:
        env["phones"][message["c"]]["turn"] = max(env["phones"][message["c"]]["turn"], message["turn"])


# -- people


def _person(scene: Scene, s: str, acts: frozenset[str]) -> Iterator[Event]:
    spec, console = scene.specs[s], scene.env["specs"][s]
    if "dies" in acts:
        beat = [] if console["up"] else [_beat(scene, s)]
        yield Event(f"{'dies' if console['up'] else 'wakes'} {s}", beat, partial(_up, s=s))
    if not console["up"]:
        return
    if spec.get("offer"):
        yield from _offered(scene, s, spec["offer"])
    won, duty = console["won"], spec["duty"]
    if duty == "wrapping":
        yield Event(f"wrapped {s}", [scene.move(scene.board.wrapped(s), quiet=q) for q in (False, True)])
    if duty in TALKS and "leave" in acts:
        yield Event(f"leave {s}", [scene.move(scene.board.leave(spec["ecall"], s), quiet=q) for q in (False, True)])
    if duty in TALKS and "end" in acts and scene.calls[spec["ecall"]].get("owner") == s:
        ends = [scene.move(scene.board.end_call(spec["ecall"], s, "done"), quiet=q) for q in (False, True)]
        yield Event(f"end {s}", ends)
    if duty in TALKS and ("reload" in acts or not console["leg"]) and (not won or won[3] != "rejoin"):
        yield Event(f"reload {s}" if console["leg"] else f"rejoin {s}", _rejoins(scene, s), partial(_rejoined, s=s))
    yield from carrier.console(scene, s, acts)


def _up(env: Env, _results: list[Any], *, s: str) -> None:
    env["specs"][s]["up"] ^= 1


def _offered(scene: Scene, s: str, offer: str) -> Iterator[Event]:
    board = scene.board
    yield Event(f"accept {s}", _accepts(scene, s, offer), partial(_won, s=s))
    if "offer" not in scene.world.acts:
        return
    if not scene.offers[offer].get("acked"):
        yield Event(f"ack {s}", [scene.move(board.ack(offer, s), quiet=q) for q in (False, True)])
    declined = [scene.move(board.decline(offer, s, "busy")), scene.move(board.decline(offer, s, "x"), quiet=True)]
    late = scene.move(board.accept(offer, s, "t"), quiet=True, refused=True)
    yield Event(f"decline {s}", [*declined, late, scene.move(board.ack(offer, s), quiet=True, refused=True)])
    if not scene.full() and not any(m["do"] == "accept" and m["s"] == s for m in scene.env["flight"]):
        yield Event(f"accept {s}, late", [], partial(_sent, message={"do": "accept", "s": s, "o": offer}))


def _accepts(scene: Scene, s: str, offer: str) -> list[Any]:
    """What else is too late then is tried as mischief."""
    board = scene.board
    return scene.again(scene.move(board.accept(offer, s, "t")), board.accept(offer, s, "t"))


def _won(env: Env, results: list[Any], *, s: str) -> None:
    won = results[0]
    if isinstance(won, Accepted):
        env["specs"][s]["won"] = [won.offer, won.call, won.token, won.kind]


def _rejoins(scene: Scene, s: str) -> list[Any]:
    call = scene.specs[s]["ecall"]
    return [scene.move(scene.board.rejoin(call, s, scene.wire.store.new_id()), quiet=True)]


def _rejoined(env: Env, results: list[Any], *, s: str) -> None:
    _won(env, results, s=s)
    env["specs"][s]["won"][3] = "rejoin"


# -- late


def deliver(scene: Scene, n: int, message: dict[str, Any]) -> Event:
    """A message arrives, and once more."""
    what = message["do"]
    work = [_delivered(scene, message) for _ in range(2)]
    moves = [scene.move(work[0]), scene.move(work[1], quiet=True)]
    if what in ("joined", "left", "ended"):
        what += f" {message['label'].split('_')[0]}"

    def after(env: Env, results: list[Any]) -> None:
        del env["flight"][n]
        if message["do"] == "accept" and env["specs"][message["s"]]["up"]:
            _won(env, results, s=message["s"])

    return Event(f"deliver {what} {message.get('c', message.get('s'))}", moves, after)


def _delivered(scene: Scene, m: dict[str, Any]) -> Any:
    board = scene.board
    if m["do"] == "accept":
        return board.accept(m["o"], m["s"], "t")
    c, what = m["c"], m["do"]
    if what == "danger":
        said = {"line": "main", "language": "en", "cls": "standard", "arrived_ms": NOW - UNIT, "counter": 1}
        return board.turn(c, scene.sid(c), turn=m["turn"], danger=True, **said)
    if what == "gone":
        return board.caller_gone(c, scene.sid(c), status="completed", side=m["side"], at_ms=m["at"])
    if what == "joined":
        return board.leg_joined(c, m["sid"], m["label"], m["room_sid"], m["at"], room=m["room"])
    if what == "left":
        return board.leg_left(c, m["sid"], m["label"], m["at"], room_sid=m["room_sid"])
    return board.leg_status(c, m["sid"], m["label"], status="completed", at_ms=m["at"])
