"""The board: who waits, who is free, who talks to whom. Every move and every key (see `keys.md` beside the scripts).

One method is one Lua script: it checks the epoch, the deadline and the state it expects, changes it, sets the timers and
appends the events and effects, all at once (L3, P5). Methods raise `BoardAway` when Redis cannot be asked within 0.8 s
(S1), `EpochChanged` when the data is another one than this process knows (S2), and otherwise answer what is now true.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


class BoardAway(Exception):
    """Redis gave no answer in time; nothing is known about whether the move happened."""


class EpochChanged(Exception):
    """The board's data is absent or of another epoch; `Board.open` adopts or begins one."""


@dataclass(frozen=True)
class Caller:
    """Who rings, as the board may know it (S7). Withheld callers are all different people: their hash is empty."""

    number_hash: str = ""
    number_cipher: str = ""
    withheld: bool = True
    verification: str = ""


@dataclass(frozen=True)
class Profile:
    """What routing must know of a person; part of the signed session, sent with every beat."""

    spec: str
    role: str
    """`specialist` or `lead`."""
    level: str
    """`junior`, `intermediate` or `senior`."""
    lanes: tuple[str, ...]
    """Lanes this person may take, compiled by `policy.lanes_for_person`."""
    on_shift: bool


@dataclass(frozen=True)
class CallView:
    """A call as the board sees it."""

    id: str
    state: str
    line: str
    language: str
    cls: str
    arrived_ms: int
    counter: int
    turn: int
    sid: str
    room: str
    """The room's name, empty before the first accept."""
    room_sid: str
    room_open: bool
    """A specialist's, relief's or agency's live leg is in the room: the caller belongs there."""
    caller_in_room: bool
    owner: str
    """Specialist id of the owner, or empty."""
    since_ms: int
    cause: str
    """Why it is in this state: `arrived, key, offer, lost, left, backup_failed, backup_ended, ended, returned, ...`."""
    backup_index: int
    """Which backup number rings or talks, from 0."""
    backup_done: bool
    """The backup's human was reached and has gone: ask whether the caller still needs someone (H5)."""
    handoff_open: bool
    returning: bool
    fresh: bool
    """This request created it on the board."""
    now_ms: int


@dataclass(frozen=True)
class OfferView:
    id: str
    call: str
    spec: str
    kind: str
    state: str
    made_ms: int
    ack_by_ms: int
    deadline_ms: int
    acked: bool


@dataclass(frozen=True)
class SpecView:
    """A person as the board sees them, for consoles and leads."""

    spec: str
    presence: str
    duty: str
    call: str
    role: str
    """Role in that call (`owner`, `relief`) or empty."""
    since_ms: int
    beat_ms: int
    offers: tuple[OfferView, ...]
    level: str = ""


@dataclass(frozen=True)
class Accepted:
    """The accept won. `token` lets exactly one softphone leg in (L6)."""

    call: str
    offer: str
    token: str
    kind: str


@dataclass(frozen=True)
class Seat:
    """Where a specialist's leg goes: the room, its label and role; or a refusal in `reason`."""

    ok: bool
    reason: str = ""
    call: str = ""
    room: str = ""
    label: str = ""
    role: str = ""


@dataclass(frozen=True)
class Answer:
    """The result of a move that a person asked for: done, or refused with a word for the reason."""

    ok: bool
    reason: str = ""
    """`not_yours` (no longer yours), `unknown`, `wrong_state`, `excluded`, `needs_lead`, ..."""
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True)
class Effect:
    """Something to be done at the carrier; `expect` is checked again by `still_due` just before the request."""

    id: str
    kind: str
    """`move_caller, complete_leg, end_room, announce, unhold, dial_agency`."""
    call: str
    data: Mapping[str, Any]
    expires_ms: int
    attempt: int


@dataclass(frozen=True)
class Event:
    """One entry of the stream. `n` orders the events of one call within an epoch; `state` is the call's afterwards."""

    cursor: str
    epoch: str
    id: int
    call: str
    n: int
    at_ms: int
    kind: str
    state: str
    data: Mapping[str, Any]


