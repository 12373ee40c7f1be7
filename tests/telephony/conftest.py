"""Fixtures of the REST client's tests."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from telephony.twilio import TwilioCarrier
from tests.support.far_side import TIMEOUT_S, FarSide, client, far_side


@pytest.fixture
async def far() -> AsyncGenerator[FarSide]:
    async with far_side() as side:
        yield side


@pytest.fixture
async def carrier(far: FarSide) -> AsyncGenerator[TwilioCarrier]:
    made = client(far.url)
    yield made
    await made.aclose()


@pytest.fixture
async def impatient(far: FarSide) -> AsyncGenerator[TwilioCarrier]:
    made = client(far.url, timeout_s=TIMEOUT_S)
    yield made
    await made.aclose()
