"""A board that loses what it knew, while everything else goes on."""

from __future__ import annotations

from redis.asyncio import Redis

from tests.support.hotline import Hotline


async def emptied(h: Hotline) -> None:
    """Every key of this hotline is gone, as after a restart without its file."""
    async with Redis.from_url(h.stores.redis_url) as redis:
        if keys := await _keys(h, redis):
            await redis.delete(*keys)
        await redis.set(f"{{hl:{h.ctx.settings.name}}}:test", "1")


async def kept(h: Hotline) -> dict[bytes, bytes]:
    """The board as it is now."""
    async with Redis.from_url(h.stores.redis_url) as redis:
        return {key: await redis.dump(key) for key in await _keys(h, redis)}


async def put_back(h: Hotline, before: dict[bytes, bytes]) -> None:
    """The board is what it was then: a file cut short, a standby that was behind."""
    async with Redis.from_url(h.stores.redis_url) as redis, redis.pipeline(transaction=True) as at_once:
        at_once.delete(*await _keys(h, redis))
        for key, value in before.items():
            at_once.restore(key, 0, value)
        await at_once.execute()


async def _keys(h: Hotline, redis: Redis) -> list[bytes]:
    return [key async for key in redis.scan_iter(match=f"{{hl:{h.ctx.settings.name}}}:*")]
