"""A leg's requests for documents, and the ways in which running one can stop."""

from __future__ import annotations

from dataclasses import dataclass, field

from telephony.emulator.webhooks import Posted


@dataclass(frozen=True)
class Ask:
    """A document to be asked for (or given, `inline`), and why: voice, update, redirect, action, screen, fallback."""

    url: str
    method: str = "POST"
    kind: str = "voice"
    extra: dict[str, str] = field(default_factory=dict[str, str])
    inline: str = ""
    told_after: Posted | None = None
    """A callback that is held back until this request has been answered."""


class Over(Exception):
    """The leg ends: `by` and `cause` as the ledger writes them, and its final status."""

    def __init__(self, by: str, cause: str, status: str = "") -> None:
        super().__init__(cause)
        self.by, self.cause, self.status = by, cause, status


class Failed(Exception):
    """A step failed (a medium, a Dial's caller ID): the fallback is asked, or the call ends."""

    def __init__(self, code: int, url: str) -> None:
        super().__init__(code)
        self.code, self.url = code, url
