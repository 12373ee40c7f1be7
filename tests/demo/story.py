"""Ledgers and records made by hand, second by second, for the judge's tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from app.demo.evidence import Evidence, Row, Rows
from app.demo.log import Log
from telephony.emulator import Ledger

T0 = 1_800_000_000.0
CALL, CALLER, ROOM = "c1", "CA1", "CF1"


def stamp(second: float) -> datetime:
    return datetime.fromtimestamp(T0 + second, UTC)


class Story:
    """Writes a ledger as the network does: facts and who hears whom, at the second `at`."""

    def __init__(self) -> None:
        self.now = 0.0
        self.ledger = Ledger(lambda: T0 + self.now)
        self.log = Log()
        self.rows: dict[str, list[Row]] = {}

    def at(self, second: float) -> Story:
        self.now = second
        return self

    def leg(self, sid: str, person: str = "", direction: str = "inbound") -> Story:
        facts = {"direction": direction, "from": f"client:{person}" if person else "+12035550101", "to": "+12025550100"}
        self.ledger.add("leg.created", sid, **facts, parent="")
        self.ledger.add("leg.answered", sid, **facts)
        self.ledger.air.set(sid, live=True)
        return self

    def enters(self, sid: str, label: str, room: str = ROOM, call: str = CALL) -> Story:
        self.ledger.add("room.joined", sid, room, label=label)
        self.ledger.add("room.started", sid, room, name=f"{call}-n")
        self.ledger.air.start(room)
        self.ledger.air.set(sid, place=room)
        return self

    def leaves(self, sid: str, room: str = ROOM) -> Story:
        self.ledger.add("room.left", sid, room, reason="")
        self.ledger.air.set(sid, place="")
        return self

    def ends(self, sid: str, by: str = "caller") -> Story:
        self.ledger.air.set(sid, live=False, place="")
        self.ledger.add("leg.ended", sid, by=by, cause="", status="completed")
        return self

    def told(self, sid: str = CALLER) -> Story:
        self.ledger.add("webhook.answered", sid, kind="status", event="completed", status=204)
        return self

    def row(self, table: str, **fields: Any) -> Story:
        self.rows.setdefault(table, []).append(fields)
        return self

    def evidence(self, second: float = 200.0, **more: Any) -> Evidence:
        self.now = second
        known = {"drained": T0 + second, "now": T0 + second} | more
        return Evidence(self.ledger, self.log, Rows(**self.rows), **known)


def conversation(seconds: float, *, ended_by: str = "caller") -> Story:
    """Rings at 0, is with a specialist from 10 for so long, and then the caller's leg ends."""
    story = Story().at(0).leg(CALLER)
    with_music(story, 0, 10)
    story.at(10).leg("CA2", "s1").enters("CA2", "owner_s1_a").enters(CALLER, f"caller_{CALL}_2")
    return story.at(10 + seconds).leaves(CALLER).ends(CALLER, ended_by).leaves("CA2").ends("CA2")


def with_music(story: Story, begin: float, end: float, sid: str = CALLER) -> Story:
    story.at(begin).ledger.air.play(sid, 1)
    story.at(end).ledger.air.play(sid, -1)
    return story
