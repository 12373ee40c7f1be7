"""Nothing is lost, nothing is recorded twice: redelivery, races, stores away, other epochs (S2, S3)."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from app.embedded import Stores
from app.recorder import Recorder
from app.records import queries
from app.records.ingest import KEEP_MS, Fenced, Position, record, take_over
from app.records.journal import Journal
from routing.board import Event
from tests.app.records.stream import START_MS, Stream, altered, arrives, drain, emptied, ends, snapshot, told

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(90)]

Make = Callable[..., Recorder]
Rows = Callable[..., Awaitable[list[Any]]]
PROPERTY = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))


async def once(engine: AsyncEngine, events: list[Event]) -> dict[str, list[str]]:
    """The rows when everything comes once, in one batch."""
    await emptied(engine)
    position = await take_over(engine, "main")
    await record(engine, "main", events, position.after(events, 0), position.fence)
    return await snapshot(engine)


@PROPERTY
@given(data=st.data(), seed=st.integers(0, 10_000))
async def test_S3_redelivered_and_divided_anyhow_the_rows_are_the_same(
    engine: AsyncEngine, data: st.DataObject, seed: int
) -> None:
    events = told(seed).entries
    expected = await once(engine, events)
    await emptied(engine)
    position, done = await take_over(engine, "main"), 0
    while done < len(events):
        begin = data.draw(st.integers(0, done), "again from")
        end = data.draw(st.integers(done + 1, len(events)), "up to")
        batch = events[begin:end]
        position = position.after(batch, 0)
        await record(engine, "main", batch, position, position.fence)
        done = end
    assert await snapshot(engine) == expected


@PROPERTY
@given(seed=st.integers(0, 10_000))
async def test_S3_recorders_that_race_write_what_one_would(engine: AsyncEngine, recorder_of: Make, seed: int) -> None:
    stream = told(seed, calls=3)
    expected = await once(engine, stream.entries)
    await emptied(engine)
    stream.leases = _EveryoneHolds()
    recorders = [recorder_of(_Small(stream), f"w{i}") for i in range(3)]
    last = stream.entries[-1].cursor
    while not any(recorder.cursor == last for recorder in recorders):
        await asyncio.gather(*(recorder.step() for recorder in recorders))
    assert await snapshot(engine) == expected


class _EveryoneHolds(dict[str, str]):
    """Leases of a Redis that has forgotten them: correctness must not need them."""

    def setdefault(self, key: str, default: str = "") -> str:  # noqa: ARG002
        return default


class _Small:
    """The same stream in small reads, so that recorders meet in the middle."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    async def events(self, after: str, *, count: int = 500, block_ms: int = 0) -> Any:
        await asyncio.sleep(0)
        return await self._stream.events(after, count=min(count, 5), block_ms=block_ms)


async def test_S3_one_that_was_overtaken_is_refused(engine: AsyncEngine) -> None:
    events = told(1).entries
    first = await take_over(engine, "main")
    second = await take_over(engine, "main")
    with pytest.raises(Fenced):
        await record(engine, "main", events, first.after(events, 0), first.fence)
    assert (await record(engine, "main", events, second.after(events, 0), second.fence)).new == len(events)


async def test_S3_only_the_holder_of_the_lease_records(recorder_of: Make, rows: Rows) -> None:
    stream = told(1)
    leader, standby = recorder_of(stream, "w1"), recorder_of(stream, "w2")
    await leader.step()
    await standby.step()
    assert (leader.cursor, standby.cursor) == (stream.entries[-1].cursor, "")
    assert (await rows("SELECT last_id FROM recorder_cursor"))[0]["last_id"] == leader.last_id == len(stream.entries)


