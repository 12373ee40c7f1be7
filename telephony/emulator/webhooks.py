"""Webhooks over real HTTP: documents asked for, callbacks posted, overrides and faults obeyed."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urljoin, urlsplit

import aiohttp
from yarl import URL

from telephony.emulator.faults import Fate
from telephony.emulator.legs import Callback
from telephony.emulator.overrides import BadOverride, Overrides, split
from telephony.emulator.sign import signature
from telephony.emulator.waits import within

if TYPE_CHECKING:
    from telephony.emulator.network import Network

#: Seconds (real) an idle connection is kept: less than the five after which common servers close theirs.
IDLE_S = 2.0
#: HTTP redirects followed before the carrier gives up (11215).
MAX_HOPS = 10
#: Seconds of domain time a reordered callback waits to be overtaken.
OVERTAKEN_WITHIN_S = 5.0


class FetchFailed(Exception):
    """A request without a usable answer: the carrier's error code, and the class of failure that `rp` names."""

    def __init__(self, code: int, url: str, why: str = "") -> None:
        super().__init__(f"{code} {why}")
        self.code = code
        self.url = url
        self.why = why


@dataclass(frozen=True)
class Answer:
    """A 2xx answer. `url` is where it came from in the end."""

    url: str
    status: int
    content_type: str
    body: bytes


@dataclass
class Posted:
    """A callback on its way. `done`: answered, failed, lost, or held back so that nobody waits for it."""

    done: asyncio.Event = field(default_factory=asyncio.Event)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    """It is not sent before this is set."""
    overtaken: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True)
class _Request:
    url: str
    method: str
    form: Mapping[str, str]
    kind: str
    sid: str
    room: str
    token: str
    cookies: MutableMapping[str, str]


