"""The live stream's middle: one tail of the board's stream a process, fanned out to this process's consoles.

Every message is encoded once, as the bytes that go on the wire. An offer goes only to the person offered. What a
console was not told while Redis was away, or before it connected, it gets as the present state, read from the board.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

from app.api import alarms, views
from app.api.client import PING, Client, encode
from app.api.memory import Memory
from app.context import Context
from app.people.stores import RECORD_AWAY
from app.records.queries import recorded_facts
from routing.board import Board, BoardAway, EpochChanged, Event, stream_order

#: Seconds between pings: a console that heard none for 12 s knows that it is cut off.
PING_EVERY_S = 5.0
#: Seconds, real ones (it is bandwidth that is spared), between two snapshots for leads: at most two a second.
SNAPSHOT_EVERY_S = 0.5
#: Seconds between two looks whether clinical facts are recorded.
RECORDED_EVERY_S = 1.0
#: Seconds, real ones, before the board is asked again after it was away.
RETRY_S = 0.5
#: Milliseconds of the stream that a new process reads to know who was in which call.
REMEMBERED_MS = 3_600_000
#: Milliseconds that one read waits at the server: real time, the virtual clock may jump meanwhile.
BLOCK_MS = 1_000
#: Facts waited for in one process; the console asks again for the ones forgotten.
PENDING_MAX = 5_000


#: Ends of an offer that its person is told; the console that accepted knows, the person's other tabs do not.
OFFER_OVER = frozenset({"accepted", "expired", "rescinded", "unreachable", "failed", "declined"})
OFFER_SHOWN = (
    "offer", "kind", "cls", "language", "line", "arrived_ms", "wait_ms", "returning", "ack_by_ms", "deadline_ms",
    "by", "callback",
)  # fmt: skip
#: Kinds that a call's own people see as they happen, codes only.
FACTS = frozenset({"clinical", "handoff.opened", "handoff.fact", "call.class", "call.language", "call.key"})


class Hub:
    """Consoles of this process and what each must be told."""

    def __init__(self, ctx: Context) -> None:
        self._ctx, self._board, self._clock = ctx, ctx.board, ctx.clock
        self._clients: dict[str, set[Client]] = {}
        self.memory = Memory()
        self._cursor, self._epoch = "", ""
        self._fresh: set[Client] = set()
        self._specs: set[str] = set()
        self._calls: set[str] = set()
        self._due = asyncio.Event()
        self._board_changed = asyncio.Event()
        self._pending: dict[str, str] = {}

    # -- clients
    def join(self, client: Client) -> None:
        """Ping at once, then the present state as soon as the board has told it."""
        self._clients.setdefault(client.spec, set()).add(client)
        client.put(PING)
        self._fresh.add(client)
        self._due.set()
        self._board_changed.set()

    def part(self, client: Client) -> None:
        client.drop()
        self._fresh.discard(client)
        if others := self._clients.get(client.spec):
            others.discard(client)
            if not others:
                del self._clients[client.spec]

    def watch(self, spec: str, fact: str) -> None:
        """Tell `spec` when this fact is recorded."""
        if len(self._pending) >= PENDING_MAX:
            self._pending.pop(next(iter(self._pending)))
        self._pending[fact] = spec

    def caught_up(self, cursor: str) -> bool:
        """Everything up to that entry of the stream has left for the consoles: a virtual clock may jump."""
        told = not (self._fresh or self._specs or self._calls)
        return (
            stream_order(self._cursor) >= stream_order(cursor) and told and all(client.idle for client in self._all())
        )

    def _all(self) -> Iterable[Client]:
        return [client for clients in self._clients.values() for client in clients]

    def _send(self, spec: str, message: Mapping[str, Any], at_ms: int = 0) -> None:
        if clients := self._clients.get(spec):
            data = encode(message)
            for client in clients:
                client.put(data, at_ms)

    def _send_leads(self, message: Mapping[str, Any]) -> None:
        data = encode(message)
        for client in self._all():
            if client.lead:
                client.put(data)

    # -- loops
    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for loop in (self._tail, self._tell, self._ping, self._snapshots, self._recorded):
                tasks.create_task(loop())

    async def _tail(self) -> None:
        away = False
        while True:
            try:
                self._cursor = self._cursor or await self._ctx.moved(self._start)
                events = await self._board.events(self._cursor, count=500, block_ms=BLOCK_MS)
            except (BoardAway, EpochChanged):
                away = True
                await asyncio.sleep(RETRY_S)
                continue
            with self._clock.busy():
                if away:
                    self._everybody_anew()
                away = False
                for event in events:
                    self._deliver(event)
                self._cursor = events[-1].cursor if events else self._cursor

    async def _start(self) -> str:
        """Remember the last minutes without telling anybody, then begin where the stream ends now."""
        end = await self._board.last_cursor()
        cursor = f"{max(0, stream_order(end)[0] - REMEMBERED_MS)}-0"
        while stream_order(cursor) < stream_order(end):
            events = await self._board.events(cursor, count=500)
            for event in events:
                self.memory.note(event)
            cursor = events[-1].cursor if events else end
        self._everybody_anew()
        return cursor

    def _everybody_anew(self) -> None:
        self._fresh.update(self._all())
        self._due.set()
        self._board_changed.set()

    def _deliver(self, event: Event) -> None:
        if self._epoch and event.epoch != self._epoch:
            self._everybody_anew()
        self._epoch = event.epoch
        self.memory.note(event)
        spec = str(event.data.get("spec") or event.data.get("who") or "")
        group, _, word = event.kind.partition(".")
        if group == "offer":
            self._offer(spec, word, event)
        elif event.kind == "alarm":
            self._alarm(event)
        self._facts(spec, event)
        named = {spec, *(str(event.data.get(name, "")) for name in ("from_spec", "to_spec"))}
        self._specs.update(named & self._clients.keys())
        if event.call and self._people(event.call):
            self._calls.add(event.call)
        self._due.set()
        self._board_changed.set()

    def _offer(self, spec: str, word: str, event: Event) -> None:
        if word == "made":
            shown = {name: event.data[name] for name in OFFER_SHOWN if name in event.data}
            self._send(spec, {"type": "offer", **shown, "at_ms": event.at_ms}, event.at_ms)
        elif word in OFFER_OVER:
            cause = event.data.get("cause") or event.data.get("reason") or ""
            over = {"offer": event.data.get("offer"), "state": word, "cause": cause, "at_ms": event.at_ms}
            self._send(spec, {"type": "offer_over", **over}, event.at_ms)
        if by := event.data.get("by"):
            self._send(str(by), {"type": "asked", "call": event.call, "spec": spec, **views.asked(word, event.data)})

    def _alarm(self, event: Event) -> None:
        """Leads hear every alarm; those about what was asked of the carrier also go to whoever must act by hand."""
        kind = str(event.data.get("kind", ""))
        failed = self.memory.last_failed(event.call) if kind == "effect_failed" else ""
        message = {"type": "alarm", "call": event.call, "at_ms": event.at_ms, **views.shown(event.data)}
        data = encode(message | {"todo": alarms.todo(kind, failed)})
        concerned = self.memory.concerned(event.call) if kind in alarms.FOR_THE_CALL else set()
        for client in self._all():
            if client.lead or client.spec in concerned:
                client.put(data)

    def _facts(self, spec: str, event: Event) -> None:
        if event.kind not in FACTS:
            return
        fact = str(event.data.get("id") or event.data.get("handoff") or "")
        if fact and spec in self._clients:
            self.watch(spec, fact)
        shown = {"type": "fact", "call": event.call, "kind": event.kind, "at_ms": event.at_ms}
        for person in self._people(event.call):
            self._send(person, {**shown, "data": views.shown(event.data)})

    def _people(self, call: str) -> list[str]:
        return [spec for spec in self.memory.people(call) if spec in self._clients]

    async def _tell(self) -> None:
        """Send present states; whoever changed again while they were read is told on the next round."""
        while True:
            await self._due.wait()
            self._due.clear()
            with self._clock.busy():
                try:
                    await self._tell_all()
                    continue
                except EpochChanged:
                    self._everybody_anew()
                    await asyncio.gather(self._ctx.open_board(), return_exceptions=True)
                except BoardAway:
                    self._everybody_anew()
            await asyncio.sleep(RETRY_S)  # real time: it waits for a store, not for the domain

    async def _tell_all(self) -> None:
        fresh, self._fresh = self._fresh, set()
        specs, self._specs = self._specs | {client.spec for client in fresh}, set()
        for spec in specs:
            await self._tell_person(spec, [client for client in fresh if client.spec == spec])
        calls, self._calls = self._calls, set()
        for call in calls:
            await self._tell_call(call)

    async def _tell_person(self, spec: str, fresh: list[Client]) -> None:
        view = await self._board.specialist(spec)
        if view is None:
            return self._send(spec, {"type": "me", **views.absent(spec)})
        if view.call:
            self.memory.is_in(spec, view.call)
        offers = [offer for offer in view.offers if offer.state == "offered"] if fresh else []
        calls = [(offer, await self._board.call(offer.call)) for offer in offers]
        if spec in self._specs:  # changed while we read
            return self._fresh.update(fresh)
        self._send(spec, {"type": "me", **views.me(view)})
        shown = [encode({"type": "offer", **views.offer_out(offer, call)}) for offer, call in calls if call]
        for client in fresh:
            client.put(b"".join(shown)) if shown else None
        if fresh and view.call:
            self._calls.add(view.call)
        return None

    async def _tell_call(self, call: str) -> None:
        view = await self._board.call(call)
        if call in self._calls:
            return
        for spec in self._people(call):
            message = (
                views.call_out(view) | {"told": views.told(view, spec)} if view else {"id": call, "state": "closed"}
            )
            self._send(spec, {"type": "call", **message})

    async def _ping(self) -> None:
        while True:
            await self._clock.sleep(PING_EVERY_S)
            for client in self._all():
                client.put(PING) if client.alive() else client.drop()
            self._board_changed.set()  # beats are no events, and leads see their age

    async def _snapshots(self) -> None:
        while True:
            await self._board_changed.wait()
            self._board_changed.clear()
            if any(client.lead for client in self._all()):
                with self._clock.busy():
                    await self._snapshot()
            await asyncio.sleep(SNAPSHOT_EVERY_S)

    async def _snapshot(self) -> None:
        try:
            self._send_leads({"type": "board", "now_ms": self._ctx.now_ms(), **await snapshot(self._board)})
        except (BoardAway, EpochChanged):
            self._send_leads({"type": "board", "away": True})

    async def _recorded(self) -> None:
        while True:
            await self._clock.sleep(RECORDED_EVERY_S)
            if not self._pending:
                continue
            with self._clock.busy():
                await self._tell_recorded(list(self._pending)[:500])

    async def _tell_recorded(self, facts: list[str]) -> None:
        try:
            known = await recorded_facts(self._ctx.sessions, facts)
        except RECORD_AWAY:
            return
        by_spec: dict[str, list[str]] = {}
        for fact in known:
            by_spec.setdefault(self._pending.pop(fact, ""), []).append(fact)
        for spec, ids in by_spec.items():
            self._send(spec, {"type": "recorded", "ids": ids})


async def snapshot(board: Board) -> dict[str, Any]:
    """Everything a lead sees at one moment."""
    calls, people = await board.live_calls(), await board.specialists()
    return {"calls": [views.call_out(call) for call in calls], "specialists": [views.me(view) for view in people]}
