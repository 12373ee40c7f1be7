"""Who works here and when, kept in this worker: loaded from Postgres now and then, kept while Postgres is away."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.lines import Lines
from app.people import shifts
from app.people.roles import ON_THE_LINE, Level, Role
from app.people.sessions import Session, new_session_id
from app.people.shifts import Shift
from app.people.stores import RECORD_AWAY
from app.records import models
from routing.board import Profile
from routing.policy import lanes_for_person

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Person:
    """What a session and a beat need to know of somebody."""

    id: str
    role: Role
    level: str
    languages: tuple[str, ...]
    lanes: tuple[str, ...]
    active: bool
    always_on: bool
    shifts: tuple[Shift, ...] = ()

    def on_shift(self, now: float) -> bool:
        return self.always_on or shifts.on_shift(self.shifts, datetime.fromtimestamp(now, UTC))

    def on_until(self, now: float) -> int:
        until = shifts.on_until(self.shifts, datetime.fromtimestamp(now, UTC))
        return int(until.timestamp()) if until else 0


class Roster:
    """Everybody, by id. Someone it does not know yet is what their session says."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession], lines: Lines) -> None:
        self._sessions, self._lines = sessions, lines
        self._people: dict[str, Person] = {}

    async def load(self) -> None:
        """Read everybody anew; with Postgres away, what is known stays."""
        try:
            async with self._sessions() as store:
                rows = (await store.scalars(select(models.Specialist))).all()
                weekly: dict[str, list[Shift]] = {}
                for row in await store.scalars(select(models.Shift)):
                    weekly.setdefault(row.specialist_id, []).append(shift_of(row))
        except RECORD_AWAY as error:
            log.warning("the roster stays as it was: %s", type(error).__name__)
            return
        self._people = {row.id: replace(self.person(row), shifts=tuple(weekly.get(row.id, ()))) for row in rows}

    def person(self, row: models.Specialist) -> Person:
        return Person(
            id=row.id,
            role=Role(row.role),
            level=row.level or Level.junior,
            languages=tuple(row.languages),
            lanes=lanes_of(self._lines, row),
            active=row.active,
            always_on=row.always_on,
        )

    def get(self, spec: str) -> Person | None:
        return self._people.get(spec)

    def begin(self, row: models.Specialist, now: float) -> Session:
        """A new session of somebody who has just proved who they are."""
        known = self._people.get(row.id)
        person = replace(self.person(row), shifts=known.shifts if known else ())
        return _session(person, new_session_id(), began=round(now, 3), now=now)

    def refresh(self, session: Session, now: float) -> Session:
        """The same session with what is now known of the person."""
        person = self._people.get(session.spec)
        return _session(person, session.id, began=session.began, now=now) if person else session

    def dismissed(self, session: Session) -> bool:
        """The person was deactivated, or has another role than the session says."""
        person = self._people.get(session.spec)
        return person is not None and (not person.active or person.role != session.role)

    def profile(self, session: Session, now: float) -> Profile:
        """What the board is told with every beat; without a roster, what the session says."""
        person = self._people.get(session.spec)
        on = person.on_shift(now) if person else session.always_on or now < session.on_until
        known = person or session
        return Profile(session.spec, str(session.role), known.level, known.lanes, on)


def _session(person: Person, id_: str, *, began: float, now: float) -> Session:
    return Session(
        id=id_,
        spec=person.id,
        role=person.role,
        level=person.level,
        languages=person.languages,
        lanes=person.lanes,
        always_on=person.always_on,
        on_until=person.on_until(now),
        began=began,
        issued=round(now, 3),
    )


def shift_of(row: models.Shift) -> Shift:
    return Shift(row.weekday, row.starts, row.ends, row.zone, row.valid_from, row.valid_until)


def lanes_of(lines: Lines, row: models.Specialist) -> tuple[str, ...]:
    """Lanes of the board that this person may take; none for those who sit at no console.

    A lead without lines of their own takes only what is open to anyone on shift.
    """
    if row.role not in ON_THE_LINE:
        return ()
    known = [line.routing for line in lines.by_id.values()]
    tiers = dict.fromkeys(row.lines, row.tier)
    return lanes_for_person(known, role=row.role, languages=row.languages, skills=row.skills, tiers=tiers)
