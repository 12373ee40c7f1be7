"""What the board tells and changes nothing by it: views of calls and people, and the stream of events."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, TypeVar

from routing.board import reads
from routing.board.store import MOVE_S, Store
from routing.board.views import Caller, CallView, Event, SpecView

SOME = 50
"""Views read by one script: under a millisecond of the server."""

T = TypeVar("T")


class Reader:
    """One hotline's board, to read."""

    def __init__(
        self,
        url: str,
        *,
        hotline: str = "main",
        new_id: Callable[[], str],
        now_ms: Callable[[], int] | None = None,
        edit: Callable[[str], str] | None = None,
        budget_s: float = MOVE_S,
    ) -> None:
        """`now_ms` replaces the server's clock, only on a server whose test flag is set (P5). `new_id` gives random
        hex. `edit` changes the scripts' source: tests take guards out with it (T2). `budget_s` is the real time that a
        move may take (S1); only tests on a loaded machine give more."""
        self._store = Store(url, hotline, new_id=new_id, now_ms=now_ms, edit=edit, budget_s=budget_s)
        self._run = self._store.run

    @property
    def epoch(self) -> str:
        """The epoch this process knows; empty before `open`."""
        return self._store.epoch

    @property
    def last_event_id(self) -> str:
        """Newest stream id that any reply to this process has shown (`0-0` at first). A virtual clock's probe compares
        it with a reader's cursor: equal means that the reader has everything this process has caused."""
        return self._store.last_event_id

    def saw(self, cursor: str) -> None:
        """The record knows of this event: data that end before it are older than what happened, and every move says
        `EpochChanged` until a new epoch is opened (S2)."""
        self._store.saw(cursor)

    async def call(self, call: str) -> CallView | None:
        return reads.maybe_call(await self._read("call", call))

    async def live_calls(self) -> Sequence[CallView]:
        """Every call that is not closed, by first arrival; each as it was at one moment, not all at the same."""
        return [view async for view in self._all("calls", reads.call_view)]

    async def specialist(self, spec: str) -> SpecView | None:
        view = await self._read("spec", spec)
        return reads.spec_view(view) if view else None

    async def specialists(self) -> Sequence[SpecView]:
        return [view async for view in self._all("specs", reads.spec_view)]

    async def legs(self, call: str) -> Mapping[str, Mapping[str, Any]]:
        """The live legs of a call: SID to `{role, who, label, joined, room_sid}`. SIDs that begin with `p` are presumed
        from a beat or a label, until the carrier names the leg."""
        return await self._read("legs", call) or {}

    async def loose_legs(self) -> Sequence[Mapping[str, str]]:
        """Legs of calls closed lately of whose end nobody has told: `{call, sid, role, label}`."""
        return await self._read("loose") or []

    async def secret(self, call: str) -> Caller | None:
        """The caller's ciphertext, for revealing with Postgres down (S7)."""
        found = await self._read("secret", call)
        return Caller(**found) if found else None

    async def events(self, after: str, *, count: int = 500, block_ms: int = 0) -> Sequence[Event]:
        """Events after a cursor (`0` for all, `$` for now); waits at most `block_ms`."""
        key = f"{self._store.tag}events"
        if block_ms > 0:
            command = ("XREAD", "COUNT", count, "BLOCK", block_ms, "STREAMS", key, after)
            found = await self._store.waiting(block_ms / 1000 + 1, *command)
        else:
            found = await self._store.plain("XREAD", "COUNT", count, "STREAMS", key, after)
        entries = reads.entries(found)
        return [reads.event(cursor, fields) for cursor, fields in entries]

    async def last_cursor(self) -> str:
        """The id of the newest event in the stream, `0-0` when there is none."""
        found = await self._store.plain("XREVRANGE", f"{self._store.tag}events", "+", "-", "COUNT", 1)
        return found[0][0] if found else "0-0"

    async def trim_events(self, before: str) -> int:
        """Drop events older than a cursor. Only what was recorded at least an hour ago may go (S3)."""
        return int(await self._store.plain("XTRIM", f"{self._store.tag}events", "MINID", "~", before))

    async def memory_share(self) -> float:
        """How full the server's memory is, of 1; 0 where it has no limit. The recorder makes room in time (S3)."""
        info = await self._store.plain("INFO", "memory")
        limit = int(info.get("maxmemory", 0))
        return int(info["used_memory"]) / limit if limit else 0.0

    async def aclose(self) -> None:
        await self._store.aclose()

    async def _all(self, what: str, view: Callable[[Any], T]) -> AsyncIterator[T]:
        """A few at a time: a thousand views in one script would keep every other move waiting, 15 ms as measured."""
        ids = str(await self._read("ids", what) or "").split()
        for some in range(0, len(ids), SOME):
            for item in await self._read(what, " ".join(ids[some : some + SOME])) or ():
                yield view(item)

    async def _read(self, what: str, id: str = "") -> Any:
        return await self._run("read", {"what": what, "id": id})
