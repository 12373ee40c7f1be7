"""The `Carrier` protocol on Twilio's REST API, by the official package."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# (the official package has no types)

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx
from twilio.base import values
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http.response import Response
from twilio.jwt.access_token import AccessToken
from twilio.jwt.access_token.grants import VoiceGrant
from twilio.rest import Client

from telephony.carrier import FINAL_STATUSES, CarrierAway, CarrierRefused, LegInfo, ParticipantInfo, RoomInfo
from telephony.clock import Clock, RealClock
from telephony.numbers import check_diallable
from telephony.twilio.limits import OneAtATime
from telephony.twilio.transport import Transport
from telephony.twilio.write import LEG_EVENTS, ROOM_EVENTS

TIMEOUT_S = 5.0
"""Seconds for one request."""
LIVE_AT_ONCE = 16
"""Requests about live calls in flight; the carrier refuses some hundreds (20429)."""
LISTS_AT_ONCE = 3
"""Requests of the reconciler in flight, in a pool of its own so that live moves never wait for it (R1)."""
BUSY_WAITS_S = (0.25, 0.5, 1.0)
"""Seconds before each repetition after a 429, which is documented as never processed."""
PAGE = 1000
"""Entries of a list's page, the carrier's maximum."""
NOT_IN_PROGRESS = 21220
LIVE = ("queued", "ringing", "in-progress")
ENDED_MAX = 5_000
"""Legs that have ended, looked through at most: five pages, a busy day."""

_PATH_PART = re.compile(r"[A-Za-z0-9_\-]{1,128}")
_IDENTITY = re.compile(r"[A-Za-z0-9_]{1,121}")

T = TypeVar("T")


class TwilioCarrier:
    """One account. Every method raises `CarrierAway` or `CarrierRefused`, whose texts carry no number and no name."""

    def __init__(
        self,
        *,
        account_sid: str,
        auth_token: str = "",
        api_key: str = "",
        api_secret: str = "",
        app_sid: str = "",
        api_url: str = "",
        room_callback: str = "",
        clock: Clock | None = None,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """`room_callback`: where a room that a created leg opens reports to (L4). `api_url`: the emulator's address."""
        self._account_sid, self._api_key, self._api_secret, self._app_sid = account_sid, api_key, api_secret, app_sid
        self._room_callback = room_callback
        self._clock = clock or RealClock()
        self._transport = Transport(timeout_s, LIVE_AT_ONCE + LISTS_AT_ONCE + 1)
        self._client = Client(
            api_key or account_sid,
            api_secret if api_key else auth_token,
            account_sid,
            http_client=self._transport,
            environment={"TWILIO": "configured by arguments"},  # an empty one would be replaced by os.environ
        )
        if api_url:
            self._client.api.base_url = api_url.rstrip("/")
        self._live = asyncio.Semaphore(LIVE_AT_ONCE)
        self._lists = asyncio.Semaphore(LISTS_AT_ONCE)
        self._creates = OneAtATime()

    # ------------------------------------------------------------ legs

    async def move(self, sid: str, url: str, fallback_url: str) -> None:
        leg = self._client.calls(_part(sid))
        await self._ask(
            lambda: leg.update_async(url=url, method="POST", fallback_url=fallback_url, fallback_method="POST")
        )

    async def complete(self, sid: str) -> None:
        leg = self._client.calls(_part(sid))
        await self._unless_over(lambda: leg.update_async(status="completed"))

    async def dial_into_room(
        self,
        room: str,
        *,
        to: str,
        from_: str,
        label: str,
        callback: str,
        timeout: int,
        emergency: bool,
        start: bool = True,
    ) -> str:
        number = check_diallable(to)  # C7: here, whoever asks
        participants, label = self._client.conferences(_part(room)).participants, _part(label)
        async with self._creates.hold(first=emergency):
            leg = await self._ask(
                lambda: participants.create_async(
                    from_=from_,
                    to=number,
                    label=label,
                    timeout=timeout,
                    status_callback=callback,
                    status_callback_method="POST",
                    status_callback_event=LEG_EVENTS.split(),
                    beep="false",
                    early_media=True,
                    start_conference_on_enter=start,
                    end_conference_on_exit=False,
                    wait_url="",
                    conference_status_callback=self._room_callback or values.unset,
                    conference_status_callback_method="POST" if self._room_callback else values.unset,
                    conference_status_callback_event=ROOM_EVENTS.split() if self._room_callback else values.unset,
                ),
                create=True,
            )
        return str(leg.call_sid)

    async def ring(self, *, to: str, from_: str, url: str, callback: str, timeout: int) -> str:
        number = check_diallable(to)  # C7: here, whoever asks
        async with self._creates.hold(first=False):
            leg = await self._ask(
                lambda: self._client.calls.create_async(
                    to=number,
                    from_=from_,
                    url=url,
                    method="POST",
                    fallback_url=url,
                    fallback_method="POST",
                    timeout=timeout,
                    status_callback=callback,
                    status_callback_method="POST",
                    status_callback_event=LEG_EVENTS.split(),
                ),
                create=True,
            )
        return str(leg.sid)

    async def leg(self, sid: str) -> LegInfo | None:
        leg = self._client.calls(_part(sid))
        found = await self._if_known(lambda: leg.fetch_async(), self._live)
        return _leg_info(found) if found else None

    async def live_legs(self) -> Sequence[LegInfo]:
        pages = await asyncio.gather(
            *(self._list(lambda s=s: self._client.calls.list_async(status=s, page_size=PAGE)) for s in LIVE)
        )
        return list({leg.sid: _leg_info(leg) for page in pages for leg in page}.values())

    async def ended_legs(self, since: float) -> Sequence[LegInfo]:
        day = datetime.fromtimestamp(since, UTC)  # the carrier may look at the date alone
        found = await self._list(
            lambda: self._client.calls.list_async(end_time_after=day, limit=ENDED_MAX, page_size=PAGE)
        )
        legs = map(_leg_info, found)
        return [leg for leg in legs if leg.status in FINAL_STATUSES and leg.ended_at and leg.ended_at >= since]

    async def children(self, sid: str) -> Sequence[LegInfo]:
        return [
            _leg_info(leg)
            for leg in await self._list(
                lambda: self._client.calls.list_async(parent_call_sid=_part(sid), limit=PAGE, page_size=PAGE)
            )
        ]

    # ------------------------------------------------------------ rooms

    async def announce(self, room_sid: str, url: str) -> None:
        room = self._client.conferences(_part(room_sid))
        await self._ask(lambda: room.update_async(announce_url=url, announce_method="POST"))

    async def update_participant(
        self,
        room_sid: str,
        sid_or_label: str,
        *,
        muted: bool | None = None,
        hold: bool | None = None,
        hold_url: str | None = None,
        announce_url: str | None = None,
        coaching: bool | None = None,
        coach_sid: str | None = None,
    ) -> None:
        changes: dict[str, Any] = {"muted": muted, "hold": hold, "hold_url": hold_url, "announce_url": announce_url}
        changes |= {"coaching": coaching, "call_sid_to_coach": coach_sid}
        changes = {name: value for name, value in changes.items() if value is not None}
        changes |= {name.replace("url", "method"): "POST" for name in changes if name.endswith("_url")}
        who = self._client.conferences(_part(room_sid)).participants(_part(sid_or_label))
        await self._ask(lambda: who.update_async(**changes))

    async def remove_participant(self, room_sid: str, sid_or_label: str) -> None:
        who = self._client.conferences(_part(room_sid)).participants(_part(sid_or_label))
        await self._unless_over(lambda: who.delete_async())

    async def end_room(self, room_sid: str) -> None:
        room = self._client.conferences(_part(room_sid))
        await self._unless_over(lambda: room.update_async(status="completed"))

    async def find_room(self, name: str) -> RoomInfo | None:
        _part(name)
        found = await self._ask(
            lambda: self._client.conferences.list_async(friendly_name=name, status="in-progress", limit=5)
        )
        return _room_info(found[0]) if found else None

    async def live_rooms(self) -> Sequence[RoomInfo]:
        rooms = await self._list(lambda: self._client.conferences.list_async(status="in-progress", page_size=PAGE))
        return [_room_info(room) for room in rooms]

    async def participants(self, room_sid: str) -> Sequence[ParticipantInfo]:
        room = self._client.conferences(_part(room_sid))
        people = await self._if_known(lambda: room.participants.list_async(page_size=PAGE), self._lists)
        return [
            ParticipantInfo(
                str(p.call_sid),
                p.label or None,
                muted=bool(p.muted),
                hold=bool(p.hold),
                status=str(p.status),
                created_at=_seconds(p.date_created),
                coaching=bool(p.coaching),
            )
            for p in people or ()
        ]

    # ------------------------------------------------------------ softphones

    def softphone_token(self, identity: str, ttl_s: int) -> str:
        if not _IDENTITY.fullmatch(identity):
            raise ValueError("identity")
        now = int(self._clock.now())
        token = AccessToken(
            self._account_sid, self._api_key, self._api_secret, identity=identity, nbf=now, valid_until=now + ttl_s
        )
        token.add_grant(VoiceGrant(incoming_allow=False, outgoing_application_sid=self._app_sid))
        return str(token.to_jwt())

    async def aclose(self) -> None:
        await self._transport.aclose()

    # ------------------------------------------------------------ asking

    async def _list(self, send: Callable[[], Awaitable[T]]) -> T:
        return await self._ask(send, pool=self._lists)

    async def _if_known(self, send: Callable[[], Awaitable[T]], pool: asyncio.Semaphore) -> T | None:
        try:
            return await self._ask(send, pool=pool)
        except CarrierRefused as refusal:
            if refusal.status == 404:
                return None
            raise

    async def _unless_over(self, send: Callable[[], Awaitable[object]]) -> None:
        """What is over already is as wanted."""
        try:
            await self._ask(send)
        except CarrierRefused as refusal:
            if refusal.code != NOT_IN_PROGRESS and refusal.status != 404:
                raise

    async def _ask(
        self, send: Callable[[], Awaitable[T]], *, create: bool = False, pool: asyncio.Semaphore | None = None
    ) -> T:
        """Send, and send again only where that is safe: after a 429, and once after a connection failure, of a create
        only when it never left."""
        waits = list(BUSY_WAITS_S)
        again = True
        async with pool or self._live:
            while True:
                try:
                    with self._clock.busy():
                        return await send()
                except (httpx.ConnectError, httpx.ConnectTimeout):
                    may_repeat = again
                except (httpx.NetworkError, httpx.RemoteProtocolError):
                    may_repeat = again and not create
                except TwilioException as refusal:
                    status, code = _status_and_code(refusal)
                    if status != 429:
                        raise _error(status, code) from None
                    if not waits:
                        raise CarrierAway("too many requests") from None
                    await asyncio.sleep(waits.pop(0))
                    continue
                except (httpx.HTTPError, TimeoutError):
                    raise CarrierAway("no answer in time") from None
                except (ValueError, KeyError, TypeError, AttributeError) as error:
                    raise CarrierAway(f"an answer that cannot be read: {type(error).__name__}") from None
                if not may_repeat:
                    raise CarrierAway("no connection")
                again = False


