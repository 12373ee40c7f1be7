"""What the board says, as the API and the live stream say it: never a number, a name or a story."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.api.fields import Out
from routing.board import CallView, OfferView, SpecView


class OfferShort(Out):
    offer: str
    kind: str
    state: str
    made_ms: int
    ack_by_ms: int
    deadline_ms: int
    acked: bool
    by: str
    """The colleague who asks, of a transfer or consult."""


class Me(Out):
    """A person on the board."""

    spec: str
    presence: str
    duty: str
    call: str
    role: str
    since_ms: int
    beat_ms: int
    level: str
    watch: str
    wrap_ms: int
    known: bool
    """The board has heard of them since it last lost its data: else its word on presence is old."""
    offers: list[OfferShort]


class MemberOut(Out):
    """Somebody with a call. `heard`: in the room, with sound, so that the call may be handed over to them."""

    spec: str
    role: str
    state: str
    heard: bool


class AskedOut(Out):
    """A colleague who is being asked in."""

    offer: str
    spec: str
    kind: str
    deadline_ms: int


class InterpreterOut(Out):
    language: str
    there: bool
    """In the room; else still rung."""


class CallbackOut(Out):
    """The caller chose to be rung back. `away`: they are not on the line."""

    away: bool
    ringing: bool
    rings: int
    why: str
    """What came of the last try: `no-answer`, `busy`, `completed` (answered, no key), `failed`, `timeout`; or empty."""
    again_ms: int


class CallOut(Out):
    """A call on the board, for its people and for leads. `sid`, `room` and `counter` go back in beats (P4)."""

    id: str
    state: str
    line: str
    language: str
    cls: str
    arrived_ms: int
    counter: int
    sid: str
    room: str
    room_sid: str
    caller_in_room: bool
    owner: str
    since_ms: int
    cause: str
    handoff_open: bool
    risk_high: bool
    held_ms: int
    help_ms: int
    watching: str
    team: list[MemberOut]
    asking: AskedOut | None
    interpreter: InterpreterOut | None
    private: bool
    """On hold so that owner and colleague can talk alone."""
    callback: CallbackOut | None
    safe: str
    """Whether they may be rung (C4): `yes`, `no`, `unknown`, or nobody has said."""
    returning: bool
    closed: bool
    now_ms: int


def offer_out(offer: OfferView, call: CallView) -> dict[str, Any]:
    return {
        **short(offer),
        "line": call.line,
        "language": call.language,
        "cls": call.cls,
        "arrived_ms": call.arrived_ms,
        "wait_ms": max(0, call.now_ms - call.arrived_ms),
        "returning": call.returning,
        "callback": call.callback is not None and call.callback.away,
    }


def short(offer: OfferView) -> dict[str, Any]:
    return {name: getattr(offer, name) for name in OfferShort.model_fields if name != "offer"} | {"offer": offer.id}


def asked(word: str, data: Mapping[str, Any]) -> dict[str, Any]:
    """To whoever asked a colleague in: what has become of it. A state of the offer, and why."""
    state = "offered" if word == "made" else word
    return {"offer": data.get("offer"), "kind": data.get("kind"), "state": state, "cause": data.get("cause") or ""}


def me(view: SpecView) -> dict[str, Any]:
    fields = {name: getattr(view, name) for name in Me.model_fields if name != "offers"}
    return fields | {"offers": [short(offer) for offer in view.offers]}


def call_out(call: CallView) -> dict[str, Any]:
    fields = {name: getattr(call, name) for name in CallOut.model_fields}
    names = ("asking", "callback", "interpreter")
    parts = {name: value and vars(value) for name in names for value in [getattr(call, name)]}
    return fields | parts | {"team": [vars(one) for one in call.team]}


def told(call: CallView, spec: str) -> dict[str, Any]:
    """What this person's beats carry back, word for word, while they are in the call (P4)."""
    place = ("line", "language", "cls", "arrived_ms", "counter", "sid", "room", "room_sid")
    facts = ("handoff_open", "risk_high", "held_label")
    known = {name: getattr(call, name) for name in (*place, *facts)}
    away = call.callback is not None and call.callback.away
    return known | {"owner": call.owner == spec, "role": _role(call, spec), "away": away}


def _role(call: CallView, spec: str) -> str:
    if call.owner == spec:
        return "owner"
    if spec in call.watching.split():
        return "lead"
    return next((one.role for one in call.team if one.spec == spec), "relief")


#: Parts of an event's data that never leave: ciphertext and what identifies a caller.
HIDDEN = frozenset({"cipher", "to_cipher", "number_cipher", "number_hash", "verification"})


def shown(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in HIDDEN}


def absent(spec: str) -> dict[str, Any]:
    """Somebody the board has not heard of yet."""
    nothing = {
        "presence": "offline",
        "duty": "idle",
        "call": "",
        "role": "",
        "level": "",
        "watch": "",
        "wrap_ms": 0,
        "known": False,
    }
    return {"spec": spec, **nothing, "since_ms": 0, "beat_ms": 0, "offers": []}
