"""Passwords: argon2id, hashed in a thread, the same work for unknown logins as for known ones."""

from __future__ import annotations

import asyncio
from functools import lru_cache

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

#: Kibibytes, passes, threads: OWASP's recommendation for argon2id, about 30 ms of one core.
MEMORY_KIB, PASSES, LANES = 19_456, 2, 1
#: Hashes at the same time: each takes 19 MiB and one core, and a call's webhook must not wait for them.
AT_ONCE = 2
#: Characters. Longer ones would only cost time; shorter ones are guessed.
SHORTEST, LONGEST = 12, 256

_hasher = PasswordHash((Argon2Hasher(time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=LANES),))


@lru_cache(maxsize=1)
def _nobody() -> str:
    return _hasher.hash("nobody has this password")


class Passwords:
    """Hashes and verifies, at most `AT_ONCE` at a time."""

    def __init__(self) -> None:
        self._turn = asyncio.Semaphore(AT_ONCE)

    async def hash(self, password: str) -> str:
        async with self._turn:
            return await asyncio.to_thread(_hasher.hash, password)

    async def verify(self, password: str, stored: str | None) -> bool:
        """Whether it is the password; `stored=None` (unknown login) takes as long and is never right."""
        async with self._turn:
            return await asyncio.to_thread(_verify, password, stored)


def _verify(password: str, stored: str | None) -> bool:
    right = _hasher.verify(password, stored or _nobody())
    return right and stored is not None


def hash_now(password: str) -> str:
    """For commands that have no event loop."""
    return _hasher.hash(password)
