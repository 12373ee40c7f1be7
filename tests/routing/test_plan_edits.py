"""A wait plan is edited while callers wait: whatever is accepted, whenever, each of them comes to a human line."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.plan import rules
from app.plan.reading import BadPlan
from routing.policy import DEFAULT_PLAN, Line, PlanStep, compile_config
from tests.routing.world import World

pytestmark = pytest.mark.anyio

MAIN = Line("main", ("en", "es"))
#: Seconds between two hold turns, and between two ticks.
TURN_S, TICK_S = 20, 5


def accepted(steps: list[PlanStep], *, closed: bool = False) -> bool:
    try:
        rules.check_plan(steps, closed=closed)
    except BadPlan:
        return False
    return True


def plans(limit: int, *, closed: bool) -> st.SearchStrategy[tuple[PlanStep, ...]]:
    """Plans that a lead may save: the product's own check is the filter."""
    kinds = st.sampled_from([("tier", 2), ("tier", 3), ("interpreter", 0), ("page", 0)])
    before = st.lists(st.tuples(st.integers(0, limit), kinds), max_size=4, unique_by=lambda s: s[1])
    made = st.tuples(before, st.integers(0, limit)).map(
        lambda p: [
            *(PlanStep(at, kind, tier) for at, (kind, tier) in sorted(p[0]) if at <= p[1]),  # type: ignore[arg-type]
            PlanStep(p[1], "backup"),
        ]
    )
    return made.filter(lambda steps: accepted(steps, closed=closed)).map(tuple)


lines = st.builds(
    replace,
    st.just(MAIN),
    plan=plans(rules.BACKUP_MAX_S, closed=False),
    closed_plan=plans(rules.CLOSED_BACKUP_MAX_S, closed=True),
)
edits = st.lists(st.tuples(st.integers(1, 300), lines), max_size=4)


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


class Waiting:
    """One caller, nobody who could answer, and a lead who edits."""

    def __init__(self, world: World, first: Line, *, closed: bool) -> None:
        self.world, self.line, self.closed, self.revision = world, first, closed, 1

    async def open(self) -> None:
        await self.world.board.allow_test_clock()
        await self.world.board.open(self.config())
        await self.world.board.end_verify()
        phone = await self.world.rings("c1", closed=self.closed)
        assert phone.closed is self.closed
        self.rang = self.world.ms
        await self.world.turn("c1")

    def config(self) -> dict[str, Any]:
        return compile_config([self.line], backups=1, revision=self.revision)

    async def edit(self, line: Line) -> None:
        self.line, self.revision = line, self.revision + 1
        assert await self.world.board.configure(self.config())
        await self.world.tick()

    @property
    def waited_s(self) -> float:
        return (self.world.ms - self.rang) / 1000

    def due_s(self) -> float:
        """When the plan that is in force rings the backup line."""
        return (self.line.closed_plan if self.closed else self.line.plan)[-1].at_s

    async def step(self) -> None:
        await self.world.later(TICK_S, step_ms=TICK_S * 1000)
        if round(self.waited_s) % TURN_S == 0:
            await self.world.turn("c1")

    async def rung(self) -> bool:
        return await self.world.state("c1") == "backup_ringing"


async def ends_at_a_human_line(url: str, first: Line, later: list[tuple[int, Line]], closed: bool) -> None:
    world = World(url)
    try:
        w = Waiting(world, first, closed=closed)
        await w.open()
        moments = sorted(later, key=lambda edit: edit[0])
        while not await w.rung():
            assert w.waited_s <= w.due_s() + TICK_S, "the plan in force is carried out when it says"
            await w.step()
            while moments and moments[0][0] <= w.waited_s:
                await w.edit(moments.pop(0)[1])
        assert w.waited_s <= rules.BACKUP_MAX_S + TICK_S
        for _, line in moments or [(0, MAIN)]:  # edited while it rings, and never to fall silent
            await w.edit(line)
        await rings_again(w)
    finally:
        await world.close()


