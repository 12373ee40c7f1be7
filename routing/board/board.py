"""Every move of the board, one method each; the scripts in `routing/lua` do the work."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, Unpack

from routing.board import reads
from routing.board.callbacks import Callbacks
from routing.board.partners import Partners
from routing.board.reader import Reader
from routing.board.supervise import Supervision
from routing.board.views import Accepted, Answer, Caller, CallView, Effect, Profile, Seat, Span, SpecView

CARRIER = "w"
"""Who reached us, when it was the carrier's webhook (L8 asks whether anybody else did)."""


def _profile(profile: Profile) -> dict[str, Any]:
    return {**vars(profile), "lanes": " ".join(profile.lanes)}


def _epoch_key(epoch: str) -> tuple[int, str]:
    ms, _, rand = epoch.partition("-")
    return int(ms or 0), rand


class Board(Supervision, Partners, Callbacks, Reader):
    """Moves on one hotline's board, one method each."""

    # -- epoch and configuration

    async def open(self, config: Mapping[str, Any], *, known: Sequence[str] = ()) -> str:
        """Adopt the stored epoch or begin a new one in verify mode, later than every `known`; (re)writes `config`
        (compiled by `policy.compile_config`). Returns the epoch, `<ms>-<random>`."""
        latest = max(known, key=_epoch_key, default="")
        text = json.dumps(config, separators=(",", ":"))
        rand = self._store.new_id()[:8]
        args = {"known": latest, "config": text, "revision": config.get("revision", 0), "rand": rand}
        self._store.epoch = (await self._run("open", args, checked=False))["epoch"]
        return self._store.epoch

    async def configure(self, config: Mapping[str, Any]) -> bool:
        """The lines' data have been edited: callers who wait follow the plan as it is now, and what is due by it
        happens. False when the board has a newer `revision` already."""
        text = json.dumps(config, separators=(",", ":"))
        return bool(await self._run("configure", {"config": text, "revision": config.get("revision", 0)}))

    async def end_verify(self) -> None:
        """One pass agreed with the carrier: matching begins before the 10 s are over (S2)."""
        await self._run("end_verify", {})

    async def allow_test_clock(self) -> None:
        """Set the test flag: from now on this hotline's moves may bring their own time (P5). Tests and demo only."""
        await self._store.allow_test_clock()

    # -- the caller

    async def arrive(
        self,
        call: str,
        sid: str,
        line: str,
        language: str,
        caller: Caller,
        *,
        ring_back: bool = False,
        closed: bool = False,
        via: str | None = None,
        day_ms: int = 0,
    ) -> CallView:
        """A new call rings; a repeated request for the same call changes nothing. State `greeting`. `ring_back`: an
        agency rings the number that agencies see; of the class above all others from the start (C2). `closed`: outside
        the opening hours, so that the plan's closed form is followed. `via`: it rings on the line of that
        partner hotline, which may have announced the caller. `day_ms`: when the line's day began, for its limit."""
        who = asdict(caller)
        args = {"call": call, "sid": sid, "line": line, "language": language, "caller": who, "ring_back": ring_back}
        args |= {"closed": closed, "via": via, "day_ms": day_ms}
        return reads.call_view(await self._run("arrive", args, source=CARRIER))

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
        away: bool = False,
        closed: bool = False,
        callback: str = "",
        day_ms: int = 0,
        caller: Caller | None = None,
    ) -> CallView:
        """A hold turn (H1, H2): upserts an unknown call at its own place, proves the caller is there, applies the key.
        `still_needed`: the caller pressed the key that asks for a person after the backup's human has gone. `away`: the
        caller was held without the board, whose URL then knows best what was pressed: its graver class applies.
        `callback`: ring me back (`yes`), it is not safe to (`no`), I would rather wait (`stay`). A `line` that is the
        crisis line of the call's warm line moves the call there: its key was pressed."""
        args = {
            "call": call,
            "sid": sid,
            "line": line,
            "language": language,
            "cls": cls,
            "arrived_ms": arrived_ms,
            "counter": counter,
            "turn": turn,
            "danger": danger,
            "still_needed": still_needed,
            "away": away,
            "closed": closed,
            "callback": callback,
            "day_ms": day_ms,
            "caller": asdict(caller) if caller else None,
        }
        return reads.call_view(await self._run("turn", args, source=CARRIER))

    async def caller_gone(
        self, call: str, sid: str, *, status: str, side: str, at_ms: int | None, **within: Unpack[Span]
    ) -> CallView | None:
        """A terminal carrier status of the caller's leg. `closed`, or `agency_only` while an agency is in the room."""
        args = {"call": call, "sid": sid, "status": status, "side": side, "at_ms": at_ms, **within}
        return reads.maybe_call(await self._run("caller_gone", args, source=CARRIER))

    # -- rooms and legs

    async def leg_joined(
        self,
        call: str,
        sid: str,
        label: str,
        room_sid: str,
        at_ms: int | None,
        *,
        room: str = "",
        **within: Unpack[Span],
    ) -> CallView | None:
        """The carrier saw a leg enter a room: the caller's, a specialist's, an agency's (L5). `room`, its name, tells a
        late join of an earlier room."""
        args = {"call": call, "sid": sid, "label": label, "room_sid": room_sid, "at_ms": at_ms, "room": room, **within}
        return reads.maybe_call(await self._run("leg_joined", args, source=CARRIER))

    async def leg_left(
        self, call: str, sid: str, label: str, at_ms: int | None, *, room_sid: str = "", **within: Unpack[Span]
    ) -> CallView | None:
        """The carrier saw a leg leave a room (`room_sid`, where known, tells a late leave of an earlier room)."""
        args = {"call": call, "sid": sid, "label": label, "room_sid": room_sid, "at_ms": at_ms, **within}
        return reads.maybe_call(await self._run("leg_left", args, source=CARRIER))

    async def leg_status(
        self, call: str, sid: str, label: str, *, status: str, at_ms: int | None, **within: Unpack[Span]
    ) -> CallView | None:
        """Progress of a leg that is not the caller's (agency, specialist's telephone, backup's telephone). With an
        empty `call` the leg's own is looked up: a softphone's progress callbacks name none."""
        args = {"call": call, "sid": sid, "label": label, "status": status, "at_ms": at_ms, **within}
        return reads.maybe_call(await self._run("leg_status", args, source=CARRIER))

    async def leg_over(
        self,
        call: str,
        sid: str,
        label: str,
        *,
        room_sid: str,
        came_ms: int | None,
        unheard: bool = False,
        status: str,
        at_ms: int,
        earliest_ms: int | None = None,
    ) -> None:
        """The carrier says that a leg is over (not when: since `earliest_ms`, by `at_ms`) of which only the record
        knows: its end is told, and its leave where it was in a room (`came_ms`), its coming too where that is `unheard`
        and it asked for the room then. The call itself stays as it is, a leg that the board watches too."""
        args = {"call": call, "sid": sid, "label": label, "room_sid": room_sid, "status": status, "at_ms": at_ms}
        came = {} if came_ms is None else {"came_ms": came_ms, "unheard": unheard}
        within = {} if earliest_ms is None else {"earliest_ms": earliest_ms, "latest_ms": at_ms}
        await self._run("leg_over", args | came | within, source=CARRIER)

    async def room_ended(self, call: str, room_sid: str, at_ms: int | None, **within: Unpack[Span]) -> CallView | None:
        """The carrier ended a room; whoever was in it has left."""
        args = {"call": call, "room_sid": room_sid, "at_ms": at_ms, **within}
        return reads.maybe_call(await self._run("room_ended", args, source=CARRIER))

    # -- the backup line (H5)

    async def backup_answered(self, call: str, sid: str) -> Answer:
        """Somebody pressed 1. Refused (`not_yours`) when the caller is with a specialist, or a person has ended the
        call. Of a call closed by anything else it is allowed, since the caller is evidently there; closed it stays, the
        key is on record."""
        return reads.answer(await self._run("backup_answered", {"call": call, "sid": sid}, source=CARRIER))

    async def backup_over(self, call: str, *, dialled_index: int) -> CallView:
        """The caller's Dial of number `dialled_index` has ended: next number, hold again, or `backup_done`. A call that
        the board does not know is answered as closed (a human, at once)."""
        args = {"call": call, "dialled_index": dialled_index}
        return reads.call_view(await self._run("backup_over", args, source=CARRIER))

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
        counter, role, owner, sid, room), with which an emptied board is refilled. `touched`: a human used the
        console."""
        args = {
            "profile": _profile(profile),
            "presence": presence,
            "offer": offer,
            "call": call,
            "rtp_age_ms": rtp_age_ms,
            "microphone": microphone,
            "told": {k: v for k, v in told.items() if v is not None} if told else None,
            "touched": touched,
        }
        return reads.spec_view(await self._run("beat", args, source=profile.spec))

    async def set_presence(self, profile: Profile, presence: str) -> SpecView:
        """What the person chose. An open offer of somebody who goes is declined."""
        args = {"profile": _profile(profile), "presence": presence}
        return reads.spec_view(await self._run("set_presence", args, source=profile.spec))

    async def ack(self, offer: str, spec: str) -> Answer:
        """The console shows the offer (P3)."""
        return reads.answer(await self._run("ack", {"offer": offer, "spec": spec}))

    async def accept(self, offer: str, spec: str, tab: str) -> Accepted | Answer:
        """First accept wins; the same tab repeating it gets the same token, anyone else `not_yours` (L6)."""
        args = {"offer": offer, "spec": spec, "tab": tab, "token": self._token(), "nonce": self._nonce()}
        return reads.accepted(await self._run("accept", args))

    async def decline(self, offer: str, spec: str, reason: str) -> Answer:
        """Not this caller now: the pair is kept apart for a while (P2)."""
        return reads.answer(await self._run("decline", {"offer": offer, "spec": spec, "reason": reason}))

    async def seat(self, spec: str, *, offer: str = "", call: str = "", token: str, sid: str) -> Seat:
        """A specialist's softphone leg asks for its document (L6)."""
        args = {"spec": spec, "offer": offer, "call": call, "token": token, "sid": sid, "nonce": self._nonce()}
        return reads.seat(await self._run("seat", args, source=CARRIER))

    async def media_up(self, call: str, spec: str) -> Answer:
        """The console hears its room (L5)."""
        return reads.answer(await self._run("media_up", {"call": call, "spec": spec}))

    async def rejoin(self, call: str, spec: str, tab: str) -> Accepted | Answer:
        """A new token for the same engagement after the leg died (L6, L8). Its `kind` is `rejoin`."""
        args = {"call": call, "spec": spec, "tab": tab, "token": self._token()}
        return reads.accepted(await self._run("rejoin", args))

    async def leave(self, call: str, spec: str) -> Answer:
        """The specialist goes; the caller hears it and after 20 s is a new wait (L9)."""
        return reads.answer(await self._run("leave", {"call": call, "spec": spec}))

    async def end_call(self, call: str, spec: str, reason: str, *, lead_agrees: bool = False) -> Answer:
        """A person's act (L9). `needs_lead` while risk is high or a handoff is open."""
        args = {"call": call, "spec": spec, "reason": reason, "lead_agrees": lead_agrees}
        return reads.answer(await self._run("end_call", args))

    async def wrapped(self, spec: str) -> SpecView:
        """Wrap-up is done: free for the next (by the person, or by its timer)."""
        return reads.spec_view(await self._run("wrapped", {"spec": spec}))

    async def extend_wrap(self, spec: str) -> Answer:
        """More time for wrap-up, counted from now; refused out of wrap-up."""
        return reads.answer(await self._run("extend_wrap", {"spec": spec}))

    async def recover(self, spec: str, on: bool) -> Answer:
        """One-tap recovery after a hard call, and back."""
        return reads.answer(await self._run("recover", {"spec": spec, "on": on}))

    # -- what people decide about a call, and of numbers

    async def numbers(self, marks: Sequence[str], met: Sequence[tuple[str, str, str, int]]) -> None:
        """Hashes of numbers to which no limit applies, all of them, and calls that were connected on a line with a
        limit (line, number hash, call, ms). Before an epoch has heard it nobody is limited (C6)."""
        await self._run("numbers", {"marks": list(marks), "met": [list(one) for one in met]})

    async def set_class(self, call: str, cls: str, *, who: str, why: str, id: str | None = None) -> Answer:
        """Raise or lower; lowering needs a person (`who`) and a reason. Re-orders at once. Repeating an `id` changes
        nothing."""
        args = {"call": call, "cls": cls, "who": who, "why": why, "id": id}
        return reads.answer(await self._run("set_class", args))

    async def clinical(
        self, call: str, spec: str, *, kind: str, id: str, facts: Mapping[str, Any], cipher: str
    ) -> Answer:
        """A clinical fact (S4): `kind` is `risk`, `safe_to_call` or `contact`; `facts` are codes only (for `risk`:
        `screened`, `judged`, `imminent`), narrative is in `cipher`. Repeating an `id` changes nothing."""
        args = {"call": call, "spec": spec, "kind": kind, "id": id, "facts": dict(facts), "cipher": cipher}
        return reads.answer(await self._run("clinical", args))

    async def handoff_open(
        self, call: str, spec: str, *, handoff: str, to_cipher: str, facts: Mapping[str, Any], cipher: str, dial: bool
    ) -> Answer:
        """A handoff to emergency services is decided; with `dial` the agency is rung into the room (C1, C2). Its data
        say whether it is: `dialled`."""
        args = {
            "call": call,
            "spec": spec,
            "handoff": handoff,
            "to_cipher": to_cipher,
            "facts": dict(facts),
            "cipher": cipher,
            "dial": dial,
            "nonce": self._nonce(),
        }
        return reads.answer(await self._run("handoff_open", args))

    async def handoff_fact(
        self,
        handoff: str,
        who: str,
        *,
        id: str,
        facts: Mapping[str, Any],
        cipher: str,
        redial: bool = False,
        call: str = "",
    ) -> Answer:
        """What happened next: `contact` (`reached, no_answer, declined, by_hand`), `outcome`
        (`contact_confirmed, not_located, responder_refused, caller_declined, stood_down`), `incident`, `closed`."""
        args = {
            "handoff": handoff,
            "call": call,
            "who": who,
            "id": id,
            "facts": dict(facts),
            "cipher": cipher,
            "redial": redial,
            "nonce": self._nonce(),
        }
        return reads.answer(await self._run("handoff_fact", args))

    # -- time and effects

    async def tick(self, limit: int = 100) -> int:
        """Carry out what is due. Returns ms until the next timer (at most 1,000)."""
        return int(await self._run("tick", {"limit": limit}))

    async def claim_effects(self, limit: int = 20) -> Sequence[Effect]:
        """Effects due, claimed for 1.5 s (L3); those that ring an agency for 8 s."""
        return [reads.effect(item) for item in await self._run("claim_effects", {"limit": limit}) or ()]

    async def still_due(self, effect: Effect) -> Effect | None:
        """The effect as this try of it, asked for immediately before the request; None where the board expects it no
        more, or another executor is ringing the agency."""
        attempt = int(await self._run("still_due", {"id": effect.id}))
        return replace(effect, attempt=attempt) if attempt else None

    async def effect_done(self, effect: Effect, *, ok: bool, result: Mapping[str, Any]) -> None:
        """Record the result; a failed one is tried again until it expires."""
        args = {"id": effect.id, "attempt": effect.attempt, "ok": ok, "result": dict(result)}
        await self._run("effect_done", args)

    async def lease(self, name: str, holder: str, ttl_ms: int) -> int:
        """Take or renew a lease; the fencing number, or 0 when somebody else holds it."""
        return int(await self._run("lease", {"name": name, "holder": holder, "ttl_ms": ttl_ms}))

    # -- the reconciler

    async def restore(
        self, call: str, sid: str, *, told: Mapping[str, Any], room_sid: str, labels: Sequence[str]
    ) -> None:
        """The carrier shows this call in a room with these participant labels, and the board does not know it."""
        known = {k: v for k, v in told.items() if v is not None}
        args = {"call": call, "sid": sid, "told": known, "room_sid": room_sid, "labels": " ".join(labels)}
        await self._run("restore", args)

    async def verified(self, call: str) -> None:
        """One fetch agrees that the caller's leg is live: `doubtful` becomes `waiting`."""
        await self._run("verified", {"call": call})

    async def elsewhere(self, call: str) -> None:
        """The carrier shows a waiting caller with somebody whom the board has not rung: not offered until the caller's
        next turn."""
        await self._run("elsewhere", {"call": call})

    def _token(self) -> str:
        return self._store.new_id() + self._store.new_id()

    def _nonce(self) -> str:
        return self._store.new_id()[:8]
