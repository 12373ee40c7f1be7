"""The two sides that the judge compares: what truly happened (the ledger, the people's log) and the record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from app.demo.log import Log
from app.records import models as m
from telephony.emulator import Entry, Ledger, Span

Row = Mapping[str, Any]
#: A time that has not come.
NEVER = float("inf")
#: Last words to who is to be rung back (C4).
KEPT = ("Your place is kept", "Su lugar está guardado")
#: First parts of the labels of our own people's legs.
OURS = frozenset({"owner", "relief", "consult", "lead", "coach", "interpreter"})


@dataclass(frozen=True)
class Rows:
    """The record as it stands at the end."""

    calls: Sequence[Row] = ()
    legs: Sequence[Row] = ()
    offers: Sequence[Row] = ()
    ownerships: Sequence[Row] = ()
    class_changes: Sequence[Row] = ()
    events: Sequence[Row] = ()
    risk: Sequence[Row] = ()
    handoffs: Sequence[Row] = ()
    facts: Sequence[Row] = ()

    @cached_property
    def by_sid(self) -> Mapping[str, Row]:
        return {call["sid"]: call for call in self.calls if call["sid"]}

    @cached_property
    def leg(self) -> Mapping[str, Row]:
        return {leg["sid"]: leg for leg in self.legs}


TABLES = {
    "calls": (m.Call, ("arrived_at", "id")),
    "legs": (m.Leg, ("sid",)),
    "offers": (m.Offer, ("made_at", "id")),
    "ownerships": (m.Ownership, ("epoch", "event_id")),
    "class_changes": (m.ClassChange, ("epoch", "event_id")),
    "events": (m.CallEvent, ("epoch", "id")),
    "risk": (m.RiskAssessment, ("id",)),
    "handoffs": (m.EmergencyHandoff, ("id",)),
    "facts": (m.HandoffFact, ("id",)),
}


async def read_rows(engine: AsyncEngine) -> Rows:
    found: dict[str, Sequence[Row]] = {}
    async with engine.connect() as connection:
        for name, (model, order) in TABLES.items():
            table = model.__table__
            result = await connection.execute(select(table).order_by(*(table.c[column] for column in order)))
            found[name] = [dict(row) for row in result.mappings()]
    return Rows(**found)


@dataclass
class LegFacts:
    """One leg as the carrier saw it. Seconds of the run's clock; `ended` is `NEVER` for one that lives."""

    sid: str
    direction: str
    from_: str
    to: str
    parent: str
    begun: float
    answered: float = NEVER
    ended: float = NEVER
    by: str = ""
    cause: str = ""
    died: float = NEVER

    @property
    def person(self) -> str:
        """The specialist whose softphone it is, or empty."""
        return self.from_.removeprefix("client:") if self.from_.startswith("client:") else ""

    @property
    def is_caller(self) -> bool:
        return self.direction == "inbound" and not self.person


@dataclass
class Stay:
    """A leg in a room, under a label."""

    sid: str
    room: str
    label: str
    begin: float
    end: float = NEVER
    reason: str = ""

    @property
    def role(self) -> str:
        return self.label.partition("_")[0]

    @property
    def who(self) -> str:
        return self.label.partition("_")[2].rpartition("_")[0]


