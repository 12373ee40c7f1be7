"""Requests between two hotlines: HMAC-SHA256 over method, path, time, nonce and body with the pair's key; each is good
once, and for half a minute."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

FRESH_MS = 30_000
"""Milliseconds by which two hotlines' clocks and the way between them may differ."""
WHO, TIME, NONCE, SIGNATURE = "X-Hotline-Name", "X-Hotline-Time", "X-Hotline-Nonce", "X-Hotline-Signature"
NONCE_MAX = 64


class NotSigned(Exception):
    """The request is not the partner's, altered, or old."""


def signed(key: bytes, name: str, path: str, body: bytes, *, now_ms: int, nonce: str) -> dict[str, str]:
    """The headers of a request. `name`: ours there."""
    return {WHO: name, TIME: str(now_ms), NONCE: nonce, SIGNATURE: _mac(key, path, str(now_ms), nonce, body)}


def check(key: bytes, headers: Mapping[str, str], path: str, body: bytes, *, now_ms: int) -> str:
    """The request's nonce, which the board lets pass once; else `NotSigned`."""
    time, nonce, given = (headers.get(name, "") for name in (TIME, NONCE, SIGNATURE))
    if not 8 <= len(nonce) <= NONCE_MAX or not hmac.compare_digest(
        _mac(key, path, time, nonce, body).encode(), given.encode()
    ):
        raise NotSigned
    if not time.isdecimal() or abs(int(time) - now_ms) > FRESH_MS:
        raise NotSigned
    return nonce


def token(key: bytes, call: str) -> str:
    """What the two call this caller: the same on every try, and nothing that names the call or the person."""
    return hmac.new(key, f"pass:{call}".encode(), hashlib.sha256).hexdigest()[:32]


def _mac(key: bytes, path: str, time: str, nonce: str, body: bytes) -> str:
    text = "\n".join(("POST", path, time, nonce, hashlib.sha256(body).hexdigest()))
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
