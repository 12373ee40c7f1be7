"""The account's own settings: where numbers and softphones ask for their first document."""
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# (the official package has no types)

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from telephony.twilio.rest import TwilioCarrier


@dataclass(frozen=True)
class Pointed:
    """Where a number, or the softphones' application, points."""

    sid: str
    voice_url: str
    fallback_url: str
    status_callback: str


class TwilioAccount(TwilioCarrier):
    """The same account, with the requests that only an operator's commands make."""

    async def number(self, number: str) -> Pointed | None:
        """What is set for one of the account's numbers; None when it has no such number."""
        found = await self._ask(
            lambda: self._client.incoming_phone_numbers.list_async(phone_number=number, limit=20), pool=self._lists
        )
        return next((_pointed(entry) for entry in found if entry.phone_number == number), None)

    async def point_number(self, sid: str, *, voice_url: str, status_callback: str, fallback_url: str = "") -> Pointed:
        """Set a number's addresses; without `fallback_url` the one that is set stays."""
        changes = _changes(voice_url, status_callback, fallback_url)
        changes["voice_application_sid"] = ""  # one that is set overrides every address
        number = self._client.incoming_phone_numbers(sid)
        return _pointed(await self._ask(lambda: number.update_async(**changes)))

    async def application(self, name: str) -> Pointed | None:
        """The application of that name, which softphones dial."""
        found = await self._ask(
            lambda: self._client.applications.list_async(friendly_name=name, limit=20), pool=self._lists
        )
        return _pointed(found[0]) if found else None

    async def point_application(
        self, sid: str | None, *, name: str, voice_url: str, status_callback: str, fallback_url: str
    ) -> Pointed:
        """Set an application's addresses; where `sid` is None it is looked for by name, and made if there is none."""
        changes = _changes(voice_url, status_callback, fallback_url)
        if sid is None:
            there = await self.application(name)
            sid = there.sid if there else None
        if sid is None:
            create = self._client.applications.create_async
            return _pointed(await self._ask(lambda: create(friendly_name=name, **changes), create=True))
        application = self._client.applications(sid)
        return _pointed(await self._ask(lambda: application.update_async(**changes)))


def _changes(voice_url: str, status_callback: str, fallback_url: str) -> dict[str, Any]:
    changes = {
        "voice_url": voice_url,
        "voice_method": "POST",
        "status_callback": status_callback,
        "status_callback_method": "POST",
    }
    if fallback_url:
        changes |= {"voice_fallback_url": fallback_url, "voice_fallback_method": "POST"}
    return changes


def _pointed(entry: Any) -> Pointed:
    return Pointed(str(entry.sid), entry.voice_url or "", entry.voice_fallback_url or "", entry.status_callback or "")
