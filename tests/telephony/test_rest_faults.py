"""The REST client against a far side that hangs, drips, breaks, refuses and is busy."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from telephony.carrier import CarrierAway, CarrierRefused
from telephony.twilio import TwilioCarrier
from tests.support.far_side import (
    ACCOUNT,
    BUSY,
    CREATED,
    HANG_S,
    LEG,
    OK,
    ROOM,
    TIMEOUT_S,
    FarSide,
    Request,
    answer_of,
    client,
    dial,
    far_side,
    page_of,
    refused,
)

pytestmark = pytest.mark.anyio

# ---------------------------------------------------------------- what goes wrong


async def _raises_away(work: Awaitable[object]) -> None:
    """By its own timeout: the far side would hang for ever."""
    async with asyncio.timeout(HANG_S):
        with pytest.raises(CarrierAway):
            await work


async def test_a_far_side_that_hangs_costs_one_timeout(far: FarSide, impatient: TwilioCarrier) -> None:
    far.answers(None)
    await _raises_away(impatient.move(LEG, "https://h/a", "https://h/b"))
    await _raises_away(impatient.live_rooms())
    await _raises_away(dial(impatient))
    assert len(far.requests) == 3, "what timed out may have happened: it is not sent again"


async def test_a_far_side_that_drips_costs_one_timeout() -> None:
    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 x\r\ncontent-length: 1000000\r\n\r\n")
        while not writer.is_closing():
            writer.write(b" ")
            await asyncio.sleep(TIMEOUT_S / 10)

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    carrier = client(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", timeout_s=TIMEOUT_S)
    await _raises_away(carrier.leg(LEG))
    await carrier.aclose()
    server.close()


async def test_a_refused_connection_is_away() -> None:
    async with far_side() as gone:
        url = gone.url
    carrier = client(url)
    await _raises_away(carrier.complete(LEG))
    await _raises_away(dial(carrier))
    await carrier.aclose()


async def test_an_update_is_repeated_once_after_a_cut_connection(far: FarSide, carrier: TwilioCarrier) -> None:
    far.answers(b"", OK)
    await carrier.move(LEG, "https://h/a", "https://h/b")
    assert len(far.requests) == 2
    far.answers(b"")
    with pytest.raises(CarrierAway):
        await carrier.move(LEG, "https://h/a", "https://h/b")
    assert len(far.requests) == 4


async def test_R4_a_create_is_never_repeated_blindly(far: FarSide, carrier: TwilioCarrier) -> None:
    far.answers(b"", CREATED)
    with pytest.raises(CarrierAway):
        await dial(carrier)
    assert len(far.requests) == 1


@pytest.mark.parametrize(
    "answer", [answer_of(500, b"oops"), answer_of(503, {}), answer_of(200, b"<html>"), answer_of(302, b"")]
)
async def test_an_answer_that_is_none_is_away(far: FarSide, carrier: TwilioCarrier, answer: bytes) -> None:
    far.answers(answer)
    with pytest.raises(CarrierAway):
        await carrier.move(LEG, "https://h/a", "https://h/b")
    assert len(far.requests) == 1


async def test_busy_is_always_repeated_since_it_was_never_processed(far: FarSide, carrier: TwilioCarrier) -> None:
    far.answers(BUSY, BUSY, CREATED)
    assert await dial(carrier) == LEG
    far.answers(BUSY)
    far.requests.clear()
    with pytest.raises(CarrierAway):
        await carrier.complete(LEG)
    assert len(far.requests) == 4


async def test_R1_a_busy_list_is_repeated_too(far: FarSide, carrier: TwilioCarrier) -> None:
    """The package raises another exception for lists than for everything else."""
    far.answers(BUSY, page_of("conferences", []))
    assert await carrier.live_rooms() == []
    far.answers(refused(20003, 401))
    with pytest.raises(CarrierRefused) as refusal:
        await carrier.live_rooms()
    assert (refusal.value.code, refusal.value.status) == (20003, 401)
    far.answers(answer_of(500, b"oops"))
    with pytest.raises(CarrierAway):
        await carrier.live_rooms()


async def test_a_refusal_has_its_code_and_nothing_of_the_message(far: FarSide, carrier: TwilioCarrier) -> None:
    far.answers(refused(21220))
    with pytest.raises(CarrierRefused) as refusal:
        await carrier.move(LEG, "https://h/a", "https://h/b")
    assert (refusal.value.code, refusal.value.status) == (21220, 400)
    assert "555" not in str(refusal.value)
    assert refusal.value.__cause__ is None, "a log of the cause would hold the carrier's message"


async def test_R2_completing_what_is_over_is_no_error(far: FarSide, carrier: TwilioCarrier) -> None:
    far.answers(refused(21220))
    await carrier.complete(LEG)
    far.answers(refused(20404, 404))
    await carrier.remove_participant(ROOM, LEG)
    await carrier.end_room(ROOM)
    far.answers(refused(20003, 401))
    with pytest.raises(CarrierRefused):
        await carrier.complete(LEG)


# ---------------------------------------------------------------- how many at once


async def test_R4_creates_go_one_at_a_time_and_emergencies_first(far: FarSide, carrier: TwilioCarrier) -> None:
    far.answers(CREATED)
    gate, inside, most = asyncio.Event(), 0, 0

    async def hold(_: Request) -> None:
        nonlocal inside, most
        inside += 1
        most = max(most, inside)
        await gate.wait()
        inside -= 1

    far.before = hold
    creates = [asyncio.create_task(dial(carrier, f"owner_s{n}_a", emergency=False)) for n in range(3)]
    await _until(lambda: len(far.requests) == 1)
    creates += [asyncio.create_task(dial(carrier, f"agency_h{n}_a", emergency=True)) for n in range(2)]
    cancelled = asyncio.create_task(dial(carrier, "agency_h9_a", emergency=True))
    await asyncio.sleep(0)
    cancelled.cancel()
    gate.set()
    await asyncio.gather(*creates)
    assert [r.form["Label"][0] for r in far.requests] == [
        "owner_s0_a",
        "agency_h0_a",
        "agency_h1_a",
        "owner_s1_a",
        "owner_s2_a",
    ]
    assert most == 1


async def test_R1_live_moves_never_wait_for_lists(far: FarSide) -> None:
    carrier = TwilioCarrier(account_sid=ACCOUNT, auth_token="t", api_url=far.url, timeout_s=5)
    far.answers(None)
    lists = [asyncio.create_task(carrier.live_rooms()) for _ in range(20)]
    await _until(lambda: len(far.requests) >= 3)
    await asyncio.sleep(0.05)
    assert len(far.requests) == 3, "the lists' own pool is small"
    far.answers(OK)
    await asyncio.wait_for(carrier.move(LEG, "https://h/a", "https://h/b"), 1)
    for task in lists:
        task.cancel()
    await asyncio.gather(*lists, return_exceptions=True)
    await carrier.aclose()


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110  a far side's list, not ours to signal
            await asyncio.sleep(0.005)
