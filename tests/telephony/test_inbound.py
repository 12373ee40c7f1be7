"""Requests are the carrier's, or nothing happens: signatures over forms and JSON, rotation, and no way to a 500."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from telephony.carrier import BadBody, BadSignature
from telephony.twilio import Inbound, Signed

PUBLIC = "https://line.example.org"
SECRET = "primary-secret"
INBOUND = Inbound(PUBLIC, [SECRET, "secondary-secret"])

# Surrogates cannot be sent as UTF-8; everything else can, blanks and NUL included.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
PAIRS = st.lists(st.tuples(TEXT, TEXT), max_size=12)


class _Multi(dict[str, list[str]]):
    """The shape that the official validator knows from Django."""

    def getlist(self, name: str) -> list[str]:
        return self[name]


def _multi(pairs: list[tuple[str, str]]) -> _Multi:
    values = _Multi()
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return values


def _read(
    body: bytes,
    *,
    path: str = "/twilio/hold",
    query: str = "",
    signature: str | None = None,
    kind: str = "application/x-www-form-urlencoded",
    inbound: Inbound = INBOUND,
    **headers: str,
) -> Signed:
    named = {"content-type": kind, **{name.replace("_", "-"): value for name, value in headers.items()}}
    if signature is not None:
        named["x-twilio-signature"] = signature
    return inbound.read(raw_path=path.encode(), raw_query=query.encode(), headers=named, body=body)


def _signed(pairs: list[tuple[str, str]], *, query: str = "", secret: str = SECRET, base: str = PUBLIC) -> str:
    url = f"{base}/twilio/hold" + (f"?{query}" if query else "")
    return RequestValidator(secret).compute_signature(url, _multi(pairs))


@given(PAIRS, st.lists(st.tuples(TEXT, TEXT), max_size=4))
def test_what_the_official_validator_signs_is_accepted_and_read(
    pairs: list[tuple[str, str]], query_pairs: list[tuple[str, str]]
) -> None:
    query = urlencode(query_pairs)
    signed = _read(urlencode(pairs).encode(), query=query, signature=_signed(pairs, query=query))
    assert {name: signed.form.getall(name) for name in signed.form} == dict(_multi(pairs))
    assert signed.query == dict(query_pairs)


@given(PAIRS.filter(bool), st.data())
def test_one_changed_value_is_refused(pairs: list[tuple[str, str]], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(pairs) - 1))
    changed = [*pairs]
    changed[index] = (pairs[index][0], pairs[index][1] + "x")
    with pytest.raises(BadSignature):
        _read(urlencode(changed).encode(), signature=_signed(pairs))


@given(
    st.binary(max_size=200), st.one_of(st.none(), st.text(max_size=40)), st.binary(max_size=60), st.text(max_size=30)
)
def test_no_bytes_whatever_crash_it(body: bytes, signature: str | None, query: bytes, kind: str) -> None:
    headers = {"content-type": kind} | ({} if signature is None else {"x-twilio-signature": signature})
    with pytest.raises((BadSignature, BadBody)):
        INBOUND.read(raw_path=b"/twilio/voice", raw_query=query, headers=headers, body=body)


@pytest.mark.parametrize("secret", [SECRET, "secondary-secret"])
def test_two_secrets_are_accepted_while_they_are_rotated(secret: str) -> None:
    assert _read(b"A=1", signature=_signed([("A", "1")], secret=secret)).form["A"] == "1"


@pytest.mark.parametrize("signature", [None, "", "x", "ünïcode", "A" * 28, base64.b64encode(b"0" * 20).decode()])
def test_a_missing_or_wrong_signature_is_refused(signature: str | None) -> None:
    with pytest.raises(BadSignature):
        _read(b"A=1", signature=signature)


def test_an_empty_secret_proves_nothing() -> None:
    unset = Inbound(PUBLIC, ["", ""])
    with pytest.raises(BadSignature):
        _read(b"A=1", signature=_signed([("A", "1")], secret=""), inbound=unset)


@pytest.mark.parametrize(
    ("public", "signed"),
    [
        ("https://line.example.org", "https://line.example.org:443"),
        ("https://line.example.org:443", "https://line.example.org"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        ("https://line.example.org/base/", "https://line.example.org/base"),
    ],
)
def test_the_port_may_be_signed_or_not(public: str, signed: str) -> None:
    signature = _signed([("A", "1")], base=signed)
    assert _read(b"A=1", signature=signature, inbound=Inbound(public, [SECRET])).form["A"] == "1"


@pytest.mark.parametrize(
    "base", ["http://line.example.org", "https://evil.example.org", "https://line.example.org:8443"]
)
def test_another_address_is_refused(base: str) -> None:
    with pytest.raises(BadSignature):
        _read(b"A=1", signature=_signed([("A", "1")], base=base), host="evil.example.org")


def test_the_query_is_signed_as_its_original_bytes() -> None:
    query = "call=c%31&x=%7e"
    signed = _read(b"", query=query, signature=_signed([], query=query))
    assert signed.query == {"call": "c1", "x": "~"}
    with pytest.raises(BadSignature):
        _read(b"", query="call=c1&x=~", signature=_signed([], query=query))


def test_json_is_signed_by_its_hash_in_the_url() -> None:
    body = json.dumps({"A": "ü", "n": 1}).encode()
    query = f"a=1&bodySHA256={hashlib.sha256(body).hexdigest()}"
    signed = _read(body, query=query, signature=_signed([], query=query), kind="application/json; charset=utf-8")
    assert dict(signed.form) == {"A": "ü", "n": "1"}


@pytest.mark.parametrize("query", ["", "bodySHA256=", "bodySHA256=" + "0" * 64, "bodySHA256=ü"])
def test_json_without_its_hash_is_refused(query: str) -> None:
    with pytest.raises(BadSignature):
        _read(b"{}", query=query, signature=_signed([], query=query), kind="application/json")


@pytest.mark.parametrize("body", [b"[]", b"1", b"null", b"{", b"\xff", b"[" * 100_000])
def test_signed_json_that_is_no_object_is_a_bad_body(body: bytes) -> None:
    query = f"bodySHA256={hashlib.sha256(body).hexdigest()}"
    with pytest.raises(BadBody):
        _read(body, query=query, signature=_signed([], query=query), kind="application/json")


@pytest.mark.parametrize("body", [b"A=\xff", b"A=%ff%fe", b"A=1&" * 1000, b"A=" + b"x" * 300_000])
def test_a_malformed_form_is_a_bad_body(body: bytes) -> None:
    with pytest.raises(BadBody):
        _read(body, signature="whatever")


def _sha256(secret: str, text: str) -> str:
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()).decode()


def test_a_shared_key_signs_with_sha256() -> None:
    signature = _sha256("secondary-secret", f"{PUBLIC}/twilio/holdA1")
    settings = {"x_twilio_webhooks_signature_settings": "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"}
    assert _read(b"A=1", signature=signature, **settings).form["A"] == "1"
    with pytest.raises(BadSignature):
        _read(b"A=1", signature=signature)


@pytest.mark.parametrize("algorithm", ["none", "HMAC_MD5", "ü"])
def test_an_unknown_algorithm_is_refused(algorithm: str) -> None:
    settings = {"x_twilio_webhooks_signature_settings": f"algorithm={algorithm}"}
    with pytest.raises(BadSignature):
        _read(b"A=1", signature=_signed([("A", "1")]), **settings)


def test_retries_of_one_request_carry_their_token() -> None:
    signed = _read(b"", signature=_signed([]), i_twilio_idempotency_token="t-1")
    assert signed.idempotency_token == "t-1"