@dataclass
class Evidence:
    """Everything there is to judge by. `now`: when it was gathered; `drained`: when the drain ended."""

    ledger: Ledger
    log: Log
    rows: Rows
    drained: float = NEVER
    now: float = NEVER
    excused: Sequence[Span] = field(default_factory=tuple)
    """When a store was away, each with R3's bound after it: a silence in it is no loss (T)."""

    @cached_property
    def legs(self) -> dict[str, LegFacts]:
        legs: dict[str, LegFacts] = {}
        for entry in self.ledger.entries:
            if entry.kind == "leg.created":
                data = entry.data
                legs[entry.sid] = LegFacts(
                    entry.sid, data["direction"], data["from"], data["to"], data.get("parent", ""), entry.at
                )
            elif entry.kind == "leg.answered":
                legs[entry.sid].answered = entry.at
            elif entry.kind == "leg.died":
                legs[entry.sid].died = entry.at
            elif entry.kind == "leg.ended":
                leg = legs[entry.sid]
                leg.ended, leg.by, leg.cause = entry.at, entry.data["by"], entry.data["cause"]
        return legs

    @cached_property
    def callers(self) -> list[LegFacts]:
        """Inbound legs of telephones that reached the carrier."""
        return [leg for leg in self.legs.values() if leg.is_caller]

    @cached_property
    def stays(self) -> list[Stay]:
        stays: list[Stay] = []
        inside: dict[str, Stay] = {}
        for entry in self.ledger.entries:
            if entry.kind == "room.joined":
                inside[entry.sid] = Stay(entry.sid, entry.room, entry.data.get("label", ""), entry.at)
                stays.append(inside[entry.sid])
            elif entry.kind == "room.left" and entry.sid in inside:
                stay = inside.pop(entry.sid)
                stay.end, stay.reason = entry.at, entry.data.get("reason", "")
        return stays

    @cached_property
    def call_of_room(self) -> Mapping[str, str]:
        """RoomSid to call: a room is called by the call's id, and the caller's label names it too."""
        calls: dict[str, str] = {}
        for entry in self.ledger.entries:
            if entry.kind in ("room.started", "room.ended") and entry.data.get("name"):
                calls[entry.room] = entry.data["name"].partition("-")[0]
        calls.update({stay.room: stay.who for stay in self.stays if stay.role == "caller"})
        return calls

    @cached_property
    def caller_of(self) -> Mapping[str, LegFacts]:
        """Call to its caller's leg."""
        by_label = {stay.who: self.legs[stay.sid] for stay in self.stays if stay.role == "caller"}
        by_row = {row["id"]: self.legs[sid] for sid, row in self.rows.by_sid.items() if sid in self.legs}
        return by_label | by_row

    def stays_of(self, call: str) -> list[Stay]:
        return [stay for stay in self.stays if self.call_of_room.get(stay.room) == call]

    @cached_property
    def by_sid(self) -> Mapping[str, list[Entry]]:
        found: dict[str, list[Entry]] = defaultdict(list)
        for entry in self.ledger.entries:
            found[entry.sid].append(entry)
        return found

    def heard(self, sid: str, what: str = "") -> list[Entry]:
        return [e for e in self.by_sid.get(sid, []) if e.kind == "heard" and what in ("", e.data["what"])]

    @cached_property
    def rung_back(self) -> Mapping[str, list[LegFacts]]:
        """CallSid of who chose to be rung back to the legs by which they came back into a room."""
        call_of = {row["id"]: sid for sid, row in self.rows.by_sid.items()}
        found: dict[str, list[LegFacts]] = defaultdict(list)
        for stay in self.stays:
            leg, first = self.legs[stay.sid], call_of.get(stay.who, "")
            known = found[first]
            if stay.role == "caller" and leg.direction == "outbound-api" and leg not in known:
                known.append(leg)
        return found

    def chose(self, caller: LegFacts) -> bool:
        """They said that it was safe to ring them, and heard goodbye."""
        keys = [entry.data["digit"] for entry in self.by_sid[caller.sid] if entry.kind == "key"]
        said = self.heard(caller.sid, "say")
        kept = bool(said) and any(words in said[-1].data["text"] for words in KEPT)
        return keys.count("3") >= 2 and caller.by == "document" and kept

    def last_leg(self, caller: LegFacts) -> LegFacts | None:
        """By which they are, or were, on the line last; None while they are to be rung back."""
        back = self.rung_back.get(caller.sid)
        return back[-1] if back else None if self.chose(caller) else caller

    @cached_property
    def conversations(self) -> Mapping[str, list[tuple[Span, str]]]:
        """Caller's CallSid to when that caller and a specialist heard each other, with the specialist."""
        found: dict[str, list[tuple[Span, str]]] = {}
        helpers = [leg for leg in self.legs.values() if leg.person]
        for caller in self.callers:
            spans: list[tuple[Span, str]] = []
            for mine in (caller, *self.rung_back.get(caller.sid, ())):
                rooms = {stay.room for stay in self.stays if stay.sid == mine.sid}
                met = {s.sid for s in self.stays if s.room in rooms}
                spans += [(span, leg.person) for leg in helpers if leg.sid in met for span in self._together(mine, leg)]
            found[caller.sid] = sorted(spans, key=lambda pair: pair[0].begin)
        return found

    def _together(self, one: LegFacts, other: LegFacts) -> Iterable[Span]:
        return self.ledger.together(one.sid, other.sid)

    @cached_property
    def delivered(self) -> Mapping[str, float]:
        """CallSid to when its end was told us, first: by a status callback that was answered."""
        told: dict[str, float] = {}
        for entry in self.ledger.entries:
            final = entry.data.get("event") in ("completed", "busy", "no-answer", "failed", "canceled")
            if entry.kind == "webhook.answered" and entry.data.get("kind") == "status" and final:
                told.setdefault(entry.sid, entry.at)
        return told

    @cached_property
    def dropped(self) -> Mapping[str, list[str]]:
        """CallSid to the events whose callbacks were lost on purpose."""
        lost: dict[str, list[str]] = defaultdict(list)
        for entry in self.ledger.entries:
            if entry.kind == "webhook.dropped":
                lost[entry.sid].append(entry.data.get("event", ""))
        return lost
