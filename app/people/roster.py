"""Who works here and when, kept in this worker: loaded from Postgres now and then, kept while Postgres is away."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from app.lines import Lines
from app.people import credentials, rota
from app.people.roles import ON_THE_LINE, Level, Role
from app.people.rota import Rota
from app.people.sessions import LONGEST_S, Session, new_session_id
from app.people.shifts import Series, as_utc
from app.people.spans import Spans, within
from app.people.stores import RECORD_AWAY
from app.records import models, planned
from app.secrets import NAME, Secrets
from routing.board import Profile
from routing.policy import ANY_TIER, LEAD_TIER, lanes_for_person

log = logging.getLogger(__name__)

#: Tiers that are open to whoever is on call alone.
OPEN = frozenset({ANY_TIER, LEAD_TIER})


@dataclass(frozen=True)
class Person:
    """What a session and a beat need to know of somebody."""

    id: str
    role: Role
    level: str
    languages: tuple[str, ...]
    lanes: tuple[str, ...]
    """Every lane that they could take with all credentials in order."""
    active: bool
    always_on: bool
    line: Spans = ()
    """When they are on shift."""
    on_call: Spans = ()
    """When they are the lead on call."""
    needs: Mapping[str, Spans] = field(default_factory=dict)
    """When they hold what a line requires, for the lines that require something."""

    def on_shift(self, now: float) -> bool:
        return self.always_on or bool(within(self.line, now) or within(self.on_call, now))

    def on_until(self, now: float) -> int:
        return int(max(within(self.line, now), within(self.on_call, now)))

    def lanes_at(self, now: float) -> tuple[str, ...]:
        """Lanes they may take: credentials in order, and on call alone only what is open to anyone on shift."""
        called = not self.always_on and within(self.on_call, now) and not within(self.line, now)
        lanes = [lane for lane in self.lanes if not called or lane.split("|")[2] in OPEN]
        lapsed = {line for line, spans in self.needs.items() if not within(spans, now)}
        return tuple(lane for lane in lanes if lane.partition("|")[0] not in lapsed)

    def lapses(self, now: float) -> float:
        """When the first credential that a line requires of them will have expired; infinite when none will."""
        return min([end for spans in self.needs.values() if (end := within(spans, now))], default=float("inf"))


class Roster:
    """Everybody, by id. Someone it does not know yet is what their session says."""

    def __init__(self, sessions: async_sessionmaker[AsyncSession], lines: Lines, now: Callable[[], float]) -> None:
        self._sessions, self._lines, self._now = sessions, lines, now
        self._people: dict[str, Person] = {}
        self._rows: Sequence[models.Specialist] = ()
        self._held: Mapping[str, Sequence[credentials.Credential]] = {}
        self._loading = asyncio.Lock()
        self.rota = Rota(as_utc(0).date())
        """Changes its identity only when shifts or the day did."""

    async def load(self) -> None:
        """Read everybody anew; with Postgres away, what is known stays, and the days move on."""
        async with self._loading:  # or what was read first could be kept last
            shifts = self.rota.shifts
            try:
                async with self._sessions() as store:
                    rows = (await store.scalars(select(models.Specialist))).all()
                    shifts = await planned.series(store, since=as_utc(self._now()) - planned.KEEP)
                    held = planned.by_holder(await planned.credentials(store))
                self._rows, self._held = rows, held
            except RECORD_AWAY as error:
                log.warning("the roster stays as it was: %s", type(error).__name__)
            await self._plan(shifts)

    def names(self, secrets: Secrets) -> dict[str, tuple[str, str]]:
        """Id to name (the login where there is none) and role, of everybody who is active."""
        return {
            row.id: (secrets.decrypt(row.name_cipher, NAME) if row.name_cipher else row.login, row.role)
            for row in self._rows
            if row.active
        }

    async def _plan(self, shifts: Sequence[Series]) -> None:
        """Beside the loop: a new day of some hundred shifts takes a tenth of a second."""
        today = as_utc(self._now())
        if (shifts, rota.since(today)) != (self.rota.shifts, self.rota.since):
            self.rota = await asyncio.to_thread(rota.compute, shifts, today)
        self._people = {row.id: self._planned(self.person(row)) for row in self._rows}

    def _planned(self, person: Person) -> Person:
        on_call = self.rota.on_call.get(person.id, ()) if person.role == Role.lead else ()
        return replace(person, line=self.rota.line.get(person.id, ()), on_call=on_call)

    def person(self, row: models.Specialist) -> Person:
        """What the row and the credentials say, without any shift."""
        return Person(
            id=row.id,
            role=Role(row.role),
            level=row.level or Level.junior,
            languages=tuple(row.languages),
            lanes=lanes_of(self._lines, row),
            active=row.active,
            always_on=row.always_on,
            needs=credentials.needs(self._held.get(row.id, ()), self._lines.required, self._lines.zone),
        )

    @property
    def people(self) -> Mapping[str, Person]:
        return self._people

    def get(self, spec: str) -> Person | None:
        return self._people.get(spec)

    def begin(self, row: models.Specialist, now: float) -> Session:
        """A new session of somebody who has just proved who they are."""
        person = self._planned(self.person(row))
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
        if person is None:
            on = session.always_on or now < session.on_until
            return Profile(session.spec, str(session.role), session.level, session.lanes, on)
        return Profile(session.spec, str(session.role), person.level, person.lanes_at(now), person.on_shift(now))


def _session(person: Person, id_: str, *, began: float, now: float) -> Session:
    lapses = person.lapses(now)  # a worker that knows nobody goes by the session alone: then it ends all of them
    always = person.always_on and lapses > now + LONGEST_S
    until = lapses if person.always_on else person.on_until(now)
    return Session(
        id=id_,
        spec=person.id,
        role=person.role,
        level=person.level,
        languages=person.languages,
        lanes=person.lanes_at(now),
        always_on=always,
        on_until=0 if always else int(min(until, lapses)),
        began=began,
        issued=round(now, 3),
    )


def lanes_of(lines: Lines, row: models.Specialist) -> tuple[str, ...]:
    """Lanes of the board that this person may take; none for those who sit at no console.

    A lead without lines of their own takes only what is open to anyone on shift.
    """
    if row.role not in ON_THE_LINE:
        return ()
    known = [line.routing for line in lines.by_id.values()]
    tiers = dict.fromkeys(row.lines, row.tier)
    return lanes_for_person(known, role=row.role, languages=row.languages, skills=row.skills, tiers=tiers)
