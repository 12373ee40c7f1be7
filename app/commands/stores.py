"""Stores for a command: those that are set, those that a running service owns, or our own for as long as it takes."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from app.embedded import InUse, Stores, running
from app.settings import Settings


@asynccontextmanager
async def reachable(settings: Settings, *, postgres: bool = True, valkey: bool = True) -> AsyncGenerator[Settings]:
    """Settings whose URLs are set; the schema is nobody's business here."""
    postgres, valkey = postgres and not settings.database_url, valkey and not settings.redis_url
    if not postgres and not valkey:
        yield settings
        return
    stores = Stores(settings.data_dir, postgres=postgres, valkey=valkey)
    try:
        await stores.start()
    except InUse:
        yield beside(settings)
        return
    try:
        yield _filled(settings, {"database_url": stores.database_url, "redis_url": stores.redis_url})
    finally:
        await stores.stop()


def beside(settings: Settings) -> Settings:
    """Settings with the addresses of the stores that a running service owns, where none are set."""
    return _filled(settings, running(settings.data_dir))


def _filled(settings: Settings, urls: dict[str, str]) -> Settings:
    return settings.model_copy(update={name: url for name, url in urls.items() if not getattr(settings, name)})
