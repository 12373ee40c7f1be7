"""The backup line (H5): a voicemail does not press 1, a human does, and a specialist may still be first."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.embedded import Stores
from app.fallback import static_document
from app.lines import SHIPPED
from tests.support.document_host import document_host
from tests.support.hotline import NUMBER, Hotline, running_hotline

pytestmark = pytest.mark.anyio

#: Seconds after which the shipped wait plan rings the backup line, and what a hold turn may add.
PLAN_S = 200
#: The same of the tests that are not about the plan.
SOON_S = 50


@pytest.fixture
async def soon(
    hotline_stores: Stores, hotline_database: str, hotline_name: str, hotline_folder: Path, tmp_path: Path
) -> AsyncIterator[Hotline]:
    """A line whose plan rings the backup line after 30 s."""
    file = tmp_path / "lines.json"
    file.write_text(json.dumps({**json.loads(SHIPPED.read_text()), "plan": [{"at_s": 30, "step": "backup"}]}))
    stores = (hotline_stores, hotline_database, hotline_name, hotline_folder)
    async with running_hotline(*stores, lines_file=file) as hotline:
        yield hotline


async def test_H5_after_180_s_a_human_at_the_backup_line_answers(h: Hotline) -> None:
    backup = h.backup_phone()
    backup.will_answer(after=3.0, then=h.presses_one(backup))
    caller = await h.caller()
    await caller.hears("partner line", within=PLAN_S)
    await h.until_state(caller, "backup_talking", within=30)
    assert backup.leg.sid in caller.leg.can_hear()
    await h.passes(20)
    await backup.hangs_up()
    await caller.hears("still need someone", within=5)
    await caller.hears("goodbye", within=30)
    closed = await h.until_state(caller, "closed", within=10)
    (end,) = await h.events("call.ended", closed.id)
    assert (end.data["outcome"], end.data["side"]) == ("rolled_over", "backup")


async def test_H5_a_caller_who_still_needs_someone_waits_again(soon: Hotline) -> None:
    backup = soon.backup_phone()
    backup.will_answer(after=3.0, then=soon.presses_one(backup))
    caller = await soon.caller()
    await soon.until_state(caller, "backup_talking", within=SOON_S)
    await backup.hangs_up()
    await caller.hears("still need someone", within=5)
    await caller.presses("1")
    maria = await soon.specialist()
    assert await soon.until_talking(caller, within=20) is maria


async def test_H5_a_voicemail_does_not_press_1_and_the_next_number_rings(soon: Hotline) -> None:
    voicemail, human = soon.backup_phone(0), soon.backup_phone(1)
    voicemail.will_answer(after=1.0)
    human.will_answer(after=1.0, then=soon.presses_one(human))
    caller = await soon.caller()
    await soon.until_state(caller, "backup_talking", within=SOON_S + 40)
    assert human.leg.sid in caller.leg.can_hear()
    assert not voicemail.leg.live
    assert not soon.net.ledger.together(caller.leg.sid, voicemail.leg.sid)


async def test_H5_nobody_there_and_the_place_is_kept(soon: Hotline) -> None:
    for index in (0, 1):
        soon.backup_phone(index).will_not_answer()
    caller = await soon.caller()
    arrived = (await soon.until_state(caller, "waiting")).arrived_ms
    await caller.hears("partner line", within=SOON_S)
    await caller.hears("did not answer", within=120)
    view = await soon.until_state(caller, "waiting", within=5)
    assert view.arrived_ms == arrived
    maria = await soon.specialist()
    assert await soon.until_talking(caller, within=20) is maria


async def test_H5_while_it_rings_a_specialist_may_still_be_first(soon: Hotline) -> None:
    backup = soon.backup_phone()
    backup.will_not_answer()
    caller = await soon.caller()
    await soon.until_state(caller, "backup_ringing", within=SOON_S)
    maria = await soon.specialist()
    assert await soon.until_talking(caller, within=15) is maria
    await soon.eventually(lambda: not backup.leg or not backup.leg.live, within=5, what="the telephone's silence")


async def test_H5_a_short_talk_by_the_static_document_is_rolled_over(h: Hotline) -> None:
    """All of ours is down when the caller rings: nobody asks for a key, and nobody of ours sees the telephone."""
    backup = h.backup_phone()
    backup.will_answer(after=2.0)
    number = h.net.number(NUMBER)
    async with document_host() as elsewhere:
        elsewhere.documents["fallback"] = static_document(h.ctx.settings, h.ctx.lines.line(""))
        number.voice_url, number.voice_fallback_url = "http://127.0.0.1:9/voice", f"{elsewhere.url}/fallback"
        caller = await h.caller()
        await h.eventually(lambda: backup.leg and backup.leg.sid in caller.leg.can_hear(), within=40, what="a human")
        await h.passes(8)
        await caller.hangs_up()
        view = await h.until_state(caller, "closed", within=60)
    (end,) = await h.events("call.ended", view.id)
    assert (end.data["outcome"], end.data["side"]) == ("rolled_over", "caller")


async def test_H2_a_caller_who_was_closed_by_mistake_is_answered_by_the_backup_line(h: Hotline) -> None:
    """A terminal status that was not true: the next turn proves that somebody is there (known fault 21)."""
    backup = h.backup_phone()
    backup.will_answer(after=2.0, then=h.presses_one(backup))
    caller = await h.caller()
    view = await h.until_state(caller, "waiting")
    await h.ctx.board.caller_gone(view.id, view.sid, status="completed", side="caller", at_ms=None)
    await h.eventually(lambda: backup.leg and backup.leg.sid in caller.leg.can_hear(), within=60, what="a human")
    await h.passes(20)
    assert backup.leg.sid in caller.leg.can_hear(), "the human stays"
    await caller.hangs_up()
    await h.eventually(lambda: not backup.leg.live, within=5, what="the end")
