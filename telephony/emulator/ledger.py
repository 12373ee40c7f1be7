"""The ledger: everything that truly happened in the network, in order. The counters of section T are read from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from telephony.emulator.audibility import Audibility, Span


@dataclass(frozen=True)
class Entry:
    """One fact: when (seconds of the network's clock), what, of which leg and room."""

    at: float
    kind: str
    sid: str = ""
    room: str = ""
    """The room's SID."""
    data: dict[str, Any] = field(default_factory=dict[str, Any])


class Ledger:
    """Appended by the network, read by tests and by the demo's counters.

    `silence.begin` and `silence.end` are written together when a silence ends that lasted `SHORT_S` or longer, each
    with its own time; a silence that still lasts is in `silences`.
    """

    #: Seconds: a shorter silence (between two verbs) is no fact worth an entry.
    SHORT_S = 0.5

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self.entries: list[Entry] = []
        self.air = Audibility(now, self._silence_over)

    def add(self, kind: str, sid: str = "", room: str = "", /, **data: Any) -> Entry:
        """Write one entry with the present time."""
        entry = Entry(self._now(), kind, sid, room, data)
        self.entries.append(entry)
        return entry

    def of(self, kind: str, sid: str = "") -> list[Entry]:
        """The entries of a kind (or of a group: `leg.`), of one leg if named."""
        return list(self._of(kind, sid))

    def _of(self, kind: str, sid: str) -> Iterator[Entry]:
        for entry in self.entries:
            if (entry.kind == kind or (kind.endswith(".") and entry.kind.startswith(kind))) and sid in ("", entry.sid):
                yield entry

    def hearing(self, at: float | None = None) -> set[tuple[str, str]]:
        """Pairs (listener, speaker) of legs at a time; now by default."""
        return self.air.hearing(self._now() if at is None else at)

    def together(self, one: str, other: str) -> list[Span]:
        """When two legs heard each other, unmuted and unheld, both devices alive."""
        return self.air.together(one, other)

    def silences(self, sid: str) -> list[Span]:
        """When nothing was playing to a leg and no live, unheld, unmuted human leg was to be heard."""
        return self.air.silences(sid)

    def _silence_over(self, sid: str, span: Span) -> None:
        if span.seconds >= self.SHORT_S:
            self.entries.append(Entry(span.begin, "silence.begin", sid))
            self.entries.append(Entry(span.end, "silence.end", sid, data={"seconds": span.seconds}))
