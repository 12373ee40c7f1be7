"""T5: who can hear whom. Simulated people carry no media; a graph over time is kept instead, from flags."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Span:
    """From `begin` up to `end`, seconds of the network's clock."""

    begin: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.begin


@dataclass
class Ear:
    """One leg's standing: where it is and what keeps it from hearing or being heard."""

    place: str = ""
    """The room's SID, or the bridge's name; empty: nowhere."""
    muted: bool = False
    hold: bool = False
    coaching: str = ""
    """The CallSid it whispers to: nobody else hears it."""
    dead: bool = False
    live: bool = False
    """Answered and not ended."""
    playing: int = 0
    """How many things are playing to it."""


class Audibility:
    """The graph. Every change goes through `set`, `play` or `start`; edges and silences are kept as spans."""

    def __init__(self, now: Callable[[], float], silence_over: Callable[[str, Span], None]) -> None:
        self._now = now
        self._silence_over = silence_over
        self._ears: dict[str, Ear] = defaultdict(Ear)
        self._places: dict[str, set[str]] = defaultdict(set)
        self._started: set[str] = set()
        self._edges: dict[tuple[str, str], float] = {}
        self._heard_by: dict[str, set[str]] = defaultdict(set)
        self._past: dict[tuple[str, str], list[Span]] = defaultdict(list)
        self._silent: dict[str, float] = {}
        self._silences: dict[str, list[Span]] = defaultdict(list)

    def start(self, place: str) -> None:
        """From now on those in this place may hear each other."""
        self._started.add(place)
        self._settle(self._places.get(place, ()))

    def set(self, sid: str, **flags: str | bool) -> None:
        """Change a leg's flags (fields of `Ear`)."""
        ear = self._ears[sid]
        touched = {sid, *self._neighbours(sid)}
        self._places[ear.place].discard(sid)
        if not self._places[ear.place]:
            del self._places[ear.place]
        for name, value in flags.items():
            setattr(ear, name, value)
        if ear.place:
            self._places[ear.place].add(sid)
        self._settle(touched | self._neighbours(sid))

    def play(self, sid: str, change: int) -> None:
        """Something begins (+1) or ends (-1) playing to a leg."""
        self._ears[sid].playing += change
        self._settle_silence(sid)

    def heard_by(self, sid: str) -> set[str]:
        """Whom a leg hears now."""
        return set(self._heard_by[sid])

    def hearing(self, at: float) -> set[tuple[str, str]]:
        """Pairs (listener, speaker) at a time."""
        present = {edge for edge, begin in self._edges.items() if begin <= at}
        past = {edge for edge, spans in self._past.items() if any(s.begin <= at < s.end for s in spans)}
        return present | past

    def together(self, one: str, other: str) -> list[Span]:
        """When both heard each other."""
        return _intersect(self._spans((one, other)), self._spans((other, one)))

    def silences(self, sid: str) -> list[Span]:
        """When a live leg heard nothing and nobody, up to now."""
        spans = list(self._silences[sid])
        if sid in self._silent and self._now() > self._silent[sid]:
            spans.append(Span(self._silent[sid], self._now()))
        return spans

    def _spans(self, edge: tuple[str, str]) -> list[Span]:
        spans = list(self._past[edge]) if edge in self._past else []
        if edge in self._edges:
            spans.append(Span(self._edges[edge], self._now()))
        return spans

    def _neighbours(self, sid: str) -> set[str]:
        place = self._ears[sid].place
        return set(self._places[place]) if place in self._places else set()

    def _settle(self, sids: Iterable[str]) -> None:
        sids = set(sids)
        for listener in sids:
            self._settle_edges(listener)
        for sid in sids:
            self._settle_silence(sid)

    def _settle_edges(self, listener: str) -> None:
        now = self._now()
        hears = {s for s in self._neighbours(listener) if self._hears(listener, s)}
        for speaker in self._heard_by[listener] - hears:
            span = Span(self._edges.pop((listener, speaker)), now)
            if span.seconds > 0:
                self._past[listener, speaker].append(span)
        for speaker in hears - self._heard_by[listener]:
            self._edges[listener, speaker] = now
        self._heard_by[listener] = hears

    def _hears(self, listener: str, speaker: str) -> bool:
        ear, mouth = self._ears[listener], self._ears[speaker]
        if listener == speaker or not ear.place or ear.place not in self._started:
            return False
        if not (ear.live and mouth.live) or ear.dead or mouth.dead or ear.hold or mouth.hold or mouth.muted:
            return False
        return mouth.coaching in ("", listener)

    def _settle_silence(self, sid: str) -> None:
        ear, now = self._ears[sid], self._now()
        silent = ear.live and not ear.dead and ear.playing <= 0 and not self._heard_by[sid]
        if silent:
            self._silent.setdefault(sid, now)
        elif sid in self._silent:
            span = Span(self._silent.pop(sid), now)
            if span.seconds > 0:
                self._silences[sid].append(span)
                self._silence_over(sid, span)


def _intersect(ones: list[Span], others: list[Span]) -> list[Span]:
    both = (Span(max(a.begin, b.begin), min(a.end, b.end)) for a in ones for b in others)
    return sorted((s for s in both if s.seconds > 0), key=lambda s: s.begin)
