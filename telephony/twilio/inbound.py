"""Is this request the carrier's, and what does its body say? Nothing else is read before that is known."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# (the official package has no types)

from __future__ import annotations

import hmac
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, cast
from urllib.parse import parse_qsl, urlsplit

from twilio.request_validator import RequestValidator, get_signature_algorithm

from telephony.carrier import BadBody, BadSignature

BODY_MAX = 256 * 1024
"""Bytes; the carrier's own forms stay under 8 kB."""
FIELDS_MAX = 500
"""Fields of one body; the carrier sends some 40."""
DEFAULT_PORTS = {"https": 443, "http": 80}


class Form(Mapping[str, str]):
    """The fields of a body: one value a name (the first), all of them by `getall`."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def __getitem__(self, name: str) -> str:
        return self._values[name][0]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def getall(self, name: str) -> list[str]:
        """Every value of a name; what the official validator asks of a form."""
        return self._values[name]


@dataclass(frozen=True)
class Signed:
    """A request proven to be the carrier's."""

    form: Form
    query: Mapping[str, str]
    """Our own parameters."""
    idempotency_token: str | None
    """The same on every retry of one request."""


class Inbound:
    """Checks requests against the configured public address and up to two secrets (rotation).

    The signed URL is public base + raw path + raw query: what a Host header or a proxy says is never believed.
    """

    def __init__(self, public_url: str, secrets: Sequence[str]) -> None:
        self._bases = _with_and_without_port(public_url.rstrip("/"))
        self._validators = [RequestValidator(secret) for secret in secrets if secret]

    def read(self, *, raw_path: bytes, raw_query: bytes, headers: Mapping[str, str], body: bytes) -> Signed:
        """The request's fields; `BadSignature` or `BadBody`. `headers` is asked by lower-case name."""
        if len(body) > BODY_MAX:
            raise BadBody("too long")
        target = _target(raw_path, raw_query)
        query = dict(_pairs(raw_query, "query"))
        is_json = headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"
        if is_json and not hmac.compare_digest(sha256(body).hexdigest().encode(), query.get("bodySHA256", "").encode()):
            raise BadSignature
        form = Form([] if is_json else _pairs(body, "body"))
        self._check(target, form, headers)
        return Signed(_json_form(body) if is_json else form, query, headers.get("i-twilio-idempotency-token"))

    def _check(self, target: str, form: Form, headers: Mapping[str, str]) -> None:
        given = headers.get("x-twilio-signature", "").encode()
        algorithm = get_signature_algorithm(headers.get("x-twilio-webhooks-signature-settings"))
        if not given or algorithm.upper() not in ("HMAC_SHA1", "HMAC_SHA256"):
            raise BadSignature
        for validator in self._validators:
            for base in self._bases:
                try:
                    expected = validator.compute_signature(base + target, form, algorithm)
                except UnicodeEncodeError:
                    raise BadBody("not Unicode") from None
                if hmac.compare_digest(expected.encode(), given):
                    return
        raise BadSignature


def _with_and_without_port(base: str) -> list[str]:
    """The carrier signs sometimes with the default port and sometimes without."""
    parts = urlsplit(base)
    host = parts.netloc.rpartition(":")[0] if parts.port else parts.netloc
    port = parts.port or DEFAULT_PORTS.get(parts.scheme, 0)
    variants = [base, parts._replace(netloc=f"{host}:{port}").geturl(), parts._replace(netloc=host).geturl()]
    return list(dict.fromkeys(variants))


def _target(raw_path: bytes, raw_query: bytes) -> str:
    try:
        return (raw_path + (b"?" + raw_query if raw_query else b"")).decode("ascii")
    except UnicodeDecodeError:
        raise BadSignature from None  # the carrier percent-encodes


def _pairs(encoded: bytes, what: str) -> list[tuple[str, str]]:
    try:
        return parse_qsl(encoded.decode(), keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX)
    except ValueError:  # UnicodeDecodeError is one
        raise BadBody(f"{what} is not a form") from None


def _json_form(body: bytes) -> Form:
    try:
        content: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise BadBody("not JSON") from None
    if not isinstance(content, dict):
        raise BadBody("not a JSON object")
    fields = cast("dict[str, Any]", content)
    return Form([(name, value if isinstance(value, str) else json.dumps(value)) for name, value in fields.items()])