def _status_and_code(refusal: TwilioException) -> tuple[int, int]:
    """What the package's exceptions have in common. A failed list is a bare one that holds the response."""
    if isinstance(refusal, TwilioRestException | TwilioServiceException):
        return refusal.status, refusal.code or 0
    response = refusal.args[1] if len(refusal.args) > 1 else None
    if not isinstance(response, Response):
        return 0, 0
    try:
        return response.status_code, int(json.loads(response.text)["code"])
    except (ValueError, KeyError, TypeError):
        return response.status_code, 0


def _error(status: int, code: int) -> CarrierAway | CarrierRefused:
    return CarrierRefused(code, status) if 400 <= status < 500 else CarrierAway(f"HTTP {status}")


def _part(text: str) -> str:
    """A part of a path: the package does not encode it, so a stray slash would address something else."""
    if not _PATH_PART.fullmatch(text):
        raise ValueError("not a SID, room name or label")
    return text


def _leg_info(leg: Any) -> LegInfo:
    return LegInfo(
        sid=leg.sid,
        status=str(leg.status),
        direction=leg.direction or "",
        parent_sid=leg.parent_call_sid or None,
        started_at=_seconds(leg.start_time),
        ended_at=_seconds(leg.end_time),
        duration=int(leg.duration) if leg.duration else None,
        from_=getattr(leg, "_from", None) or "",
        to=leg.to or "",
    )


def _room_info(room: Any) -> RoomInfo:
    return RoomInfo(str(room.sid), str(room.friendly_name), str(room.status))


def _seconds(stamp: object) -> float | None:
    return stamp.timestamp() if isinstance(stamp, datetime) else None
