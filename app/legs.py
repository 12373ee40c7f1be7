"""How we name what is at the carrier, and how its stamps are told: read in one place."""

from __future__ import annotations


def role_of(label: str | None) -> str:
    """The role in a participant's label; empty for whom we have not named."""
    return (label or "").partition("_")[0]


def call_of(room: str) -> str:
    """The call in a room's name."""
    return room.partition("-")[0]


def ms(at: float | None) -> int | None:
    """A stamp of the carrier's, seconds, as the board takes it; none for none."""
    return None if at is None else int(at * 1000)
