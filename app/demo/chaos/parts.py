"""What can be broken: the processes of `hotline serve`, and a board's data."""

from __future__ import annotations

import psutil
from redis.asyncio import Redis


def web_workers(parent: int) -> list[psutil.Process]:
    """Live web processes of a `hotline serve`; none where it has gone."""
    try:
        found = psutil.Process(parent).children()
        return [c for c in found if c.status() != psutil.STATUS_ZOMBIE and "app.worker" in " ".join(c.cmdline())]
    except psutil.NoSuchProcess:
        return []


async def empty_hotline(redis_url: str, hotline: str) -> None:
    """Everything this hotline had on its board is gone, as with a Redis started empty; the test flag stays (P5)."""
    tag = f"{{hl:{hotline}}}:"
    async with Redis.from_url(redis_url, decode_responses=True) as redis:
        keys = [key async for key in redis.scan_iter(match=f"{tag}*", count=1000) if key != f"{tag}test"]
        if keys:
            await redis.unlink(*keys)
