"""`hotline check`: what is missing or wrong, before callers find out."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import httpx
from redis.asyncio.sentinel import MasterNotFoundError
from redis.exceptions import AuthenticationError, BusyLoadingError, NoPermissionError, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError
from sqlalchemy.exc import SQLAlchemyError
from twilio.request_validator import RequestValidator

from app import lines as lines_data
from app.commands.provision import open_account, own_numbers
from app.commands.stores import reachable
from app.embedded import EmbeddedError
from app.lines import Lines
from app.links import Links
from app.records import migrate
from app.secrets import Secrets
from app.settings import Settings, wrong_number
from routing.board.address import BadAddress, client
from telephony.carrier import CarrierError
from telephony.twiml_check import url as is_carrier_url

TIMEOUT_S = 5.0
"""Seconds for one question to a store, to ourselves or to the fallback's host."""


@dataclass(frozen=True)
class Finding:
    ok: bool
    subject: str
    text: str


async def check(settings: Settings) -> list[Finding]:
    """Every finding, good and bad, in the order in which a hotline is set up."""
    findings = [*_settings(settings)]
    try:
        lines = lines_data.load(settings, Secrets(settings))
    except (ValueError, OSError) as error:
        return [*findings, Finding(False, "secret key and lines", str(error))]
    findings += [*await _stores(settings), await _round_trip(settings)]
    return findings + [finding async for finding in _carrier(settings, lines)]


def _settings(settings: Settings) -> list[Finding]:
    public = settings.public_url
    account = settings.twilio_account_sid and settings.twilio_auth_token.get_secret_value()
    softphones = settings.twilio_api_key and settings.twilio_api_secret.get_secret_value() and settings.twilio_app_sid
    return [
        _finding(is_carrier_url(public), "public address", public, "must be https (plain http only on loopback)"),
        _finding(account, "carrier account", "set", "HOTLINE_TWILIO_ACCOUNT_SID and _AUTH_TOKEN are needed"),
        _finding(softphones, "softphones", "set", "HOTLINE_TWILIO_API_KEY, _API_SECRET and _APP_SID are needed"),
        _numbers("backup line", settings.backup_numbers, "HOTLINE_BACKUP_NUMBERS: nobody answers when we cannot"),
        _numbers("emergency caller ID", [settings.emergency_caller_id], "HOTLINE_EMERGENCY_CALLER_ID is needed (C2)"),
        *(Finding(False, "numbers and lines", problem) for problem in lines_data.problems(settings)),
    ]


def _finding(ok: object, subject: str, good: str, bad: str) -> Finding:
    return Finding(bool(ok), subject, good if ok else bad)


def _numbers(subject: str, numbers: list[str], missing: str) -> Finding:
    if not any(numbers):
        return Finding(False, subject, missing)
    wrong = [text for text in map(wrong_number, numbers) if text]
    return _finding(not wrong, subject, f"{len(numbers)} set", "; ".join(wrong))


async def _stores(settings: Settings) -> list[Finding]:
    try:
        async with reachable(settings) as usable:
            return [await _postgres(usable.database_url), await _redis(usable)]
    except EmbeddedError as error:
        return [Finding(False, "embedded stores", str(error))]


async def _postgres(url: str) -> Finding:
    try:
        async with asyncio.timeout(TIMEOUT_S):
            current = await migrate.is_current(url)
    except (SQLAlchemyError, OSError, TimeoutError) as error:
        return Finding(False, "PostgreSQL", f"not reachable ({type(error).__name__})")
    return _finding(current, "PostgreSQL", "reachable, schema up to date", "the schema is old: hotline migrate")


UNREACHABLE: Sequence[tuple[type[Exception], str]] = (
    (AuthenticationError, "it wants another user or password than HOTLINE_REDIS_URL has"),
    (NoPermissionError, "the user of HOTLINE_REDIS_URL may not ask it"),
    (MasterNotFoundError, "no sentinel answers, or none knows a primary of that service"),
    (BusyLoadingError, "it is still loading its data; try again"),
    (RedisTimeoutError, "nothing answers at that address in time"),
    (RedisConnectionError, "nobody is there, or no cluster node owns this hotline's keys; look at host and port"),
)
"""The first that fits speaks."""


