"""The carrier's signature over a webhook, written from its documentation and not from anybody's validator."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Mapping


def signature(auth_token: str, url: str, form: Mapping[str, str]) -> str:
    """Sign a request: base64 of HMAC-SHA1 over the URL (no fragment) and each form field's name and value, by name."""
    text = url.partition("#")[0] + "".join(name + form[name] for name in sorted(form, key=lambda n: n.encode()))
    return base64.b64encode(hmac.digest(auth_token.encode(), text.encode(), "sha1")).decode()
