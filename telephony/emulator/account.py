"""What an account has: its credentials, numbers, applications and messages."""

from __future__ import annotations

import random

from telephony.clock import Clock
from telephony.emulator.registry import Application, Message, Number


class Account:
    """The resources that are plain records."""

    def __init__(
        self,
        *,
        clock: Clock,
        rng: random.Random,
        account_sid: str = "AC" + "0" * 32,
        auth_token: str = "emulator-auth-token",
        api_key: str = "SK" + "0" * 32,
        api_secret: str = "emulator-api-secret-of-no-account",
    ) -> None:
        self.clock = clock
        self.rng = rng
        self.account_sid = account_sid
        self.auth_token = auth_token
        self.api_key = api_key
        self.api_secret = api_secret
        self.numbers: dict[str, Number] = {}
        """By PN SID."""
        self.applications: dict[str, Application] = {}
        """By AP SID."""
        self.messages: list[Message] = []
        self.verified: set[str] = set()
        """Other people's numbers that may be shown as caller ID."""

    def new_sid(self, prefix: str) -> str:
        """A SID: two letters and 32 hex digits."""
        return f"{prefix}{self.rng.getrandbits(128):032x}"

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
