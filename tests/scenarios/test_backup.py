"""The backup line (H5): a voicemail does not press 1, a human does, and a specialist may still be first."""

from __future__ import annotations

import pytest

from app.fallback import static_document
from tests.support.document_host import document_host
from tests.support.hotline import NUMBER, Hotline

pytestmark = pytest.mark.anyio

#: Seconds after which the wait plan rings the backup line, and what a hold turn may add.
PLAN_S = 200


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


async def test_H5_a_caller_who_still_needs_someone_waits_again(h: Hotline) -> None:
    backup = h.backup_phone()
    backup.will_answer(after=3.0, then=h.presses_one(backup))
    caller = await h.caller()
    await h.until_state(caller, "backup_talking", within=PLAN_S)
    await backup.hangs_up()
    await caller.hears("still need someone", within=5)
    await caller.presses("1")
    maria = await h.specialist()
    assert await h.until_talking(caller, within=20) is maria


async def test_H5_a_voicemail_does_not_press_1_and_the_next_number_rings(h: Hotline) -> None:
    voicemail, human = h.backup_phone(0), h.backup_phone(1)
    voicemail.will_answer(after=1.0)
    human.will_answer(after=1.0, then=h.presses_one(human))
    caller = await h.caller()
    await h.until_state(caller, "backup_talking", within=PLAN_S + 40)
    assert human.leg.sid in caller.leg.can_hear()
    assert not voicemail.leg.live
    assert not h.net.ledger.together(caller.leg.sid, voicemail.leg.sid)


async def test_H5_nobody_there_and_the_place_is_kept(h: Hotline) -> None:
    for index in (0, 1):
        h.backup_phone(index).will_not_answer()
    caller = await h.caller()
    arrived = (await h.until_state(caller, "waiting")).arrived_ms
    await caller.hears("partner line", within=PLAN_S)
    await caller.hears("did not answer", within=120)
    view = await h.until_state(caller, "waiting", within=5)
    assert view.arrived_ms == arrived
    maria = await h.specialist()
    assert await h.until_talking(caller, within=20) is maria


async def test_H5_while_it_rings_a_specialist_may_still_be_first(h: Hotline) -> None:
    backup = h.backup_phone()
    backup.will_not_answer()
    caller = await h.caller()
    await h.until_state(caller, "backup_ringing", within=PLAN_S)
    maria = await h.specialist()
    assert await h.until_talking(caller, within=15) is maria
    await h.eventually(lambda: not backup.leg or not backup.leg.live, within=5, what="the telephone's silence")


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
