"""The four roles. Every route of the API names the ones it lets in; nothing is open by default."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a person is to the hotline."""

    specialist = "specialist"
    """Answers calls."""
    lead = "lead"
    """On call for the whole line: sees the board, is alarmed, may step into any call."""
    admin = "admin"
    """Keeps people and shifts. Sees no call."""
    auditor = "auditor"
    """Reads the audit trail. Sees no call."""


class Level(StrEnum):
    """A person's seniority: a preference of routing only."""

    junior = "junior"
    intermediate = "intermediate"
    senior = "senior"


#: Those who sit at a console and have a place on the board.
ON_THE_LINE = frozenset({Role.specialist, Role.lead})