class Board:
    """Moves on one hotline's board."""

    def __init__(
        self, url: str, *, hotline: str = "main", new_id: Callable[[], str], now_ms: Callable[[], int] | None = None
    ) -> None:
        """`now_ms` replaces the server's clock, only on a server whose test flag is set (P5)."""
        raise NotImplementedError

    # -- epoch and configuration
    async def open(self, config: Mapping[str, Any], *, known: Sequence[str] = ()) -> str:
        """Adopt the stored epoch or begin a new one in verify mode, later than every `known`; (re)writes `config`
        (compiled by `policy.compile_config`). Returns the epoch, `<ms>-<random>`."""
        raise NotImplementedError

    async def end_verify(self) -> None: ...

    # -- the caller
    async def arrive(self, call: str, sid: str, line: str, language: str, caller: Caller) -> CallView:
        """A new call rings; a repeated request for the same call changes nothing. State `greeting`."""
        raise NotImplementedError

    async def turn(
        self,
        call: str,
        sid: str,
        *,
        line: str,
        language: str,
        cls: str,
        arrived_ms: int,
        counter: int,
        turn: int,
        danger: bool = False,
        still_needed: bool = False,
        caller: Caller | None = None,
    ) -> CallView:
        """A hold turn (H1, H2): upserts an unknown call at its own place, proves the caller is there, applies the key.
        `still_needed`: the caller pressed the key that asks for a person after the backup's human has gone."""
        raise NotImplementedError

    async def caller_gone(self, call: str, sid: str, *, status: str, side: str, at_ms: int | None) -> CallView | None:
        """A terminal carrier status of the caller's leg. `closed`, or `agency_only` while an agency is in the room."""
        raise NotImplementedError

    # -- rooms and legs (from conference callbacks, progress callbacks, and the console)
    async def leg_joined(self, call: str, sid: str, label: str, room_sid: str, at_ms: int | None) -> CallView | None:
        raise NotImplementedError

    async def leg_left(self, call: str, sid: str, label: str, at_ms: int | None) -> CallView | None:
        raise NotImplementedError

    async def leg_status(self, call: str, sid: str, label: str, *, status: str, at_ms: int | None) -> CallView | None:
        """Progress of a leg that is not the caller's (agency, specialist's telephone, backup's telephone)."""
        raise NotImplementedError

    async def room_ended(self, call: str, room_sid: str, at_ms: int | None) -> CallView | None:
        raise NotImplementedError

    # -- the backup line (H5)
    async def backup_answered(self, call: str, sid: str) -> Answer:
        """Somebody pressed 1. Refused (`not_yours`) when the caller is already with a specialist or gone."""
        raise NotImplementedError

    async def backup_over(self, call: str, *, dialled_index: int) -> CallView:
        """The caller's Dial of number `dialled_index` has ended: next number, hold again, or `backup_done`."""
        raise NotImplementedError

    # -- specialists
    async def beat(
        self,
        profile: Profile,
        *,
        presence: str,
        offer: str = "",
        call: str = "",
        rtp_age_ms: int | None = None,
        microphone: bool = True,
        told: Mapping[str, Any] | None = None,
        touched: bool = False,
    ) -> SpecView:
        """Proof of life (P4): `told` is what the board last told about the call (line, language, class, arrived_ms,
        counter, role, owner, sid, room), with which an emptied board is refilled. `touched`: a human used the console."""
        raise NotImplementedError

    async def set_presence(self, profile: Profile, presence: str) -> SpecView:
        raise NotImplementedError

    async def ack(self, offer: str, spec: str) -> Answer:
        raise NotImplementedError

    async def accept(self, offer: str, spec: str, tab: str) -> Accepted | Answer:
        """First accept wins; the same tab repeating it gets the same token, anyone else `not_yours` (L6)."""
        raise NotImplementedError

    async def decline(self, offer: str, spec: str, reason: str) -> Answer:
        raise NotImplementedError

    async def seat(self, spec: str, *, offer: str = "", call: str = "", token: str, sid: str) -> Seat:
        """A specialist's softphone leg asks for its document (L6)."""
        raise NotImplementedError

    async def media_up(self, call: str, spec: str) -> Answer:
        """The console hears its room (L5)."""
        raise NotImplementedError

    async def rejoin(self, call: str, spec: str, tab: str) -> Accepted | Answer:
        """A new token for the same engagement after the leg died (L6, L8)."""
        raise NotImplementedError

    async def leave(self, call: str, spec: str) -> Answer:
        """The specialist goes; the caller hears it and after 20 s is a new wait (L9)."""
        raise NotImplementedError

    async def end_call(self, call: str, spec: str, reason: str, *, lead_agrees: bool = False) -> Answer:
        """A person's act (L9). `needs_lead` while risk is high or a handoff is open."""
        raise NotImplementedError

    async def wrapped(self, spec: str) -> SpecView:
        """Wrap-up is done: free for the next (by the person, or by its timer)."""
        raise NotImplementedError

    async def recover(self, spec: str, on: bool) -> Answer:
        """One-tap recovery after a hard call, and back."""
        raise NotImplementedError

    # -- what people decide about a call
    async def set_class(self, call: str, cls: str, *, who: str, why: str) -> Answer:
        """Raise or lower; lowering needs a person (`who`) and a reason. Re-orders at once."""
        raise NotImplementedError

    async def clinical(self, call: str, spec: str, *, kind: str, id: str, facts: Mapping[str, Any], cipher: str) -> Answer:
        """A clinical fact (S4): `kind` is `risk`, `safe_to_call` or `contact`; `facts` are codes only (for `risk`:
        `screened`, `judged`, `imminent`), narrative is in `cipher`. Repeating an `id` changes nothing."""
        raise NotImplementedError

    async def handoff_open(
        self, call: str, spec: str, *, handoff: str, to_cipher: str, facts: Mapping[str, Any], cipher: str, dial: bool
    ) -> Answer:
        """A handoff to emergency services is decided; with `dial` the agency is rung into the room (C1, C2)."""
        raise NotImplementedError

    async def handoff_fact(
        self, handoff: str, who: str, *, id: str, facts: Mapping[str, Any], cipher: str, redial: bool = False
    ) -> Answer:
        """What happened next: `contact` (`reached, no_answer, declined, by_hand`), `outcome`
        (`contact_confirmed, not_located, responder_refused, caller_declined, stood_down`), `incident`, `closed`."""
        raise NotImplementedError

    # -- time and effects
    async def tick(self, limit: int = 100) -> int:
        """Carry out what is due. Returns ms until the next timer (at most 1,000)."""
        raise NotImplementedError

    async def claim_effects(self, limit: int = 20) -> Sequence[Effect]:
        """Effects due, claimed for 1.5 s (L3)."""
        raise NotImplementedError

    async def still_due(self, effect: Effect) -> bool:
        raise NotImplementedError

    async def effect_done(self, effect: Effect, *, ok: bool, result: Mapping[str, Any]) -> None:
        """Record the result; a failed one is tried again until it expires."""
        raise NotImplementedError

    async def lease(self, name: str, holder: str, ttl_ms: int) -> int:
        """Take or renew a lease; the fencing number, or 0 when somebody else holds it."""
        raise NotImplementedError

    # -- the reconciler
    async def restore(self, call: str, sid: str, *, told: Mapping[str, Any], room_sid: str, labels: Sequence[str]) -> None:
        """The carrier shows this call in a room with these participant labels, and the board does not know it."""
        raise NotImplementedError

    async def verified(self, call: str) -> None:
        """One fetch agrees that the caller's leg is live: `doubtful` becomes `waiting`."""
        raise NotImplementedError

    # -- reading
    async def call(self, call: str) -> CallView | None:
        raise NotImplementedError

    async def live_calls(self) -> Sequence[CallView]:
        raise NotImplementedError

    async def specialist(self, spec: str) -> SpecView | None:
        raise NotImplementedError

    async def specialists(self) -> Sequence[SpecView]:
        raise NotImplementedError

    async def legs(self, call: str) -> Mapping[str, Mapping[str, Any]]:
        """The live legs of a call: SID to `{role, who, label, joined, room_sid}`."""
        raise NotImplementedError

    async def secret(self, call: str) -> Caller | None:
        """The caller's ciphertext, for revealing with Postgres down (S7)."""
        raise NotImplementedError

    async def events(self, after: str, *, count: int = 500, block_ms: int = 0) -> Sequence[Event]:
        """Events after a cursor (`0` for all, `$` for now); waits at most `block_ms`."""
        raise NotImplementedError

    async def last_cursor(self) -> str:
        raise NotImplementedError

    async def aclose(self) -> None: ...
