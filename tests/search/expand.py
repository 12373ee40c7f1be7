"""A canonical text as a board again: what `canon.py` left out follows from the rest, or is the same for all."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.search.canon import AGES, ENGAGED, NEVER, NOW, UNIT, Env


@dataclass(frozen=True)
class Fixed:
    """What all boards of a search have in common."""

    epoch: str
    lanes: str
    head: Mapping[str, int]


@dataclass
class Parts:
    """A text, taken apart."""

    calls: list[dict[str, Any]]
    specs: list[dict[str, Any]]
    meta: dict[str, Any]
    offers: list[dict[str, Any]]
    legs: list[list[Any]]
    excl: list[list[Any]]
    effects: list[dict[str, Any]]
    timers: list[list[Any]]
    env: Env


def parts_of(text: str) -> Parts:
    (calls, specs, meta, phones, consoles), timers, due, offers, legs, excl, effects, flight = json.loads(text)
    env = {"phones": dict(phones), "specs": dict(consoles), "flight": flight, "due": due}
    return Parts(calls, specs, meta, offers, legs, excl, effects, timers, env)


def keys_of(parts: Parts, fixed: Fixed) -> dict[str, list[Any]]:
    """key -> [command, arguments], as the search puts them."""
    keys: dict[str, list[Any]] = {}

    def put(command: str, key: str, *values: Any) -> None:
        keys.setdefault(key, [command]).extend(values)

    put(
        "HSET",
        "meta",
        *_flat(
            parts.meta
            | {"t": NOW, "epoch": fixed.epoch, "counter": max((c["counter"] for c in parts.calls), default=0)}
        ),
    )
    for call in parts.calls:
        _put_call(put, call, fixed)
    for spec in parts.specs:
        _put_spec(put, spec, fixed, max((at for s, _, at in parts.excl if s == spec["id"]), default=0))
    for offer in parts.offers:
        put("HSET", f"offer:{offer['id']}", *_flat(offer))
    for call, sid, leg in parts.legs:
        put("HSET", f"legs:{call}", sid, leg if isinstance(leg, str) else json.dumps(leg))
    for due, member in parts.timers:
        put("ZADD", "timers", due, member)
    for spec, call, until in parts.excl:
        put("ZADD", f"excl:{spec}", until, call)
    for fx in parts.effects:
        put("HSET", "fx", fx["id"], json.dumps(fx | {"expires": NOW + NEVER * UNIT, "attempt": 0}))
        put("ZADD", "fxdue", NOW, fx["id"])
    return keys


def _put_call(put: Any, call: dict[str, Any], fixed: Fixed) -> None:
    id_, score = call["id"], NOW - fixed.head[_weight(call)]
    same = {"a": NOW, "plan": NOW, "seen": NOW, "score": score, "epoch": fixed.epoch}
    same |= {"line": "main", "lang": "en", "wh": "1", "sid": f"CA_{id_}"}
    put("HSET", f"call:{id_}", *_flat(same | call))
    if call["state"] != "closed":
        put("ZADD", "calls", NOW, id_)
    for lane in call.get("lanes", "").split():
        put("ZADD", f"lane:{lane}", score, f"{int(call['counter']):012d}:{id_}")


def _put_spec(put: Any, spec: dict[str, Any], fixed: Fixed, apart: int) -> None:
    id_, member = spec["id"], f"2:{spec['id']}"
    since = NOW if spec.get("order") == "new" else NOW - UNIT * AGES + spec.get("order", 0)
    same = {"lanes": fixed.lanes, "level": "intermediate", "role": "specialist", "shift": "1", "presence": "available"}
    same |= {"bepoch": fixed.epoch, "since": since, "member": member, "excl": apart}
    idle = fixed.lanes if spec.get("idle") else ""
    if spec.get("ecall"):
        same |= dict.fromkeys(ENGAGED, "")  # as `B.engage` leaves them: one that is absent is not the same everywhere
    own = {k: v for k, v in spec.items() if k not in ("order", "idle")}
    put("HSET", f"spec:{id_}", *_flat(same | own | {"idle_in": idle}))
    put("SADD", "specs", id_)
    for lane in idle.split():
        put("ZADD", f"idle:{lane}", since, member)
    if idle:
        put("ZADD", "idle", since, id_)


def _weight(call: Mapping[str, Any]) -> str:
    """As `B.weight`: who is offered as relief is at least urgent."""
    return "urgent" if call.get("relief") == "1" and call["cls"] in ("standard", "warm") else call["cls"]


def _flat(fields: Mapping[str, Any]) -> Iterable[Any]:
    return [item for pair in fields.items() for item in pair]
