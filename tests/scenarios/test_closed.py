"""A line outside its opening hours: true words, a human at the backup line, and the danger key (H5, H6)."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.embedded import Stores
from app.lines import SHIPPED, parse
from tests.support.hotline import Hotline, running_hotline

pytestmark = pytest.mark.anyio


def closed_now(now: float) -> dict[str, Any]:
    """Hours that begin in half a day, each day."""
    start = datetime.fromtimestamp(now, UTC) + timedelta(hours=12)
    opening = {"start": f"{start:%H:%M}", "end": f"{start + timedelta(hours=2):%H:%M}"}
    days = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    return {"zone": "UTC", "weekly": {day: [opening] for day in days}}


@pytest.fixture
async def shut(
    hotline_stores: Stores, hotline_database: str, hotline_name: str, hotline_folder: Path
) -> AsyncIterator[Hotline]:
    stores = (hotline_stores, hotline_database, hotline_name, hotline_folder)
    async with running_hotline(*stores) as hotline:
        raw = json.loads(SHIPPED.read_text())
        raw["lines"]["main"]["hours"] = closed_now(hotline.clock.now())
        hotline.ctx.lines.become(parse(raw))
        yield hotline


async def test_outside_the_hours_a_caller_is_told_and_comes_to_a_human_at_once(shut: Hotline) -> None:
    backup = shut.backup_phone()
    backup.will_answer(after=2.0, then=shut.presses_one(backup))
    caller = await shut.caller()
    rang = shut.clock.now()
    await caller.hears("closed at this hour", within=1)
    await shut.until_state(caller, "backup_talking", within=40)
    assert shut.clock.now() - rang <= 40
    assert backup.leg.sid in caller.leg.can_hear()


async def test_H6_the_danger_key_works_outside_the_hours(shut: Hotline) -> None:
    lead = await shut.specialist(role="lead", ready=False)
    caller = await shut.caller()
    await caller.hears("closed at this hour", within=1)
    await caller.presses("1")
    await caller.hears("9 1 1", within=2)
    view = await shut.call_of(caller)
    assert view is not None
    assert (view.cls, view.closed) == ("danger", True)
    await shut.eventually(
        lambda: [m for m in lead.messages if m["type"] == "alarm" and m["kind"] == "danger"], within=3, what="the alarm"
    )


async def test_outside_the_hours_nobody_is_at_the_backup_line_and_the_caller_is_held_and_tried_again(
    shut: Hotline,
) -> None:
    caller = await shut.caller()
    await caller.hears("closed at this hour", within=1)
    await shut.until_state(caller, "backup_ringing", within=20)
    await caller.hears("did not answer", within=120)
    await shut.until_state(caller, "backup_ringing", within=90)
    maria = await shut.specialist()
    assert await shut.until_talking(caller, within=30) is maria, "who is here after all may take them"


async def test_S1_outside_the_hours_and_without_the_board_the_backup_line_rings_at_once(
    shut: Hotline, board_away: Callable[[Hotline], AbstractAsyncContextManager[None]]
) -> None:
    backup = shut.backup_phone()
    backup.will_answer(after=2.0, then=shut.presses_one(backup))
    async with board_away(shut):
        caller = await shut.caller()
        await caller.hears("closed at this hour", within=2)
        rang = shut.clock.now()
        await shut.eventually(
            lambda: backup.leg and backup.leg.sid in caller.leg.can_hear(), within=45, what="a human at the backup line"
        )
        assert shut.clock.now() - rang <= 45, "an open line holds its callers for a minute first"