async def rings_again(w: Waiting) -> None:
    """Nobody at the backup line presses the key: the caller waits on, and it is rung again."""
    while await w.rung():
        await w.step()
    failed = w.world.ms
    while not await w.rung():
        assert w.world.ms - failed <= 60_000 + 2 * TICK_S * 1000, "after it failed the backup line is tried again"
        await w.step()


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(first=lines, later=edits, closed=st.booleans())
def test_no_accepted_plan_edited_at_any_moment_leaves_a_waiting_caller_without_an_end_at_a_human_line(
    valkey_url: str, loop: asyncio.AbstractEventLoop, first: Line, later: list[tuple[int, Line]], closed: bool
) -> None:
    loop.run_until_complete(ends_at_a_human_line(valkey_url, first, later, closed))


async def started(world: World, *steps: PlanStep, waited_s: int) -> Waiting:
    w = Waiting(world, replace(MAIN, plan=steps or DEFAULT_PLAN), closed=False)
    await w.open()
    while w.waited_s < waited_s:
        await w.step()
    return w


@pytest.fixture
async def fresh(valkey_url: str) -> Any:
    made = World(valkey_url)
    yield made
    await made.close()


async def test_a_caller_who_waits_follows_the_plan_as_it_is_now(fresh: World) -> None:
    w = await started(fresh, waited_s=100)
    assert not await w.rung()
    await w.edit(replace(MAIN, plan=(PlanStep(90, "backup"),)))
    assert await w.rung(), "what is due by the new plan happens at once"


async def test_what_has_happened_does_not_happen_twice(fresh: World) -> None:
    w = await started(fresh, waited_s=70)
    new = PlanStep(5, "tier", 3), PlanStep(10, "page"), PlanStep(20, "tier", 2), PlanStep(300, "backup")
    await w.edit(replace(MAIN, plan=new))
    while not await w.rung():
        await w.step()
    assert w.waited_s == 300
    pages = [e for e in await fresh.events_of("alarm") if e["kind"] == "page"]
    assert len(pages) == 1, "one page a call, whatever the versions of the plan"
    steps = [e["step"] for e in await fresh.events_of("call.plan")]
    assert steps == ["tier", "interpreter", "page", "edited", "tier", "backup"]


async def test_a_tier_that_an_edit_opens_is_offered_the_caller_at_once(fresh: World) -> None:
    w = await started(fresh, PlanStep(600, "backup"), waited_s=60)
    await fresh.person("s2", tier=2)
    assert await fresh.has_offer("s2") == ""
    await w.edit(replace(MAIN, plan=(PlanStep(30, "tier", 2), PlanStep(600, "backup"))))
    assert await fresh.has_offer("s2") == "c1"


async def test_an_older_configuration_is_not_taken(fresh: World) -> None:
    w = await started(fresh, waited_s=5)
    await w.edit(replace(MAIN, plan=(PlanStep(30, "backup"),)))
    old = compile_config([MAIN], backups=1, revision=1)
    assert not await fresh.board.configure(old)
    await fresh.board.open(old)  # a process that starts with an old snapshot
    while not await w.rung():
        await w.step()
    assert w.waited_s == 30


async def test_T2_without_its_guard_an_older_configuration_would_undo_an_edit(valkey_url: str) -> None:
    broken = World(valkey_url, edit=lambda source: re.sub(r"^  if got < had .*$", "", source, flags=re.MULTILINE))
    try:
        await started(broken, waited_s=5)
        assert await broken.board.configure(compile_config([MAIN], revision=0)), "nothing else refuses it"
    finally:
        await broken.close()


async def test_who_rang_outside_the_hours_is_still_offered_whom_somebody_here_may_take(fresh: World) -> None:
    w = Waiting(fresh, MAIN, closed=True)
    await w.open()
    await fresh.tick()
    assert await w.rung()
    await fresh.person("s1")
    assert await fresh.has_offer("s1") == "c1", "an accept wins until somebody there presses the key (H5)"


async def test_H6_the_danger_key_works_outside_the_hours(fresh: World) -> None:
    w = Waiting(fresh, MAIN, closed=True)
    await w.open()
    await fresh.tick()
    view = await fresh.turn("c1", danger=True)
    assert (view.cls, view.state) == ("danger", "backup_ringing")
    assert [e["kind"] for e in await fresh.events_of("alarm")].count("danger") == 1
