"""What must hold of every board that the search comes to, and of every event on the way: `tests/routing/model.py` once
more, made anew from the board before each event, and what only the keys tell."""

from __future__ import annotations

import json
from collections.abc import Set
from typing import Any

from routing.board import Event
from tests.routing.model import CallModel, Model, OfferModel, SpecModel
from tests.search.canon import NOW, Board
from tests.search.scene import Scene
from tests.search.worlds import TIMES_S

DOUBT_MS = round(TIMES_S["doubt"] * 1000)
IN_CALL = {"connecting", "talking", "reconnecting"}
BESIDES = {"meta", "events", "excl"}
"""What a refused request may touch: who reached us, and exclusions that were over."""


class Reader(Model):
    """The model, for whom a pause after a leave is over when its timer has rung: it may be due and not looked at. Nor
    does anybody wait who is doubtful by now."""

    pausing: Set[str] = frozenset()

    def _in_w(self, name: str, id_: str, other: CallModel, now: int) -> bool:
        return id_ not in self.pausing and super()._in_w(name, id_, other, now)


def model_of(scene: Scene, now: int) -> Reader:
    """What a reader of the events would know by now. Pairs that are apart now are told as just parted: `Model` knows
    the real limits only."""
    model = Reader()
    silent = {c for c, call in scene.calls.items() if now - int(call.get("seen", now)) >= DOUBT_MS}
    model.pausing = silent | {m[5:] for _, m in scene.timers if m.startswith("left|")}
    model.epoch = scene.wire.store.epoch
    for id_, call in scene.calls.items():
        said = CallModel(call["state"], call["cls"], NOW, int(call["counter"]), "en")
        said.offers = set(call.get("offers", "").split())
        said.owner, said.held_until = call.get("owner", ""), int(call.get("held_until", 0))
        said.needs_key, said.ended = call.get("bd") == "1", call["state"] == "closed"
        model.calls[id_] = said
    for id_, offer in scene.offers.items():
        model.offers[id_] = OfferModel(offer["call"], offer["spec"], offer["state"])
        model.connected |= {id_} if offer["state"] == "connected" else set()
    for name, spec in scene.specs.items():
        said = SpecModel(spec["duty"], spec.get("offer", ""), spec.get("eng", ""), spec.get("estate", ""))
        said.apart = {c: now for s, c, until in scene.excl if s == name and until > now}
        model.specs[name], model.may[name] = said, (("en",), "1")
        model.beaten[name] = model.epoch
        model.beat_ms[name] = spec["beat"]
    return model


def told(flat: list[Any]) -> list[Event]:
    """The stream's entries."""
    out = []
    for cursor, fields in flat:
        f = dict(zip(fields[::2], fields[1::2], strict=True))
        data = json.loads(f["d"])
        out.append(Event(cursor, f["e"], int(f["i"]), f["c"], int(f["n"]), int(f["t"]), f["k"], f["s"], data))
    return out


def fair(scene: Scene, happened: list[Event], passed: bool) -> None:
    """Silence is held against nobody when it may be ours: somebody else has reached us while time passed (L8)."""
    others = {s for s, console in scene.env["specs"].items() if console["up"]}
    turning = any(phone["at"] == "hold" for phone in scene.env["phones"].values())
    for event in happened:
        if passed and event.kind == "engagement.state" and event.data["cause"] == "silent":
            assert turning or others - {event.data["spec"]}, "nobody else reached us either"


