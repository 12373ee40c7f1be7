"""A local file of JSON lines, synced before `append` returns: where records wait while Postgres cannot take them."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any


class Journal:
    """Safe between processes: every use holds the lock of a file beside it, and the file is opened anew each time."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def append(self, entries: Sequence[Mapping[str, Any]]) -> None:
        """On disk when this returns, after whatever is there; a line torn by a crash is cut off first."""
        body = "".join(json.dumps(entry, separators=(",", ":")) + "\n" for entry in entries).encode()
        with self._locked(), open(self.path, "ab") as file:
            file.truncate(_whole(self.path))
            file.write(body)
            file.flush()
            os.fsync(file.fileno())

    def read(self) -> list[dict[str, Any]]:
        """All entries, oldest first."""
        with self._locked():
            return list(self._entries())

    def last(self) -> dict[str, Any] | None:
        entries = self.read()
        return entries[-1] if entries else None

    def forget(self, done: Sequence[Mapping[str, Any]]) -> None:
        """Take these away, and keep what was appended since they were read, by whichever process."""
        gone = {json.dumps(entry, sort_keys=True) for entry in done}
        with self._locked():
            rest = [entry for entry in self._entries() if json.dumps(entry, sort_keys=True) not in gone]
            if not rest:
                self.path.unlink(missing_ok=True)
                return
            spare = self.path.with_suffix(".new")
            with open(spare, "w", encoding="utf-8") as file:
                file.writelines(json.dumps(entry, separators=(",", ":")) + "\n" for entry in rest)
                file.flush()
                os.fsync(file.fileno())
            spare.replace(self.path)

    def __bool__(self) -> bool:
        return self.path.exists() and self.path.stat().st_size > 0

    def _entries(self) -> Iterator[dict[str, Any]]:
        if not self.path.exists():
            return
        with open(self.path, "rb") as file:
            for line in file:
                if line.endswith(b"\n"):
                    yield json.loads(line)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open(self.path.with_suffix(".lock"), "a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield


def _whole(path: Path) -> int:
    """Bytes up to the end of the last complete line."""
    data = path.read_bytes() if path.exists() else b""
    return data.rfind(b"\n") + 1
