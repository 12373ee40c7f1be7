"""P1 on the event log: at every match the person takes the least score among those whom they surely may take.

What the log alone proves is checked: somebody who is offered `y` may take every `x` of the same line and language for
whom at least as much of the wait plan was open. Callers who have just declined, are held, doubtful, must press a key or
have an open offer are not in W(s). So whatever is found here is a fault; what is not found may need more than the log.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from routing.policy import HEAD_START_S, OVER_S, PARALLEL_OFFERS, TIMES_S

IN_QUEUE = frozenset({"waiting", "backup_ringing"})
#: Ends of an offer after which the pair may be kept apart for a while.
APART = frozenset({"offer.declined", "offer.failed", "offer.expired", "offer.unreachable"})
#: Milliseconds that a timer may be late, and with it what it opens.
LATE_MS = 2_000


class Happened(Protocol):
    """An entry of the stream."""

    @property
    def call(self) -> str: ...
    @property
    def at_ms(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def data(self) -> Mapping[str, Any]: ...


@dataclass
class Caller:
    """What the log has said of a call. Times in ms."""

    id: str
    line: str
    language: str
    cls: str
    arrived: int
    counter: int
    state: str = "greeting"
    sure: set[str] = field(default_factory=set[str])
    """Steps of the plan whose lanes are open for certain."""
    maybe: set[str] = field(default_factory=set[str])
    """Steps whose lanes may be open."""
    grave_since: int | None = None
    was_grave: bool = False
    offers: set[str] = field(default_factory=set[str])
    since: int = 0
    """In W from this moment at the earliest."""
    needs_key: bool = False
    away: bool = False
    """Has hung up and is to be rung back."""
    behind: bool = False
    """Behind an earlier call of its number: not in W (C6)."""
    over: bool = False
    """Beyond the day's limit of its warm line: a smaller head start."""


class Order:
    """Feed it a log in order; it yields each match that breaks the order."""

    def __init__(self, head_start_s: Mapping[str, int] = HEAD_START_S) -> None:
        self._head = head_start_s
        self._calls: dict[str, Caller] = {}
        self._apart: dict[tuple[str, str], int] = {}
        self.matches = 0

    def broken(self, log: Iterable[Happened]) -> Iterator[str]:
        for event in log:
            if event.kind == "epoch.opened":
                self._calls.clear()  # a board that begins anew tells of its calls again
            elif event.kind == "call.arrived":
                self._arrived(event)
            elif caller := self._calls.get(event.call):
                if event.kind == "offer.made":
                    yield from self._match(caller, event)
                self._note(caller, event)

    def score(self, caller: Caller) -> tuple[int, int]:
        """e(x) = a(x) - h(class x), and the arrival counter that orders equals."""
        head = self._head[caller.cls] - (OVER_S if caller.over else 0)
        return caller.arrived - head * 1000, caller.counter

    def _match(self, taken: Caller, event: Happened) -> Iterator[str]:
        if event.data.get("kind") != "call":
            return
        self.matches += 1
        for other in self._calls.values():
            if other is not taken and self._in_w(other, taken, event) and self.score(other) < self.score(taken):
                yield f"{event.data['spec']} was offered {taken.id} while {other.id} waited with a smaller score"

    def _in_w(self, other: Caller, taken: Caller, event: Happened) -> bool:
        queued = other.state in IN_QUEUE or (other.state == "callback" and other.away)
        held = other.offers or other.needs_key or other.behind
        waits = queued and not held and other.since <= event.at_ms
        same = (other.line, other.language) == (taken.line, taken.language)
        if not (waits and same and other.sure >= taken.maybe):
            return False
        if _anyone(taken) and not _surely_anyone(other, event.at_ms):
            return False
        return event.at_ms >= self._apart.get((str(event.data["spec"]), other.id), 0)

    def _arrived(self, event: Happened) -> None:
        d = event.data
        cls = str(d["cls"])
        caller = Caller(event.call, d["line"], d["language"], cls, int(d["arrived_ms"]), int(d["counter"]))
        caller.state = "unknown" if d.get("resurrected") else "greeting"
        caller.grave_since, caller.was_grave = (event.at_ms, True) if cls in PARALLEL_OFFERS else (None, False)
        self._calls[event.call] = caller

    def _note(self, caller: Caller, event: Happened) -> None:
        handler = getattr(self, "_on_" + event.kind.replace(".", "_"), None)
        if handler:
            handler(caller, event)
        if event.kind.startswith("offer.") and event.kind not in ("offer.made", "offer.acked", "offer.connected"):
            caller.offers.discard(str(event.data.get("offer")))
        if event.kind in APART:
            pair = str(event.data["spec"]), caller.id
            self._apart[pair] = event.at_ms + round(TIMES_S["exclude"] * 1000) + LATE_MS

    def _on_offer_made(self, caller: Caller, event: Happened) -> None:
        caller.offers.add(str(event.data["offer"]))

    def _on_call_state(self, caller: Caller, event: Happened) -> None:
        to, cause = event.data["to"], event.data.get("cause")
        if to == "waiting":
            caller.needs_key = cause == "backup_ended" or (caller.needs_key and event.data["from"] == "offered")
        if to == "waiting" and cause == "left":
            caller.since = event.at_ms + round(TIMES_S["left"] * 1000) + LATE_MS
            caller.sure, caller.maybe = set(), set()
        caller.state = to

    def _on_callback_kept(self, caller: Caller, _event: Happened) -> None:
        caller.away = True

    def _on_callback_answered(self, caller: Caller, _event: Happened) -> None:
        caller.away = False

    def _on_callback_ringing(self, caller: Caller, event: Happened) -> None:
        """Should nobody answer they are left alone for a while; when that ends the log alone does not tell."""
        caller.since = event.at_ms + 86_400_000

    def _on_call_place(self, caller: Caller, event: Happened) -> None:
        caller.arrived, caller.counter = int(event.data["arrived_ms"]), int(event.data["counter"])

    def _on_call_class(self, caller: Caller, event: Happened) -> None:
        caller.cls = event.data["to"]
        grave = caller.cls in PARALLEL_OFFERS
        caller.was_grave = caller.was_grave or grave
        caller.grave_since = (caller.grave_since or event.at_ms) if grave else None

    def _on_call_language(self, caller: Caller, event: Happened) -> None:
        caller.language = event.data["to"]

    def _on_call_line(self, caller: Caller, event: Happened) -> None:
        caller.line, caller.sure, caller.maybe = event.data["to"], set(), set()

    def _on_call_behind(self, caller: Caller, event: Happened) -> None:
        caller.behind = bool(event.data["on"])

    def _on_call_limit(self, caller: Caller, event: Happened) -> None:
        caller.over = bool(event.data["on"])

    def _on_call_key(self, caller: Caller, event: Happened) -> None:
        if event.data.get("meaning") == "still_needed":
            caller.needs_key = False

    def _on_call_plan(self, caller: Caller, event: Happened) -> None:
        step = str(event.data.get("id") or event.data["step"])
        if step == "edited":
            caller.sure = set()
        elif step.startswith("tier") or step == "interpreter":
            caller.sure.add(step)
            caller.maybe.add(step)


def _anyone(caller: Caller) -> bool:
    """It may have been offered as one whom anybody on shift may take (P2)."""
    return caller.was_grave or caller.cls == "agency"


def _surely_anyone(caller: Caller, now: int) -> bool:
    """Anybody on shift may take it for certain."""
    if caller.cls == "agency":
        return True
    return caller.grave_since is not None and now - caller.grave_since > TIMES_S["anyone"] * 1000 + LATE_MS
