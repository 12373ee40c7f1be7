"""Basic authentication: the account SID with its auth token, or an API key's SID with its secret."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping

from telephony.emulator import rest_errors as errors
from telephony.emulator.rest_errors import refuse


def check(header: str | None, credentials: Mapping[str, str]) -> None:
    """Refuse a request whose `Authorization` header is none of the known pairs of user name and password."""
    user, password = _pair(header)
    expected = credentials.get(user, "") if user else ""
    if not expected or not hmac.compare_digest(expected.encode(), password.encode()):
        raise refuse(errors.NOT_AUTHENTICATED)


def _pair(header: str | None) -> tuple[str, str]:
    scheme, _, encoded = (header or "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(encoded.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, password