async def test_S3_postgres_stopped_in_the_middle_nothing_is_unrecorded(
    recorder_of: Make, engine: AsyncEngine, hotline_stores: Stores, rows: Rows
) -> None:
    stream = told(1)
    recorder = recorder_of(stream)
    running = asyncio.create_task(recorder.run())
    await _until(lambda: recorder.cursor == stream.entries[-1].cursor)
    await hotline_stores.postgres.stop()
    for seed in (2, 3, 4):
        told(seed, stream=stream)
    await _until(lambda: recorder.degraded)
    await hotline_stores.postgres.start()
    await _until(lambda: recorder.cursor == stream.entries[-1].cursor)
    running.cancel()
    assert not recorder.degraded
    assert (await rows("SELECT count(*) FROM call_events"))[0]["count"] == len(stream.entries)
    assert await snapshot(engine) == await once(engine, stream.entries)


async def test_S3_with_redis_filling_entries_move_to_the_file_and_come_back_first(
    recorder_of: Make, engine: AsyncEngine, hotline_stores: Stores, spill_dir: Path
) -> None:
    stream, all_events = told(1), []
    recorder = recorder_of(stream)
    await drain(recorder)
    all_events += stream.entries
    stream.entries = told(2, stream=stream).entries
    all_events += [event for event in stream.entries if event not in all_events]
    await hotline_stores.postgres.stop()
    try:
        stream.memory = 0.7
        while stream.entries:
            await recorder.step()
        spilled = Journal(spill_dir / "recorder-main.jsonl").read()
        assert [entry["id"] for entry in spilled] == [e.id for e in all_events if e.id > recorder.last_id]
        stream.memory = 0.1
        told(3, stream=stream)
        all_events += stream.entries
    finally:
        await hotline_stores.postgres.start()
    fresh = recorder_of(stream, "w1")  # the process was started again meanwhile
    while fresh.cursor != all_events[-1].cursor:
        await fresh.step()
    assert not fresh._file
    assert await snapshot(engine) == await once(engine, all_events)


async def test_S3_redis_away_is_waited_for(recorder_of: Make) -> None:
    stream = told(1)
    stream.away = True
    recorder = recorder_of(stream)
    await recorder.step()
    assert recorder.cursor == ""
    stream.away = False
    await drain(recorder)
    assert recorder.cursor == stream.entries[-1].cursor


@pytest.mark.parametrize("place", [-1_000, 0, 1_000])
async def test_S2_an_emptied_redis_is_read_from_its_beginning(recorder_of: Make, rows: Rows, place: int) -> None:
    """Wherever the new entries stand in comparison with the old cursor."""
    stream = told(1)
    recorder = recorder_of(stream)
    await drain(recorder)
    recorded = len(stream.entries)
    stream.renew(f"{START_MS + 60_000}-bbbb")
    stream._place += place
    told(2, stream=stream)
    await drain(recorder)
    await drain(recorder)
    assert (await rows("SELECT count(*) FROM call_events"))[0]["count"] == recorded + len(stream.entries)


async def test_S2_the_same_key_with_another_payload_is_kept_as_an_alarm(engine: AsyncEngine, rows: Rows) -> None:
    stream = told(1)
    before = await once(engine, stream.entries)
    position = await take_over(engine, "main")
    other = altered(stream.entries[0], line="other")
    result = await record(engine, "main", [other, other], position, position.fence)
    assert (result.new, result.conflicts) == (0, 1)
    assert (await rows("SELECT entry FROM event_conflicts"))[0]["entry"]["data"]["line"] == "other"
    assert (await snapshot(engine))["calls"] == before["calls"]


@pytest.mark.parametrize("bad", [{"arrived_ms": "soon"}, {"line": "a\x00b"}, {"line": "\ud800"}, {"counter": 2**70}])
async def test_S3_an_entry_that_cannot_be_projected_is_kept_and_stops_nobody(
    recorder_of: Make, rows: Rows, bad: dict[str, Any]
) -> None:
    stream = Stream()
    arrives(stream, "c1")
    arrives(stream, "c2", **bad)
    ends(stream, "c1", "abandoned")
    recorder = recorder_of(stream)
    await drain(recorder)
    assert recorder.cursor == stream.entries[-1].cursor
    problems = await rows("SELECT call_id FROM call_events WHERE problem IS NOT NULL")
    assert [row["call_id"] for row in problems] == ["c2"]
    assert [call["outcome"] for call in await rows("SELECT outcome FROM calls")] == ["abandoned"]


