"""What simulated people saw and did, written down as it happened: the half of the truth the carrier cannot see."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.demo.scripts import Script


@dataclass
class Shown:
    """An offer on a console's screen, from its receipt until its end was received. Seconds of the run's clock."""

    spec: str
    offer: str
    kind: str
    at: float
    until: float | None = None
    how: str = ""
    """`accepted`, or the state with which the board ended it."""


@dataclass(frozen=True)
class Won:
    """An accept that the API said was won."""

    spec: str
    offer: str
    call: str
    at: float


@dataclass(frozen=True)
class Told:
    """A clinical fact that a console was told is saved. `what`: `risk`, `safe`, `class:<class>`, `handoff`, `fact`."""

    id: str
    what: str
    call: str
    spec: str
    at: float


@dataclass
class Log:
    """One run's. `scripts`: CallSid of the caller's leg to what they meant to do."""

    shown: list[Shown] = field(default_factory=list[Shown])
    won: list[Won] = field(default_factory=list[Won])
    told: list[Told] = field(default_factory=list[Told])
    ended: dict[str, str] = field(default_factory=dict[str, str])
    """Call to who ended it by *End call*."""
    reasons: dict[str, str] = field(default_factory=dict[str, str])
    """CallSid to the script's reason for which its caller hung up."""
    scripts: dict[str, Script] = field(default_factory=dict[str, Script])
    did: list[tuple[float, str, str]] = field(default_factory=list[tuple[float, str, str]])
    """When, who, what: device deaths, sign-ins and the like."""
    refused: list[tuple[float, str, str, int]] = field(default_factory=list[tuple[float, str, str, int]])
    """When, who, which request, with which status: what the API would not do."""
