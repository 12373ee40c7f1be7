"""The audit trail is kept with Postgres down, and delivered once (S7)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from app.context import Context
from app.embedded import Stores
from app.records import audit
from app.settings import Settings
from telephony.clock import RealClock

pytestmark = [pytest.mark.anyio, pytest.mark.timeout(60)]


@pytest.fixture
def ctx(engine: AsyncEngine, tmp_path: Any) -> Context:
    settings = Settings(data_dir=tmp_path, secret_key="x" * 40, _env_file=None)  # type: ignore[call-arg]
    return cast(Context, SimpleNamespace(settings=settings, clock=RealClock(), engine=engine))


async def test_S7_an_entry_is_kept_while_postgres_is_down_and_delivered_once(
    ctx: Context, hotline_stores: Stores, rows: Callable[..., Awaitable[list[Any]]]
) -> None:
    reveal = {"who": "s1", "what": "number.reveal", "object_kind": "call", "object_id": "c1"}
    ids = [await audit.write(ctx, **reveal)]
    assert not audit.journal(ctx)
    await hotline_stores.postgres.stop()
    try:
        ids.append(await audit.write(ctx, **reveal, facts={"count": 1}))
        assert audit.journal(ctx)
        with pytest.raises(audit.AWAY):
            await audit.deliver(ctx)
    finally:
        await hotline_stores.postgres.start()
    waiting = audit.journal(ctx).read()
    assert await audit.deliver(ctx) == 1
    audit.journal(ctx).append(waiting)  # a process died between writing and forgetting
    assert await audit.deliver(ctx) == 1
    assert await audit.deliver(ctx) == 0
    kept = await rows("SELECT * FROM audit_log ORDER BY at")
    assert [row["id"] for row in kept] == ids
    assert kept[1]["facts"] == {"count": 1}
    assert {row["who"] for row in kept} == {"s1"}