class Webhooks:
    """The carrier's HTTP client."""

    def __init__(self, net: Network) -> None:
        self._net = net
        self._session: aiohttp.ClientSession | None = None
        self._tails: dict[str, Posted] = {}

    async def aclose(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    # ------------------------------------------------------------ documents

    async def fetch(
        self,
        url: str,
        method: str,
        form: Mapping[str, str],
        *,
        kind: str,
        sid: str = "",
        room: str = "",
        cookies: MutableMapping[str, str] | None = None,
    ) -> Answer:
        """Ask for a document (or medium), retrying as the URL's overrides say; the clock stands still meanwhile."""
        with self._net.clock.busy():
            plain, overrides = self._split(url)
            request = _Request(plain, method, form, kind, sid, room, self._token(), {} if cookies is None else cookies)
            if self._net.faults.fate("document", kind, self._net.rng).duplicate:
                self._note("webhook.duplicated", request)
                self._net.spawn(self._ignored(request, overrides))
            return await self._tried(request, overrides)

    async def _ignored(self, request: _Request, overrides: Overrides) -> None:
        with self._net.clock.busy():
            try:
                await self._tried(request, overrides)
            except FetchFailed:
                return

    def _split(self, url: str) -> tuple[str, Overrides]:
        try:
            plain, overrides = split(url)
        except BadOverride as bad:
            raise FetchFailed(11243, url, str(bad)) from None
        parts = urlsplit(plain)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise FetchFailed(11100, url, "not an absolute http URL")
        return plain, overrides

    def _token(self) -> str:
        return str(uuid.UUID(int=self._net.rng.getrandbits(128), version=4))

    async def _tried(self, request: _Request, overrides: Overrides) -> Answer:
        deadline = time.monotonic() + overrides.total_ms / 1000
        for attempt in range(overrides.retries + 1):
            try:
                return await self._attempt(request, overrides, deadline)
            except FetchFailed as failure:
                self._note("webhook.failed", request, code=failure.code, why=failure.why, attempt=attempt)
                last = attempt == overrides.retries or time.monotonic() >= deadline
                if last or not overrides.retry_after(failure.why):
                    raise
        raise AssertionError("unreachable")

    async def _attempt(self, request: _Request, overrides: Overrides, deadline: float) -> Answer:
        if not self._net.assumptions.retry_overlaps:
            return await self._send(request, overrides, deadline, overrides.read_ms / 1000)
        # The first request is left running: its answer, should it come, is of no use to anybody.
        sending = self._net.spawn(self._quietly(self._send(request, overrides, deadline, None)))
        await asyncio.wait({sending}, timeout=overrides.read_ms / 1000)
        if not sending.done():
            raise FetchFailed(11200, request.url, "rt")
        result = sending.result()
        if isinstance(result, FetchFailed):
            raise result
        return result

    async def _quietly(self, sending: asyncio.Future[Answer] | object) -> Answer | FetchFailed:
        with self._net.clock.busy():
            try:
                return await sending  # type: ignore[misc]
            except FetchFailed as failure:
                return failure

    # ------------------------------------------------------------ one request

    async def _send(self, request: _Request, overrides: Overrides, deadline: float, read_s: float | None) -> Answer:
        timeout = aiohttp.ClientTimeout(
            total=max(0.01, deadline - time.monotonic()), sock_connect=overrides.connect_ms / 1000, sock_read=read_s
        )
        url, method, form = request.url, request.method, dict(request.form)
        for _ in range(MAX_HOPS + 1):
            self._note("webhook.sent", request)
            status, headers, body = await self._exchange(request, url, method, form, timeout)
            if status not in (301, 302, 303, 307, 308):
                return self._judged(request, url, status, headers, body)
            url = urljoin(url, headers.get("Location", ""))
            if status in (301, 302, 303) and method == "POST":
                # A callback loses its parameters here (16010); a document request carries them in the query.
                method = "GET"
                if request.kind in ("status", "conference"):
                    self._note("webhook.warning", request, code=16010)
                    form = {}
        raise FetchFailed(11215, request.url, "redirects")

    async def _exchange(
        self, request: _Request, url: str, method: str, form: Mapping[str, str], timeout: aiohttp.ClientTimeout
    ) -> tuple[int, Mapping[str, str], bytes]:
        body = None
        if method == "GET":
            query = urlencode(form)
            url = f"{url}{'&' if '?' in url else '?'}{query}" if query else url
            form = {}
        else:
            body = urlencode(form).encode()
        headers = self._headers(request, url, form, body is not None)
        try:
            async with self._client().request(
                method, URL(url, encoded=True), data=body, headers=headers, timeout=timeout, allow_redirects=False
            ) as response:
                for name, morsel in response.cookies.items():
                    request.cookies[name] = morsel.value
                return response.status, response.headers, await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise _failure(error, request.url) from None

    def _headers(self, request: _Request, url: str, form: Mapping[str, str], has_body: bool) -> dict[str, str]:
        headers = {
            "User-Agent": "TwilioProxy/1.1",
            "Accept": "*/*",
            "X-Twilio-Signature": signature(self._net.auth_token, url, form),
            "I-Twilio-Idempotency-Token": request.token,
        }
        if has_body:
            headers["Content-Type"] = "application/x-www-form-urlencoded; charset=UTF-8"
        if request.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in request.cookies.items())
        return headers

    def _judged(self, request: _Request, url: str, status: int, headers: Mapping[str, str], body: bytes) -> Answer:
        if status >= 400:
            raise FetchFailed(11200, request.url, f"{status // 100}xx")
        self._note("webhook.answered", request, status=status)
        return Answer(url, status, headers.get("Content-Type", ""), body)

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_S),
                cookie_jar=aiohttp.DummyCookieJar(),
                skip_auto_headers={"Content-Type"},
            )
        return self._session

    # ------------------------------------------------------------ callbacks

    def post(
        self,
        source: str,
        kind: str,
        event: str,
        callback: Callback,
        form: Mapping[str, str],
        *,
        sid: str = "",
        room: str = "",
        gated: bool = False,
    ) -> Posted:
        """Send a callback, after the earlier ones of its source; `gated`: not before its gate is opened."""
        posted = Posted()
        if not gated:
            posted.gate.set()
        earlier, self._tails[source] = self._tails.get(source), posted
        fate = self._net.faults.fate(kind, event, self._net.rng)
        request = _Request(callback.url, callback.method, form, kind, sid, room, self._token(), {})
        self._net.spawn(self._deliver(posted, earlier, fate, request, event))
        return posted

    async def _deliver(self, posted: Posted, earlier: Posted | None, fate: Fate, request: _Request, event: str) -> None:
        try:
            if fate.drop:
                self._note("webhook.dropped", request, event=event)
                return
            if earlier is not None:
                await earlier.done.wait()
            await posted.gate.wait()
            await self._held_back(posted, fate, request, event)
            for copy in range(2 if fate.duplicate else 1):
                if copy:
                    self._note("webhook.duplicated", request, event=event)
                await self._told(request)
        finally:
            posted.done.set()
            if earlier is not None:
                earlier.overtaken.set()

    async def _held_back(self, posted: Posted, fate: Fate, request: _Request, event: str) -> None:
        if fate.delay_s or fate.reorder:
            self._note("webhook.delayed", request, event=event, seconds=fate.delay_s, reorder=fate.reorder)
            posted.done.set()
        if fate.reorder:
            await within(self._net.clock, OVERTAKEN_WITHIN_S, posted.overtaken.wait())
        if fate.delay_s:
            await self._net.clock.sleep(fate.delay_s)

    async def _told(self, request: _Request) -> None:
        with self._net.clock.busy():
            try:
                plain, overrides = self._split(request.url)
                plainly = _Request(
                    plain, request.method, request.form, request.kind, request.sid, request.room, request.token, {}
                )
                await self._tried(plainly, overrides)
            except FetchFailed as failure:
                self._note("webhook.failed", request, code=15003, why=failure.why, status_code=failure.code)

    def _note(self, what: str, request: _Request, **data: object) -> None:
        event = request.form.get("StatusCallbackEvent") or request.form.get("CallStatus", "")
        facts = {"path": urlsplit(request.url).path, "kind": request.kind, "event": event, **data}
        self._net.ledger.add(what, request.sid, request.room, **facts)


def _failure(error: Exception, url: str) -> FetchFailed:
    """Which of the carrier's codes and which retry class an I/O error is."""
    if isinstance(error, aiohttp.InvalidURL | ValueError):
        return FetchFailed(11100, url, "url")
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return FetchFailed(11210, url, "ct")
    if isinstance(error, aiohttp.ClientSSLError):
        return FetchFailed(11220, url, "ct")
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return FetchFailed(11205, url, "ct")
    return FetchFailed(11200, url, "rt")
