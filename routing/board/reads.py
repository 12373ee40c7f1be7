"""From what the scripts answer to the views that callers of the board see."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, cast

from routing.board.views import (
    Accepted,
    Answer,
    Asked,
    Callback,
    CallView,
    Effect,
    Event,
    Interpreter,
    Member,
    OfferView,
    Seat,
    SpecView,
)


def call_view(data: Mapping[str, Any]) -> CallView:
    fields: dict[str, Any] = {**data}
    if "team" in data:
        fields["team"] = tuple(Member(**one) for one in data["team"])
    if "asking" in data:
        fields["asking"] = Asked(**data["asking"])
    if "callback" in data:
        fields["callback"] = Callback(**data["callback"])
    if "interpreter" in data:
        fields["interpreter"] = Interpreter(**data["interpreter"])
    return CallView(**fields)


def maybe_call(data: Mapping[str, Any] | None) -> CallView | None:
    return call_view(data) if data else None


def spec_view(data: Mapping[str, Any]) -> SpecView:
    fields: dict[str, Any] = {**data, "offers": tuple(OfferView(**offer) for offer in data.get("offers") or ())}
    return SpecView(**fields)


def answer(data: Mapping[str, Any]) -> Answer:
    return Answer(ok=bool(data["ok"]), reason=data.get("reason", ""), data=data.get("data") or {})


def accepted(data: Mapping[str, Any]) -> Accepted | Answer:
    if not data["ok"]:
        return answer(data)
    return Accepted(call=data["call"], offer=data["offer"], token=data["token"], kind=data["kind"])


def seat(data: Mapping[str, Any]) -> Seat:
    return Seat(**data)


def effect(data: Mapping[str, Any]) -> Effect:
    return Effect(
        id=data["id"],
        kind=data["kind"],
        call=data["call"],
        data=data["data"],
        expires_ms=int(data["expires"]),
        attempt=int(data["attempt"]),
    )


def event(cursor: str, f: Mapping[str, str]) -> Event:
    return Event(
        cursor=cursor,
        epoch=f["e"],
        id=int(f["i"]),
        call=f["c"],
        n=int(f["n"]),
        at_ms=int(f["t"]),
        kind=f["k"],
        state=f["s"],
        data=json.loads(f["d"]),
    )


def entries(found: Any) -> list[tuple[str, Mapping[str, str]]]:
    """The entries of one stream out of an XREAD reply, as the server sent it or as redis-py has parsed it."""
    if not found:
        return []
    stream: Any = next(iter(cast(dict[str, Any], found).values())) if isinstance(found, dict) else found[0][1]
    if stream and isinstance(stream[0][0], list | tuple):  # redis-py wraps the entries once more under RESP3
        stream = stream[0]
    return [(cursor, _fields(flat)) for cursor, flat in stream]


def _fields(flat: Any) -> Mapping[str, str]:
    if isinstance(flat, dict):
        return cast(dict[str, str], flat)
    return dict(zip(flat[::2], flat[1::2], strict=True))