def lawful(board: Board, spoken_of: set[str], now: int) -> None:
    """What the keys say of one another, whenever no script runs. Of the calls `spoken_of` news are on their way."""
    calls = {id_: c for id_, c in board["call"].items() if "state" in c}
    specs = board["spec"]
    _places(board, calls, specs)
    for id_, offer in board["offer"].items():
        here = id_ in calls[offer["call"]].get("offers", "").split()
        assert here == (offer["state"] == "offered"), f"offer {id_} is {offer['state']}, its call says otherwise"
        if offer["state"] == "offered":
            assert specs[offer["spec"]]["offer"] == id_, "an open offer is the person's"
            assert f"deadline|{id_}" in board["timers"], "an open offer ends by itself"
            assert offer.get("acked") == "1" or f"ack|{id_}" in board["timers"], "an offer is seen, or ends"
    for s, spec in specs.items():
        _person(s, spec, calls, board["timers"], spoken_of)
    for id_, call in calls.items():
        _call(id_, call, specs, board["timers"], now)


def _places(board: Board, calls: dict[str, Any], specs: dict[str, Any]) -> None:
    lanes = {
        (lane, f"{int(c['counter']):012d}:{id_}") for id_, c in calls.items() for lane in c.get("lanes", "").split()
    }
    assert lanes == {(lane, m) for lane, group in board["lane"].items() for m in group}, "lanes are as the calls say"
    idle = {(lane, spec["member"]) for spec in specs.values() for lane in spec.get("idle_in", "").split()}
    assert idle == {(lane, m) for lane, group in board["idle"].items() for m in group}, "idle people are as they say"


def _person(s: str, spec: dict[str, str], calls: dict[str, Any], timers: dict[str, Any], spoken_of: set[str]) -> None:
    duty, call = spec["duty"], calls.get(spec.get("ecall", ""))
    assert bool(spec.get("offer")) == (duty == "offered"), f"{s} is {duty}"
    if duty in IN_CALL:
        assert call, f"{s} is {duty} with nobody"
        assert s in call.get("team", "").split(), f"{s} is {duty} and not of the team"
        assert spec["estate"] == duty
    if duty == "connecting" and spec["ecall"] not in spoken_of:
        until = {*(f"{kind}|{s}" for kind in ("ask", "join", "media")), f"move|{spec['ecall']}"}
        assert until & timers.keys(), f"{s} connects for ever"
    if duty == "wrapping":
        assert f"wrap|{s}" in timers, f"{s} wraps up for ever"


def _call(id_: str, call: dict[str, str], specs: dict[str, Any], timers: dict[str, Any], now: int) -> None:
    state, owner = call["state"], call.get("owner", "")
    if owner and state != "closed":
        assert specs[owner].get("ecall") == id_, f"{id_} is owned by {owner}, who is elsewhere (L10)"
        assert specs[owner]["duty"] in IN_CALL, f"{id_} is owned by {owner}, who is {specs[owner]['duty']}"
    if state in IN_CALL:
        assert owner, f"{id_} is {state} and nobody's (L10)"
    for s in call.get("team", "").split():
        assert specs[s].get("ecall") == id_, f"{s} is of the team of {id_} and elsewhere"
    alive = {m.partition("|")[2] for m in timers}
    waits = state in ("waiting", "offered", "backup_ringing") and call.get("bd") != "1"
    somewhere = call.get("lanes") or call.get("offers") or int(call.get("held_until") or 0) > now
    due = any(int(timers.get(f"{kind}|{id_}", now + 1)) <= now for kind in ("doubt", "left"))
    assert not waits or somewhere or due, f"{id_} is {state} and nowhere"
    late = {"closed", "backup_talking", "doubtful"}
    assert state in late or waits or owner or call.get("bd") == "1" or id_ in alive, f"{id_} is {state} and lost"


def unchanged(before: Board, after: Board) -> None:
    """Requests that must be refused have left the board as it was."""
    for kind in before.keys() - BESIDES:
        mine, theirs = _plain(before[kind]), _plain(after[kind])
        assert mine == theirs, f"what is refused changes {kind}: {mine} -> {theirs}"


def _plain(group: dict[str, Any]) -> Any:
    """Empty is absent; when a document was last given (`D`) is for the record."""
    return {
        name: {k: v for k, v in held.items() if v != "" and k[:2] != "D|"} if isinstance(held, dict) else held
        for name, held in group.items()
    }
