"""Stories of warm callers and of several calls of one number, as `tests.routing.stories` tells the others' (C6)."""

from __future__ import annotations

from typing import Any


def waits_behind(m: Any) -> None:
    """The second call of a number waits behind the first, though somebody is idle, until the first is over."""
    m.is_told(())
    m.rings("c1", "en", number="hash-ann")
    m.rings("c2", "en", number="hash-ann")
    assert m.model.calls["c2"].behind
    m.time_passes(7)
    m.hangs_up("c1")
    m.time_passes(1)
    assert not m.model.calls["c2"].behind


def graver(m: Any) -> None:
    """Who has pressed the danger key waits behind nobody, nor does who is more urgent than the first."""
    m.is_told(())
    for call in ("c1", "c2", "c3"):
        m.rings(call, "en", number="hash-ann")
    m.turns("c1", True)
    m.turns("c2", True)
    m.set_class("c3", "urgent", "x")
    m.time_passes(1)
    assert not m.model.calls["c2"].behind
    m.hangs_up("c1")
    m.set_class("c2", "standard", "x")
    m.time_passes(1)


def at_last(m: Any) -> None:
    """Its plan has come to the human line: then it may be offered as well."""
    m.is_told(())
    m.rings("c1", "en", number="hash-ann")
    m.connects("s1")
    m.rings("c2", "en", number="hash-ann")
    for _ in range(15):
        m.time_passes(13)
    assert not m.model.calls["c2"].behind


def exempt(m: Any) -> None:
    """Marked numbers are not limited, nor anybody before the marks are known; a new epoch has to hear them again."""
    m.rings("c1", "en", number="hash-ann")
    m.rings("c2", "en", number="hash-ann")
    m.is_told(("hash-ann",))
    m.rings("c3", "en", number="hash-ann")
    m.distrusts(True)
    m.rings("c4", "en", number="hash-ann")
    m.time_passes(3)


def warm(m: Any) -> None:
    """A peer takes a warm call; a key makes crisis calls of others; who was connected today is behind."""
    m.is_told((), 2)
    m.rings("c1", "en", line="warm")
    m.connects("p1")
    assert m.model.calls["c1"].owner == "p1"
    m.rings("c2", "en", line="warm", number="hash-ann")
    assert m.model.calls["c2"].over
    m.goes_to_crisis("c2", False)
    m.asks_up()
    assert m.model.calls["c1"].line == "main"
    m.is_told(("hash-ann",), 2)
    m.rings("c3", "en", line="warm", number="hash-ann")
    assert not m.model.calls["c3"].over


NUMBERS = (waits_behind, graver, at_last, exempt, warm)
