"""S6: workers and the parent killed under callers who wait and talk."""

from __future__ import annotations

import asyncio

import pytest

from tests.chaos.figures import note
from tests.chaos.house import House

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(240), pytest.mark.xdist_group("chaos-processes")]

#: Seconds that nothing of ours runs between the parent's death and its restart: whoever asks meanwhile is answered by
#: the fallback document.
DOWN_S = 4.0
#: Seconds until the board knows of the backup's humans whom the fallback document has rung: a dead worker's lease, two
#: passes, and the time that asking for a key would take.
BOARD_S = 45.0


async def test_S6_a_worker_dies_and_nobody_notices(h: House) -> None:
    """Conversations go on, no request of the carrier's is refused, the queue keeps its order."""
    for _ in range(2):
        await h.person()
    talking = [await h.caller(), await h.caller()]
    pairs = [(phone, await h.with_whom(phone)) for phone in talking]
    waiting = [await h.caller() for _ in range(3)]
    await h.in_line(3)
    await h.settled()
    worst = 0.0
    for _ in range(2):
        victim, since = h.workers()[0], h.clock.now()
        victim.kill()
        worst = max(worst, await h.right_after(since, 5))
        await h.until(lambda pid=victim.pid: h.two_workers_without(pid), 30, "another worker")
    nina = await h.person()
    await h.talks(waiting[0], nina)
    assert all(h.cut(phone, console) == 0 for phone, console in pairs)
    assert not h.broken_requests()
    assert sum(person.logged_off for person in h.people) == 0
    note("worker_killed", right_s=worst)
    await h.nothing_is_lost()


async def test_S6_the_parent_dies_and_starts_again(h: House) -> None:
    """Whoever waits is there again or with the backup line's human; conversations are not cut; nobody is lost (T)."""
    for index in range(2):
        h.backup_answers(index=index)
    maria = await h.person()
    talking = await h.caller()
    await h.talks(talking, maria)
    waiting = [await h.caller() for _ in range(3)]
    await h.settled()
    await h.kill_parent()
    await h.until(h.refuses, 20, "the port given back")
    began = h.clock.now()
    late = await h.caller(greeted_s=8)
    await asyncio.sleep(max(0.0, began + DOWN_S - h.clock.now()))
    restarted = h.clock.now()
    await h.start_parent()
    up = h.clock.now()

    def everybody_is_helped_or_waits() -> bool:
        there = [phone.leg for phone in (*waiting, late) if phone.leg]
        asked = {e.sid for e in h.happened("webhook.answered") if e.at > up and "/twilio/" in e.data["path"]}
        return all(leg.live and (leg.sid in asked or leg.can_hear()) for leg in there)

    await h.until(everybody_is_helped_or_waits, 30, "everybody back or with a human")
    back = h.clock.now()
    with_backup = [phone for phone in (*waiting, late) if phone.leg and phone.leg.can_hear()]
    assert with_backup, "somebody asked while nothing of ours ran, and a human answered"
    nina = await h.person()
    first = [phone for phone in waiting if phone not in with_backup]
    if first:
        await h.talks(first[0], nina, within=40)
    assert h.cut(talking, maria) == 0
    assert not h.errors_heard()
    ends = [h.backup_talks(phone)[-1].end for phone in with_backup]
    assert min(ends) >= back, "no conversation with the backup's human is cut"
    right = await h.right_after(up, BOARD_S)
    note("parent_killed", answers_again_s=up - restarted, everybody_s=back - up, board_right_s=right)
    await h.nothing_is_lost()
