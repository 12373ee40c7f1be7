"""T4: the virtual clock jumps only when nothing is in flight."""

import asyncio

import pytest

from telephony.clock import VirtualClock

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def clock():
    clock = VirtualClock(start=1000.0)
    runner = asyncio.create_task(clock.run())
    yield clock
    runner.cancel()


async def test_T4_sleepers_wake_in_order_of_their_due_time(clock: VirtualClock) -> None:
    woken: list[tuple[float, float]] = []

    async def sleeper(seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append((seconds, clock.now()))

    await asyncio.gather(*(sleeper(s) for s in (30, 0.5, 3600, 30, 0)))
    assert woken == [(0, 1000.0), (0.5, 1000.5), (30, 1030.0), (30, 1030.0), (3600, 4600.0)]


async def test_T4_time_stands_still_while_work_is_in_flight(clock: VirtualClock) -> None:
    slept = asyncio.create_task(clock.sleep(10))
    release = asyncio.Event()
    with clock.busy():
        asyncio.get_running_loop().call_later(0.05, release.set)
        await release.wait()
        assert clock.now() == 1000.0
        assert not slept.done()
    await slept
    assert clock.now() == 1010.0


async def test_T4_a_probe_that_is_not_quiet_holds_time(clock: VirtualClock) -> None:
    quiet = asyncio.Event()
    clock.probes.append(quiet.is_set)
    slept = asyncio.create_task(clock.sleep(1))
    await asyncio.sleep(0.02)
    assert not slept.done()
    quiet.set()
    await slept
    assert clock.now() == 1001.0


async def test_T4_a_cancelled_sleeper_does_not_move_time(clock: VirtualClock) -> None:
    gone = asyncio.create_task(clock.sleep(5000))
    await asyncio.sleep(0)
    gone.cancel()
    await clock.sleep(1)
    assert clock.now() == 1001.0


async def test_T4_time_stands_still_while_tasks_wake_each_other(clock: VirtualClock) -> None:
    slept = asyncio.create_task(clock.sleep(10))
    seen = []
    for _ in range(100):  # as a key pressed is heard, then decided on, then sent: no step is work in flight yet
        await asyncio.create_task(asyncio.sleep(0))
        seen.append(clock.now())
    assert set(seen) == {1000.0}
    await slept


async def test_T4_somebody_who_never_waits_does_not_stop_time(clock: VirtualClock) -> None:
    slept = asyncio.create_task(clock.sleep(10))
    while not slept.done():  # noqa: ASYNC110 - the polling is what is tested
        await asyncio.sleep(0)
    assert clock.now() == 1010.0
