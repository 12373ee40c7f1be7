"""A small world around one board: callers, specialists and a clock that tests move by hand."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from routing.board import Accepted, Board, Caller, CallView, Event, OfferView, Profile, Seat, SpecView
from routing.policy import Line, compile_config, lanes_for_person

START = 1_800_000_000_000
HOTLINES = itertools.count()
LINES = (Line("main", ("en", "es")),)
ENGLISH = ("en",)


@dataclass
class Phone:
    """A caller's leg and what its hold URL carries."""

    call: str
    sid: str
    language: str = "en"
    line: str = "main"
    cls: str = "standard"
    arrived_ms: int = 0
    counter: int = 0
    turn: int = 0
    rooms: int = 0


class World:
    """A board with its time in hand. Everything is named by short words: `c1`, `s1`."""

    def __init__(
        self, url: str, *, edit: Callable[[str], str] | None = None, lines: tuple[Line, ...] = LINES, backups: int = 2
    ) -> None:
        self.ms = START
        self.lines = lines
        self.config = compile_config(lines, backups=backups)
        rng = random.Random(7)
        self.hotline = f"r{next(HOTLINES)}"
        self.board = Board(
            url,
            hotline=self.hotline,
            new_id=lambda: f"{rng.getrandbits(64):016x}",
            now_ms=lambda: self.ms,
            edit=edit,
            budget_s=20,  # a loaded test machine is no fault of the board's
        )
        self.phones: dict[str, Phone] = {}
        self.people: dict[str, Profile] = {}
        self.presence: dict[str, str] = {}
        self.cursor = "0-0"
        self._sids = itertools.count(1)

    async def open(self) -> None:
        await self.board.allow_test_clock()
        await self.board.open(self.config)
        await self.board.end_verify()

    async def close(self) -> None:
        await self.board.aclose()

    def sid(self, kind: str = "CS") -> str:
        return f"{kind}{next(self._sids)}"

    # -- time

    async def later(self, seconds: float, *, step_ms: int = 1000) -> None:
        """Time passes, tick by tick; nobody beats and nobody turns."""
        end = self.ms + round(seconds * 1000)
        while self.ms < end:
            self.ms = min(end, self.ms + step_ms)
            await self.tick()

    async def tick(self) -> None:
        """Everything that is due."""
        while await self.board.tick() == 0:
            pass

    async def alive(self, seconds: float, *people: str, call: str = "", rtp: int | None = 100) -> None:
        """Time passes while these people's consoles beat every 2 s."""
        end = self.ms + round(seconds * 1000)
        while self.ms < end:
            self.ms = min(end, self.ms + 1000)
            await self.tick()
            if self.ms % 2000 == 0:
                for spec in people:
                    await self.beat(spec, call=call, rtp_age_ms=rtp if call else None)

    # -- callers

    async def rings(
        self, call: str, *, language: str = "en", line: str = "main", caller: Caller | None = None, **how: Any
    ) -> CallView:
        """`how`: `ring_back`, `closed`, `day_ms`."""
        phone = self.phones[call] = Phone(call, self.sid("CA"), language, line)
        view = await self.board.arrive(call, phone.sid, line, language, caller or Caller(), **how)
        phone.arrived_ms, phone.counter, phone.cls = view.arrived_ms, view.counter, view.cls
        return view

    async def turn(self, call: str, **how: Any) -> CallView:
        phone = self.phones[call]
        phone.turn = how.pop("turn", phone.turn + 1)
        return await self.repeat_turn(call, **how)

    async def repeat_turn(self, call: str, **how: Any) -> CallView:
        phone = self.phones[call]
        said: dict[str, Any] = {
            "line": phone.line,
            "language": phone.language,
            "cls": phone.cls,
            "arrived_ms": phone.arrived_ms,
            "counter": phone.counter,
            "turn": phone.turn,
        }
        return await self.board.turn(call, phone.sid, **{**said, **how})

    async def waits(self, call: str, **how: Any) -> CallView:
        """Rings and has made the first hold turn."""
        await self.rings(call, **how)
        return await self.turn(call)

    async def hangs_up(self, call: str, *, at_ms: int | None = None) -> CallView | None:
        phone = self.phones[call]
        return await self.board.caller_gone(call, phone.sid, status="completed", side="caller", at_ms=at_ms)

    async def caller_joins(self, call: str, room_sid: str = "") -> CallView:
        phone = self.phones[call]
        phone.rooms += 1
        view = await self.board.leg_joined(call, phone.sid, self.label(call), room_sid or self.room(call), self.ms)
        assert view is not None
        return view

    async def caller_leaves(self, call: str) -> CallView:
        view = await self.board.leg_left(
            call, self.phones[call].sid, self.label(call), self.ms, room_sid=self.room(call)
        )
        assert view is not None
        return view

    def label(self, call: str) -> str:
        return f"caller_{call}_{self.phones[call].rooms}"

    def room(self, call: str) -> str:
        return f"CF{call}"

    # -- people

    async def person(
        self,
        spec: str,
        *,
        role: str = "specialist",
        level: str = "intermediate",
        languages: tuple[str, ...] = ENGLISH,
        tier: int = 1,
        on_shift: bool = True,
        presence: str = "available",
        on_lines: tuple[str, ...] = ("main",),
    ) -> SpecView:
        tiers = dict.fromkeys(on_lines, tier) if tier else {}
        lanes = lanes_for_person(self.lines, role=role, languages=languages, tiers=tiers)
        self.people[spec] = Profile(spec, role, level, lanes, on_shift)
        self.presence[spec] = presence
        return await self.beat(spec)

    async def beat(self, spec: str, **how: Any) -> SpecView:
        return await self.board.beat(self.people[spec], presence=self.presence[spec], **how)

    async def offer_to(self, spec: str) -> OfferView:
        view = await self.board.specialist(spec)
        assert view is not None
        assert view.offers, f"{spec} has no offer"
        return view.offers[0]

    async def has_offer(self, spec: str) -> str:
        """The call offered to this person now, or empty."""
        view = await self.board.specialist(spec)
        return view.offers[0].call if view and view.offers else ""

    async def accepts(self, spec: str, tab: str = "t") -> Accepted:
        offer = await self.offer_to(spec)
        await self.board.ack(offer.id, spec)
        won = await self.board.accept(offer.id, spec, tab)
        assert isinstance(won, Accepted), won
        return won

    async def sits(self, spec: str, won: Accepted) -> tuple[str, Seat]:
        """The softphone's leg asks for its document."""
        sid = self.sid("CB")
        named = {"call": won.call} if won.kind == "rejoin" else {"offer": won.offer}
        return sid, await self.board.seat(spec, **named, token=won.token, sid=sid)

    async def joins(self, spec: str, won: Accepted) -> tuple[str, Seat]:
        """The softphone's leg is in the room, and hears it."""
        sid, seat = await self.sits(spec, won)
        assert seat.ok, seat
        await self.board.leg_joined(won.call, sid, seat.label, self.room(won.call), self.ms)
        await self.board.media_up(won.call, spec)
        return sid, seat

    async def talks(self, call: str, spec: str) -> tuple[str, Seat]:
        """From an open offer to the conversation; returns the specialist's leg."""
        won = await self.accepts(spec)
        assert won.call == call
        sid, seat = await self.joins(spec, won)
        view = await self.caller_joins(call)
        assert view.state == "talking", view
        return sid, seat

    # -- what happened

    async def news(self) -> list[Event]:
        """Events since the last look."""
        found = list(await self.board.events(self.cursor, count=10_000))
        if found:
            self.cursor = found[-1].cursor
        return found

    async def kinds(self) -> list[str]:
        return [event.kind for event in await self.news()]

    async def events_of(self, kind: str) -> list[Mapping[str, Any]]:
        return [event.data for event in await self.board.events("0", count=10_000) if event.kind == kind]

    async def state(self, call: str) -> str:
        view = await self.board.call(call)
        assert view is not None
        return view.state

    async def duty(self, spec: str) -> str:
        view = await self.board.specialist(spec)
        assert view is not None
        return view.duty

    async def effects(self) -> list[tuple[str, Mapping[str, Any]]]:
        """Claims every effect that is due, records it as done, returns kinds and data."""
        claimed = await self.board.claim_effects(100)
        out: list[tuple[str, Mapping[str, Any]]] = []
        for effect in claimed:
            if await self.board.still_due(effect):
                out.append((effect.kind, effect.data))
            await self.board.effect_done(effect, ok=True, result={})
        return out
