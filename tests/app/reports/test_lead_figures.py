"""Every number on the lead's board is the one that the record gives, while a hotline is busy and after it (issue 3)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import async_sessionmaker

from app.demo import world as worlds
from app.demo.play import PASSWORD, Run, carrier_faults, play
from app.embedded import Stores
from app.people.admin import create_person
from app.secrets import Secrets
from telephony.clock import VirtualClock
from tests.app.reports.recount import BUCKETS, Log, Told, figures, ms_of

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(120)]

ZONES = ("Europe/Berlin", "UTC")
#: Shortly before the day's end in Berlin, and a half-hour's in UTC: both come in the middle of the run.
BEGINS = datetime(2027, 1, 14, 22, 59, 38, tzinfo=UTC)
TARGET_S = 20
#: Seconds between two looks at the board.
LOOK_S = 1.37
#: Seconds: the carrier's stamps are whole ones.
ROUNDED_S = 1.06
#: Seconds until each step of a handoff is due (C1).
DUE_S = {"consult": 120, "contact": 180}


class _LateClock(VirtualClock):
    def __init__(self) -> None:
        super().__init__(BEGINS.timestamp())


@dataclass
class Seen:
    """What the lead was shown at one moment."""

    now: datetime
    known: frozenset[str]
    """Entries on record; none where more came while the lead looked."""
    today: dict[tuple[str, str], Any] = field(default_factory=dict)
    board: Any = None
    handoffs: Any = None


async def _lead(world: worlds.World) -> httpx.AsyncClient:
    async with async_sessionmaker(world.engine)() as store:
        secrets = Secrets(world.settings)
        await create_person(store, secrets, login="reader", name="reader", role="lead", password=PASSWORD)
        await store.commit()
    http = httpx.AsyncClient(base_url=world.settings.public_url, trust_env=False)
    with world.clock.busy():
        (await http.post("/api/session", json={"login": "reader", "password": PASSWORD})).raise_for_status()
    return http


async def _look(world: worlds.World, http: httpx.AsyncClient) -> Seen:
    """Everything of one moment: the end of a millisecond, in which nothing else happens."""
    next_ms = int((world.clock.now() + LOOK_S) * 1000) + 0.99
    await world.clock.sleep(next_ms / 1000 - world.clock.now())
    with world.clock.busy():
        seen = Seen(datetime.fromtimestamp(int(world.clock.now() * 1000) / 1000, UTC), await _entries(world))
        for zone in ZONES:
            for line in ("", "night"):
                asked = {"zone": zone} | ({"line": line} if line else {})
                seen.today[zone, line] = (await http.get("/api/board/today", params=asked)).json()
        seen.board = (await http.get("/api/board")).json()
        seen.handoffs = (await http.get("/api/board/handoffs")).json()
        if seen.known != await _entries(world):
            seen.known = frozenset()
    return seen


async def _entries(world: worlds.World, until: datetime | None = None) -> frozenset[str]:
    """Which there are; those of up to a moment. Not how many: one may have come for another."""
    query = "SELECT epoch || ' ' || id FROM call_events WHERE CAST(:until AS timestamptz) IS NULL OR at <= :until"
    async with world.engine.connect() as store:
        return frozenset((await store.execute(text(query), {"until": until})).scalars())


async def _watch(world: worlds.World, http: httpx.AsyncClient, seen: list[Seen]) -> None:
    while True:
        seen.append(await _look(world, http))


async def test_every_number_on_the_leads_board_is_the_records(
    monkeypatch: pytest.MonkeyPatch,
    hotline_stores: Stores,
    hotline_database: str,
    hotline_name: str,
    hotline_folder: Path,
) -> None:
    monkeypatch.setattr(worlds, "VirtualClock", _LateClock)
    about: dict[str, Any] = {"name": hotline_name, "seed": 5, "faults": carrier_faults()}
    about |= {"database_url": hotline_database, "redis_url": hotline_stores.redis_url}
    seen: list[Seen] = []
    async with worlds.one_process(hotline_folder, **about) as world:
        http = await _lead(world)
        watching = asyncio.create_task(_watch(world, http, seen))
        await play(world, Run(24, 5, 30, seed=5))
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        last = await _look(world, http)
        await http.aclose()
        log = await Log.read(world.engine)
        plain = await _plain(world)
        # What happens in the very moment of a look is on record before or after it: such a look proves nothing.
        seen = [moment for moment in seen if moment.known == await _entries(world, moment.now)]
    for moment in (*seen, last):
        _agrees(moment, log)
    _was_worth_looking(seen)
    _agrees_with_plain_columns(last, plain)


def _agrees(seen: Seen, log: Log) -> None:
    calls = log.calls(seen.now)
    for (zone, line), said in seen.today.items():
        assert said["now_ms"] - ms_of(seen.now) in (0, 1)
        date = seen.now.astimezone(ZoneInfo(zone)).date()
        mine = [call for call in calls.values() if _date(call, zone) == date and line in ("", _line(call))]
        _same({name: one["value"] for name, one in said["figures"].items()}, mine, seen.now)
        rest = list(mine)
        for slot in said["half_hours"]:
            inside = [call for call in rest if slot["at_ms"] <= call.rang < slot["at_ms"] + 1_800_000]
            _same(slot, inside, seen.now)
            rest = [call for call in rest if call not in inside]
        assert not rest, "no half-hour has them"
    assert _board(seen.board) == _board_on_record(calls, log, seen.now)
    assert _handoffs(seen.handoffs) == _handoffs_on_record(calls)


def _same(said: Mapping[str, Any], calls: Iterable[Told], now: datetime) -> None:
    ours = figures(calls, now, TARGET_S)
    assert {name: said[name] for name in ("offered", *BUCKETS)} == {name: ours[name] for name in ("offered", *BUCKETS)}
    waits, due = ours["waits"], ours["due"]
    in_time = [sum(wait <= TARGET_S + by for wait in waits) for by in (-ROUNDED_S, ROUNDED_S)]
    level, middle = said["service_level"], waits[(len(waits) - 1) // 2] if waits else None
    assert level is None if not due else in_time[0] <= round(level * due, 6) <= in_time[1]
    assert said["median_answer_s"] == (pytest.approx(middle, abs=ROUNDED_S) if waits else None)
    assert said["worst_answer_s"] == (pytest.approx(waits[-1], abs=ROUNDED_S) if waits else None)


def _date(call: Told, zone: str) -> Any:
    return datetime.fromtimestamp(call.rang / 1000, ZoneInfo(zone)).date()


def _line(call: Told) -> str:
    return call.last("call.line", "to") or call.last("call.arrived", "line")


def _board(said: Any) -> tuple[Any, Any]:
    names = ("state", "line", "cls", "language", "arrived_ms", "owner", "handoff_open")
    calls = {call["id"]: tuple(call[name] for name in names) for call in said["calls"]}
    return calls, _here({one["spec"]: (one["duty"], one["presence"], one["call"]) for one in said["specialists"]})


def _here(people: Mapping[str, tuple[str, str, str]]) -> Any:
    """As the page has it: who is offline and does nothing is not shown, and not in the log before they come."""
    return {spec: what for spec, what in people.items() if what[:2] != ("idle", "offline")}


def _board_on_record(calls: Mapping[str, Told], log: Log, now: datetime) -> tuple[Any, Any]:
    live = {name: call for name, call in calls.items() if call.state != "closed"}
    duties, presences, engaged = log.people(now, "duty"), log.people(now, "presence"), log.engaged(now)
    people = {spec: (duties.get(spec, "idle"), presence, engaged.get(spec, "")) for spec, presence in presences.items()}
    shown = {
        name: (c.state, _line(c), c.cls, c.language, c.rang, c.owner, bool(c.handoffs)) for name, c in live.items()
    }
    return shown, _here(people)


def _handoffs(said: Any) -> Any:
    return {
        one["id"]: (one["owner"], one["opened_ms"], {due["what"]: due["by_ms"] for due in one["due"]}) for one in said
    }


def _handoffs_on_record(calls: Mapping[str, Told]) -> Any:
    found = {}
    for call in calls.values():
        for handoff, said in call.handoffs.items():
            waits_for = () if said.get("outcome") or said.get("contact") == "reached" else DUE_S
            by = {what: said["at"] + DUE_S[what] * 1000 for what in waits_for}
            found[handoff] = (said["who"], said["at"], by)
    return found


def _was_worth_looking(seen: list[Seen]) -> None:
    """Each number was something else than nothing while somebody looked, and the day began anew."""
    assert len(seen) > 20
    days = {moment.today["Europe/Berlin", ""]["since_ms"] for moment in seen}
    assert len(days) == 2
    ever = {name for m in seen for name, one in m.today["UTC", ""]["figures"].items() if one["value"]}
    assert ever >= {"offered", "answered", "abandoned", "open", "service_level", "median_answer_s", "worst_answer_s"}
    assert any(len([s for s in m.today["UTC", ""]["half_hours"] if s["answered"]]) == 2 for m in seen)
    assert {call["state"] for m in seen for call in m.board["calls"]} >= {"waiting", "offered", "talking"}
    assert len({call["cls"] for m in seen for call in m.board["calls"]}) >= 3
    assert {one["duty"] for m in seen for one in m.board["specialists"]} >= {"idle", "offered", "talking", "wrapping"}
    assert any(moment.handoffs for moment in seen)
    assert any(call["handoff_open"] for moment in seen for call in moment.board["calls"])


async def _plain(world: worlds.World) -> list[Any]:
    async with world.engine.connect() as store:
        return list((await store.execute(text("SELECT arrived_at, outcome, answered_at FROM calls"))).all())


def _agrees_with_plain_columns(last: Seen, rows: list[Any]) -> None:
    """After the run, to the tenth of a second."""
    said = {name: one["value"] for name, one in last.today["UTC", ""]["figures"].items()}
    waits = sorted(row.answered_at - row.arrived_at for row in rows if row.outcome == "answered")
    assert said["offered"] == len(rows)
    for bucket in BUCKETS[:3]:
        assert said[bucket] == sum(row.outcome == bucket for row in rows)
    assert said["service_level"] == pytest.approx(sum(w <= timedelta(seconds=TARGET_S) for w in waits) / len(rows))
    assert said["median_answer_s"] == round(waits[(len(waits) - 1) // 2].total_seconds(), 1)
    assert said["worst_answer_s"] == round(waits[-1].total_seconds(), 1)
