"""The carrier's network: its legs, rooms, numbers and the methods REST calls.

REST translates HTTP to these methods and their results to JSON. Each raises `Refusal` with the carrier's error code.
`telephony.emulator.rest` exports `create_app(net) -> ASGI application`; `start` serves it with uvicorn in this loop.
"""

from __future__ import annotations

import random
from collections.abc import Iterable

from telephony.clock import Clock
from telephony.emulator.assumptions import Assumptions
from telephony.emulator.legs import Leg
from telephony.emulator.registry import Application, Message, Number
from telephony.emulator.rooms import Participant, Room


class Network:
    """Twilio's far side in this process."""

    def __init__(
        self,
        *,
        clock: Clock,
        rng: random.Random,
        account_sid: str = "AC" + "0" * 32,
        auth_token: str = "emulator-auth-token",
        api_key: str = "SK" + "0" * 32,
        api_secret: str = "emulator-api-secret",
        assumptions: Assumptions | None = None,
    ) -> None:
        self.clock = clock
        self.rng = rng
        self.account_sid = account_sid
        self.auth_token = auth_token
        self.api_key = api_key
        self.api_secret = api_secret
        self.assumptions = assumptions or Assumptions()
        self.legs: dict[str, Leg] = {}
        """By CallSid, in the order of creation; ended ones stay."""
        self.rooms: dict[str, Room] = {}
        """By ConferenceSid, in the order of creation; completed ones stay."""
        self.numbers: dict[str, Number] = {}
        """By PN SID."""
        self.applications: dict[str, Application] = {}
        """By AP SID."""
        self.messages: list[Message] = []
        self.url = ""

    def new_sid(self, prefix: str) -> str:
        """A SID: two letters and 32 hex digits."""
        return f"{prefix}{self.rng.getrandbits(128):032x}"

    async def create_call(
        self,
        *,
        to: str,
        from_: str,
        url: str = "",
        twiml: str = "",
        application_sid: str = "",
        method: str = "POST",
        fallback_url: str = "",
        fallback_method: str = "POST",
        status_callback: str = "",
        status_callback_method: str = "POST",
        status_callback_event: Iterable[str] = ("completed",),
        timeout: int = 60,
        time_limit: int | None = None,
    ) -> Leg:
        """POST Calls: dial a telephone and run a document on it. At most one a second leaves the queue."""
        raise NotImplementedError

    async def update_call(
        self,
        sid: str,
        *,
        url: str = "",
        twiml: str = "",
        method: str = "POST",
        fallback_url: str = "",
        fallback_method: str = "POST",
        status: str = "",
        status_callback: str = "",
        status_callback_method: str = "POST",
        time_limit: int | None = None,
    ) -> Leg:
        """POST Calls/{sid}: move a live leg to another document, or end it. 21220 when it is not in progress."""
        raise NotImplementedError

    async def create_participant(
        self,
        room: str,
        *,
        to: str,
        from_: str,
        label: str = "",
        muted: bool = False,
        beep: str = "true",
        start_conference_on_enter: bool = True,
        end_conference_on_exit: bool = False,
        coaching: bool = False,
        call_sid_to_coach: str = "",
        wait_url: str | None = None,
        wait_method: str = "POST",
        max_participants: int = 250,
        timeout: int = 60,
        time_limit: int | None = None,
        status_callback: str = "",
        status_callback_method: str = "POST",
        status_callback_event: Iterable[str] = ("completed",),
        conference_status_callback: str = "",
        conference_status_callback_method: str = "POST",
        conference_status_callback_event: Iterable[str] = ("start", "end"),
        caller_id: str = "",
    ) -> Participant:
        """POST Conferences/{room}/Participants: dial somebody into a room, by its SID or its name."""
        raise NotImplementedError

    async def update_participant(
        self,
        room_sid: str,
        sid_or_label: str,
        *,
        muted: bool | None = None,
        hold: bool | None = None,
        hold_url: str = "",
        hold_method: str = "GET",
        announce_url: str = "",
        announce_method: str = "POST",
        end_conference_on_exit: bool | None = None,
        beep_on_exit: bool | None = None,
        coaching: bool | None = None,
        call_sid_to_coach: str = "",
        wait_url: str | None = None,
        wait_method: str = "POST",
    ) -> Participant:
        """POST Conferences/{CF}/Participants/{CA or label}."""
        raise NotImplementedError

    def find_participant(self, room_sid: str, sid_or_label: str) -> Participant:
        """Somebody inside (or being dialled into) a room of that SID."""
        raise NotImplementedError

    async def remove_participant(self, room_sid: str, sid_or_label: str) -> None:
        """DELETE: kick."""
        raise NotImplementedError

    async def update_room(
        self, room_sid: str, *, status: str = "", announce_url: str = "", announce_method: str = "POST"
    ) -> Room:
        """POST Conferences/{CF}: complete it, or announce something to everybody inside."""
        raise NotImplementedError

    async def end_room(self, room_sid: str) -> None:
        """Complete a room: whoever is inside leaves it."""
        await self.update_room(room_sid, status="completed")

    def active_room(self, name: str) -> Room | None:
        """The room of that name that is not completed."""
        return next((r for r in self.rooms.values() if r.name == name and r.status != "completed"), None)

    def add_number(self, phone_number: str, **fields: str) -> Number:
        """Own a number, as POST IncomingPhoneNumbers does."""
        now = self.clock.now()
        number = Number(phone_number=phone_number, sid=self.new_sid("PN"), created_at=now, updated_at=now, **fields)
        self.numbers[number.sid] = number
        return number

    def add_application(self, sid: str = "", **fields: str) -> Application:
        """Own a TwiML application, as POST Applications does."""
        now = self.clock.now()
        application = Application(sid=sid or self.new_sid("AP"), created_at=now, updated_at=now, **fields)
        self.applications[application.sid] = application
        return application

    def number(self, phone_number: str) -> Number | None:
        """The owned number of that E.164 form."""
        return next((n for n in self.numbers.values() if n.phone_number == phone_number), None)

    def send_message(self, *, to: str, from_: str, body: str, status_callback: str = "") -> Message:
        """POST Messages: note a text message; it goes nowhere."""
        message = Message(
            self.new_sid("SM"), to, from_, body, created_at=self.clock.now(), status_callback=status_callback
        )
        self.messages.append(message)
        return message
