"""The stand-alone emulator: a carrier account on one address, its numbers and applications configured by REST."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from telephony.clock import RealClock
from telephony.emulator.network import Network

#: Seconds after which a telephone that nobody scripts is answered.
ANSWER_AFTER_S = 3.0


@dataclass(frozen=True)
class Account:
    """Credentials of the emulated account; what is empty is made up."""

    account_sid: str = ""
    auth_token: str = ""
    api_key: str = ""
    api_secret: str = ""

    def complete(self) -> Account:
        """The same with every empty part made up."""
        return Account(
            self.account_sid or f"AC{secrets.token_hex(16)}",
            self.auth_token or secrets.token_hex(16),
            self.api_key or f"SK{secrets.token_hex(16)}",
            self.api_secret or secrets.token_hex(16),
        )


def settings_of(account: Account, url: str) -> list[str]:
    """What a hotline is started with to use this carrier, as lines of an environment file."""
    return [
        f"HOTLINE_TWILIO_API_URL={url}",
        f"HOTLINE_TWILIO_ACCOUNT_SID={account.account_sid}",
        f"HOTLINE_TWILIO_AUTH_TOKEN={account.auth_token}",
        f"HOTLINE_TWILIO_API_KEY={account.api_key}",
        f"HOTLINE_TWILIO_API_SECRET={account.api_secret}",
    ]


async def run(
    host: str = "127.0.0.1",
    port: int = 0,
    *,
    account: Account | None = None,
    telephones: Sequence[str] = (),
    seed: int | None = None,
    say: Callable[[str], None] = print,
    stop: asyncio.Event | None = None,
) -> None:
    """Serve until cancelled or `stop` is set. `telephones` are numbers outside the account that answer when rung."""
    given = (account or Account()).complete()
    net = Network(
        clock=RealClock(),
        rng=random.Random(seed),
        account_sid=given.account_sid,
        auth_token=given.auth_token,
        api_key=given.api_key,
        api_secret=given.api_secret,
    )
    sound = net.open_audio()
    for number in telephones:
        net.phone(number).will_answer(after=ANSWER_AFTER_S)
    url = await net.start(host, port)
    try:
        for line in settings_of(given, url):
            say(line)
        page = f"{url}/telephone" if sound else "none: install the package's extra `audio`"
        say(f"# telephone page: {page}")
        await (stop or asyncio.Event()).wait()
    finally:
        await net.stop()
