"""Who was in which call and which handoff is whose, as this process saw it on the stream.

The board forgets a person's call when wrap-up is done, and Postgres may be away; but a fact that a console re-sends
after the end must still be known to come from somebody who was there (S4).
"""

from __future__ import annotations

from collections import OrderedDict

from routing.board import Event

#: Pairs and handoffs kept in a process; older ones are asked of the record.
KEPT = 20_000


class Memory:
    """Fed with every event, in order."""

    def __init__(self) -> None:
        self._now: dict[str, str] = {}
        self._was: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._handoffs: OrderedDict[str, str] = OrderedDict()
        self._owners: OrderedDict[str, tuple[str, str]] = OrderedDict()
        self._failed: OrderedDict[str, str] = OrderedDict()

    def note(self, event: Event) -> None:
        if event.kind == "engagement.started":
            self.is_in(str(event.data.get("spec", "")), event.call)
        elif event.kind == "engagement.state" and event.data.get("to") == "done":
            spec = str(event.data.get("spec", ""))
            if self._now.get(spec) == event.call:
                del self._now[spec]
        elif event.kind == "handoff.opened":
            self._opened(str(event.data.get("handoff", "")), event)
        elif event.kind == "handoff.fact" and event.data.get("facts", {}).get("closed"):
            self._owners.pop(str(event.data.get("handoff", "")), None)
        elif event.kind == "effect.failed":
            _keep(self._failed, event.call, str(event.data.get("kind", "")))

    def _opened(self, handoff: str, event: Event) -> None:
        _keep(self._handoffs, handoff, event.call)
        _keep(self._owners, handoff, (event.call, str(event.data.get("spec", ""))))

    def is_in(self, spec: str, call: str) -> None:
        self._now[spec] = call
        _keep(self._was, (spec, call), None)

    def people(self, call: str) -> list[str]:
        """Who is in the call now."""
        return [spec for spec, own in self._now.items() if own == call]

    def concerned(self, call: str) -> set[str]:
        """Who must hear that something about the call went wrong: whoever is in it, and owners of its open handoffs."""
        owners = {spec for own, spec in self._owners.values() if own == call}
        return {*self.people(call), *owners} - {""}

    def last_failed(self, call: str) -> str:
        """The kind of the effect of this call that failed last, or empty."""
        return self._failed.get(call, "")

    def was_in(self, spec: str, call: str) -> bool:
        return (spec, call) in self._was

    def call_of(self, handoff: str) -> str | None:
        return self._handoffs.get(handoff)


def _keep(kept: OrderedDict, key: object, value: object) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > KEPT:
        kept.popitem(last=False)