async def test_S4_a_fact_is_known_as_recorded_only_after_the_commit(recorder_of: Make, engine: AsyncEngine) -> None:
    stream, heard, sessions = Stream(), [], async_sessionmaker(engine)
    arrives(stream, "c1")
    stream.add("clinical", "c1", "talking", id="f1", spec="s1", kind="risk", facts={"judged": "high"}, cipher="")
    assert await queries.recorded_facts(sessions, ["f1"]) == set()
    await drain(recorder_of(stream, on_recorded=heard.extend))
    assert heard == ["f1"]
    assert await queries.recorded_facts(sessions, ["f1", "f2"]) == {"f1"}


async def test_S4_a_fact_sent_again_after_redis_was_emptied_is_one_fact(recorder_of: Make, rows: Rows) -> None:
    stream = Stream()
    fact = {"id": "f1", "spec": "s1", "kind": "risk", "facts": {"judged": "high"}}
    arrives(stream, "c1")
    stream.add("clinical", "c1", "talking", cipher="one", **fact)
    recorder = recorder_of(stream)
    await drain(recorder)
    stream.renew(f"{START_MS + 1}-bbbb")
    stream.add("clinical", "c1", "talking", cipher="two", **fact)
    stream.add("clinical", "c1", "talking", cipher="", **{**fact, "facts": {"judged": "low"}})
    await drain(recorder)
    (risk,) = await rows("SELECT * FROM risk_assessments")
    assert (risk["judged"], risk["rationale_cipher"]) == ("high", "one")
    assert [r["problem"] for r in await rows("SELECT problem FROM call_events WHERE problem <> ''")] == ["fact differs"]


def test_S3_entries_are_trimmed_an_hour_after_their_recording() -> None:
    events, position = told(1).entries, Position(1, "", "0", 0, ())
    minutes = [(minute * 60_000, events[minute : minute + 1]) for minute in range(10)]
    for now_ms, batch in minutes:
        position = position.after(batch, now_ms)
        assert position.trimmable(now_ms) is None
    assert position.trimmable(KEEP_MS - 1) is None
    assert position.trimmable(KEEP_MS) == events[0].cursor
    assert position.trimmable(KEEP_MS + 3 * 60_000) == events[3].cursor
    later = position.after(events[-1:], KEEP_MS + 3 * 60_000)
    assert later.marks[0] == (3 * 60_000, events[3].cursor)


def test_S3_a_line_torn_by_a_crash_is_cut_off(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "deep" / "file.jsonl")
    journal.append([{"a": 1}])
    with open(journal.path, "a") as file:
        file.write('{"b":')
    assert journal.read() == [{"a": 1}]
    journal.append([{"c": 3}])
    assert journal.read() == [{"a": 1}, {"c": 3}]
    journal.forget([{"a": 1}])
    assert journal.read() == [{"c": 3}]
    journal.forget([{"c": 3}])
    assert not journal


async def _until(happened: Callable[[], bool], within_s: float = 15) -> None:
    async with asyncio.timeout(within_s):
        while not happened():  # noqa: ASYNC110  what is awaited is told by no event
            await asyncio.sleep(0.01)


async def test_S3_the_stream_is_trimmed_also_under_a_load_that_never_ends(
    recorder_of: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.records.ingest.KEEP_MS", 0)
    stream = told(1)
    await recorder_of(stream).step()
    assert stream.entries == [], "although nothing was ever idle"


async def test_S3_what_is_to_be_read_again_is_not_trimmed(recorder_of: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = told(1)
    recorder = recorder_of(stream)
    await drain(recorder)
    monkeypatch.setattr("app.records.ingest.KEEP_MS", 0)
    monkeypatch.setattr("app.records.ingest.MARK_MS", 10**12)
    monkeypatch.setattr("app.recorder.BATCH", 1)
    stream.renew(f"{START_MS + 1}-bbbb", empty=False)
    arrives(stream, "c9")
    there = len(stream.entries)
    for _ in range(3):  # a new epoch: all of it is read again, one by one
        await recorder.step()
    assert recorder.cursor == stream.entries[1].cursor
    assert len(stream.entries) == there