async def _redis(settings: Settings) -> Finding:
    """Asked as the board asks it: the server that holds this hotline's keys, wherever the URL leads."""
    try:
        redis = client(settings.redis_url, f"{{hl:{settings.name}}}", connections=1, socket_s=TIMEOUT_S)
    except BadAddress as error:
        return Finding(False, "Redis", f"HOTLINE_REDIS_URL: {error}")
    try:
        info = await redis.info("everything")
    except (RedisError, OSError) as error:
        return Finding(False, "Redis", _unreachable(error))
    finally:
        await redis.aclose()
    return _judged(info)


def _unreachable(error: Exception) -> str:
    """What to look at, by what was met; the error's own text may hold addresses and is left out."""
    for kind, words in UNREACHABLE:
        if isinstance(error, kind):
            return f"not reachable: {words}"
    return f"not reachable ({type(error).__name__})"


def _judged(info: Mapping[str, Any]) -> Finding:
    policy = info.get("maxmemory_policy")
    if policy != "noeviction":
        words = f"evicts ({policy}): callers could be forgotten; set maxmemory-policy noeviction"
        return Finding(False, "Redis", words)
    if info.get("role") != "master":
        return Finding(False, "Redis", "is a replica and takes no change: HOTLINE_REDIS_URL must lead to the primary")
    return _finding(info.get("aof_enabled"), "Redis", "reachable, keeps everything", "has no AOF: set appendonly yes")


async def _round_trip(settings: Settings) -> Finding:
    """A signed request through the public address is ours to answer, and a wrongly signed one is refused."""
    url = Links(settings.public_url.rstrip("/")).say("goodbye", "", "en")
    form = {"CallSid": "CA" + "0" * 32}  # nobody's leg: words are said to whoever asks
    signature = RequestValidator(settings.twilio_auth_token.get_secret_value()).compute_signature(url, form)
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client:
            good = await client.post(url, data=form, headers={"x-twilio-signature": signature})
            bad = await client.post(url, data=form, headers={"x-twilio-signature": "wrong"})
    except httpx.HTTPError as error:
        return Finding(False, "signed request through the public address", f"no answer ({type(error).__name__})")
    answered = f"answered {good.status_code}, wrongly signed {bad.status_code}"
    hint = f"{answered}; the proxy must pass path and query unchanged, and the token must be the account's"
    return _finding(
        good.status_code == 200 and bad.status_code == 403, "signed request through the public address", answered, hint
    )


async def _carrier(settings: Settings, lines: Lines) -> AsyncIterator[Finding]:
    """Each line's number points here and has a fallback that is not ours (H5)."""
    links, account = Links(settings.public_url.rstrip("/")), open_account(settings)
    try:
        for number in own_numbers(settings, lines):
            pointed = await account.number(number)
            if pointed is None:
                yield Finding(False, number, "is not the account's")
                continue
            yield _finding(pointed.voice_url == links.voice(), number, "is answered here", "run hotline provision")
            yield await _fallback(number, pointed.fallback_url, settings)
        yield await _fallback("callers whom we have moved (HOTLINE_FALLBACK_URL)", settings.fallback_url, settings)
    except CarrierError as error:
        yield Finding(False, "carrier", str(error))
    finally:
        await account.aclose()


async def _fallback(whose: str, url: str, settings: Settings) -> Finding:
    subject = f"{whose}, when all of ours is down"
    if not url or urlsplit(url).hostname == urlsplit(settings.public_url).hostname:
        return Finding(False, subject, "no fallback on other infrastructure: hotline provision --fallback-url")
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False, follow_redirects=True) as client:
            document = ElementTree.fromstring((await client.post(url)).content)
    except (httpx.HTTPError, ElementTree.ParseError) as error:
        return Finding(False, subject, f"its document cannot be fetched or read ({type(error).__name__})")
    dialled = [(found.text or "").strip() for found in document.iter("Number")]
    back = document[-1].tag == "Redirect" and (document[-1].text or "").startswith(settings.public_url)
    return _finding(
        dialled == settings.backup_numbers and back,
        subject,
        "rings the backup line and comes back",
        "its document is not the one that hotline provision prints",
    )
