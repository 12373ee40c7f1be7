"""Keys of the record: one root, a sub-key for each purpose; ciphertext as text, numbers found again by keyed hash (S7).

A token names the root it was made with, so that `secret_key` can be rotated: new tokens use the current root, old ones
are still read with `secret_key_previous`. The purpose is part of the sub-key and of the associated data: a number's
token put into a narrative's column does not decrypt.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Mapping
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF, HKDFExpand

from app.settings import Settings

#: Purposes in use. Any other word works too; these are the ones that the record knows.
NUMBER, NARRATIVE, NAME, SESSION, SNAPSHOT = "number", "narrative", "name", "session", "snapshot"
CREDENTIAL = "credential"

#: Characters: a shorter root could be guessed.
ROOT_MIN = 32
#: Bytes of a GCM nonce; random, so one sub-key is good for about 2**32 tokens.
NONCE = 12
#: First letter of every token, for the day when the cipher changes.
VERSION = "a"
SALT = b"crisis-hotline record keys"


class BadToken(ValueError):
    """The token is not ours, was altered, or belongs to another purpose. Its text never contains the token."""


class _Root:
    """One root key and the sub-keys derived from it."""

    def __init__(self, secret: str) -> None:
        self._material = HKDF(SHA256(), 32, SALT, b"root").derive(secret.encode())
        self.id = self.subkey("key id")[:4].hex()
        self.subkey = lru_cache(maxsize=64)(self.subkey)
        self.cipher = lru_cache(maxsize=64)(self._cipher)

    def subkey(self, purpose: str) -> bytes:
        return HKDFExpand(SHA256(), 32, purpose.encode()).derive(self._material)

    def _cipher(self, purpose: str) -> AESGCM:
        return AESGCM(self.subkey("encrypt:" + purpose))


class Secrets:
    """Encrypts, finds again and signs. Needs no store and is safe to share between tasks."""

    def __init__(self, settings: Settings) -> None:
        secret = settings.secret_key.get_secret_value()
        if len(secret) < ROOT_MIN:
            raise ValueError(f"HOTLINE_SECRET_KEY must have at least {ROOT_MIN} characters")
        previous = settings.secret_key_previous.get_secret_value()
        self._current = _Root(secret)
        roots = [self._current, _Root(previous)] if previous else [self._current]
        self._roots: Mapping[str, _Root] = {root.id: root for root in reversed(roots)}

    # -- encryption
    def encrypt(self, text: str, purpose: str) -> str:
        """A text token `a.<key id>.<base64url>`, another one every time."""
        nonce = os.urandom(NONCE)
        sealed = self._current.cipher(purpose).encrypt(nonce, text.encode(), self._bound(self._current, purpose))
        return f"{VERSION}.{self._current.id}.{_text(nonce + sealed)}"

    def decrypt(self, token: str, purpose: str) -> str:
        root, body = self._read(token)
        try:
            plain = root.cipher(purpose).decrypt(body[:NONCE], body[NONCE:], self._bound(root, purpose))
        except (InvalidTag, ValueError) as error:
            raise BadToken("token does not decrypt for this purpose") from error
        return plain.decode()

    def needs_renewal(self, token: str) -> bool:
        """It was made with the previous root: encrypt it anew before that root is given up."""
        return self._read(token)[0] is not self._current

    def _read(self, token: str) -> tuple[_Root, bytes]:
        version, _, rest = token.partition(".")
        key_id, _, body = rest.partition(".")
        root = self._roots.get(key_id)
        if version != VERSION or root is None:
            raise BadToken("token of an unknown key")
        return root, _bytes(body)

    @staticmethod
    def _bound(root: _Root, purpose: str) -> bytes:
        return f"{VERSION}.{root.id}.{purpose}".encode()

    # -- finding a number again
    def number_hash(self, e164: str) -> str:
        """64 hex digits for a normalised number; empty for a withheld one, which is like no other (S7)."""
        return _hash(self._current, e164)

    def number_hashes(self, e164: str) -> tuple[str, ...]:
        """Every hash under which the record may know the number while keys are rotated, the current one first."""
        others = (root for root in self._roots.values() if root is not self._current)
        return tuple(_hash(root, e164) for root in (self._current, *others)) if e164 else ()

    # -- keys for others
    def key_for(self, purpose: str, whom: str) -> bytes:
        """32 bytes that only this purpose and this person have; a new root gives new ones."""
        return self._current.subkey(f"{purpose}:{whom}")

    # -- signatures
    def sign(self, payload: bytes, purpose: str) -> str:
        """`<key id>.<base64url payload>.<base64url mac>`: readable by anyone, made by us alone."""
        head = f"{self._current.id}.{_text(payload)}"
        return f"{head}.{_text(_mac(self._current, 'sign:' + purpose, head.encode()))}"

    def verify(self, token: str, purpose: str) -> bytes:
        """The payload of a token of ours for this purpose, else `BadToken`; its age is for the payload to say."""
        head, _, mac = token.rpartition(".")
        key_id, _, payload = head.partition(".")
        root = self._roots.get(key_id)
        if root is None or not hmac.compare_digest(_mac(root, "sign:" + purpose, head.encode()), _bytes(mac)):
            raise BadToken("signature does not match")
        return _bytes(payload)


def _hash(root: _Root, e164: str) -> str:
    return _mac(root, "number hash", e164.encode()).hex() if e164 else ""


def _mac(root: _Root, purpose: str, message: bytes) -> bytes:
    return hmac.new(root.subkey(purpose), message, hashlib.sha256).digest()


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error) as error:
        raise BadToken("token is not base64url") from error
