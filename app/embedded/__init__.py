"""PostgreSQL and Valkey from wheels, in a folder of the user's: what runs when no URL is set.

    async with embedded_stores(Path("var")) as stores:
        stores.database_url, stores.redis_url

One process owns a folder, by a lock. Both servers die with it (Linux), and what a killed owner left running is ended by
the next one before it starts: data are never served twice. For fault tests each server can be stopped, killed, paused,
emptied and started again on the same address.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO

from app.embedded.postgres import DATABASE, Postgres
from app.embedded.process import EmbeddedError, Server
from app.embedded.valkey import Valkey

__all__ = ["EmbeddedError", "InUse", "Postgres", "Server", "Stores", "Valkey", "embedded_stores", "running"]


ADDRESSES = "stores.json"
"""File of the data folder, readable by its owner: the running stores' addresses."""


class InUse(EmbeddedError):
    """Another process owns the folder."""


class Stores:
    """The stores of one data folder. `durable=False` skips the syncs to disk, for tests only."""

    def __init__(
        self,
        data_dir: Path,
        *,
        durable: bool = True,
        postgres: bool = True,
        valkey: bool = True,
        databases: Sequence[str] = (DATABASE,),
    ) -> None:
        self.data_dir = data_dir
        data_dir.mkdir(parents=True, exist_ok=True)
        self.postgres = Postgres(data_dir / "postgres", durable=durable, databases=databases)
        self.valkey = Valkey(data_dir / "valkey", durable=durable)
        self.wanted: tuple[Server, ...] = tuple(
            server for server, wanted in ((self.postgres, postgres), (self.valkey, valkey)) if wanted
        )
        self._lock: IO[str] | None = None

    @property
    def database_url(self) -> str:
        return self.postgres.url

    @property
    def redis_url(self) -> str:
        return self.valkey.url

    async def start(self) -> None:
        """Take the folder and start what is wanted."""
        self.take()
        try:
            await asyncio.gather(*(server.start() for server in self.wanted))
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """Stop both in order and give the folder back."""
        await asyncio.gather(*(server.stop() for server in self.wanted))
        if self._lock:
            (self.data_dir / ADDRESSES).unlink(missing_ok=True)
            self._lock.close()
            self._lock = None

    def take(self) -> None:
        """Own the folder until `stop`; `EmbeddedError` when another process does."""
        lock = open(self.data_dir / ".lock", "a")  # noqa: SIM115  held until stop
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            text = f"{self.data_dir} is in use by another hotline; stop it or set HOTLINE_DATA_DIR"
            raise InUse(text) from None
        self._lock = lock
        self._publish()

    def _publish(self) -> None:
        """Tell the owner's other commands on this machine where the stores are."""
        path = self.data_dir / ADDRESSES
        path.unlink(missing_ok=True)
        path.touch(mode=0o600)
        urls = {"database_url": (self.postgres, self.database_url), "redis_url": (self.valkey, self.redis_url)}
        path.write_text(json.dumps({name: url for name, (server, url) in urls.items() if server in self.wanted}))


def running(data_dir: Path) -> dict[str, str]:
    """Addresses of the stores that another process runs on this folder: `database_url`, `redis_url`, or nothing."""
    try:
        return json.loads((data_dir / ADDRESSES).read_text())
    except (OSError, ValueError):
        return {}


@asynccontextmanager
async def embedded_stores(
    data_dir: Path, *, durable: bool = True, postgres: bool = True, valkey: bool = True
) -> AsyncGenerator[Stores]:
    """Both stores (or one of them), running inside the block."""
    stores = Stores(data_dir, durable=durable, postgres=postgres, valkey=valkey)
    await stores.start()
    try:
        yield stores
    finally:
        await stores.stop()
