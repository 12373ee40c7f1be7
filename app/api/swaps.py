"""Swaps of single shifts: one asks, the other accepts, and only then it counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from fastapi import APIRouter, Request
from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.api.access import Route, desk_of
from app.api.console import OnTheLine
from app.api.desk import Desk
from app.api.errors import Refused
from app.api.fields import Id, In, Out, PathId, RowId, Wall
from app.api.shifts import OnTheRota
from app.api.trail import note
from app.people import swaps as rules
from app.people.admin import set_changes
from app.people.roles import Role
from app.people.sessions import Session
from app.people.shifts import as_utc
from app.people.swaps import Named, Swap
from app.records import models, planned

router = APIRouter(route_class=Route, prefix="/api/swaps", tags=["shifts"])

#: Questions of one person that may be open at once.
OPEN_MAX = 50
#: Swaps in one answer, the latest first.
LISTED = 200


class NamedIn(In):
    """One shift of one day, as `/api/shifts/occurrences` names it."""

    shift_id: RowId
    original: Wall


class SwapIn(In):
    """`give` is one's own; `back` is one of the other's, in return, or nothing."""

    to: Id
    give: NamedIn
    back: NamedIn | None = None


class NamedOut(Out):
    shift_id: int
    original: datetime


class SwapOut(Out):
    id: str
    state: Literal["asked", "accepted", "declined", "withdrawn"]
    asker: str
    asked: str
    give: NamedOut
    back: NamedOut | None
    asked_at: datetime
    answered_at: datetime | None


@dataclass(frozen=True)
class _Person:
    role: Role
    active: bool


@router.get("")
async def swaps(request: Request, session: OnTheRota) -> list[SwapOut]:
    """What one has asked and been asked; leads and admins see all."""
    row = models.ShiftSwap
    query = select(row).order_by(row.asked_at.desc(), row.id).limit(LISTED)
    if session.role == Role.specialist:
        query = query.where(or_(row.asker == session.spec, row.asked == session.spec))
    async with desk_of(request).ctx.sessions() as store:
        return [_out(one) for one in await store.scalars(query)]


@router.post("", status_code=201)
async def ask(form: SwapIn, request: Request, session: OnTheLine) -> SwapOut:
    """Ask somebody to take one of one's shifts."""
    desk = desk_of(request)
    swap = Swap(session.spec, form.to, _named(form.give), _named(form.back) if form.back else None)
    async with desk.ctx.sessions.begin() as store:
        await _allowed(desk, store, swap)
        await _not_too_many(store, swap)
        row = models.ShiftSwap(id="w" + desk.ctx.new_id(), asker=swap.asker, asked=swap.asked, state="asked")
        row.shift_id, row.original, row.asked_at = swap.give.shift, swap.give.original, as_utc(desk.ctx.clock.now())
        if swap.back:
            row.back_shift_id, row.back_original = swap.back.shift, swap.back.original
        store.add(row)
        await store.flush()
        made = _out(row)
    await note(desk, session, "swap.ask", "swap", made.id)
    return made


@router.post("/{id}/accept")
async def accept(id: PathId, request: Request, session: OnTheLine) -> SwapOut:
    """Take the shift; what was to come in return goes the other way. Saying it again changes nothing."""
    desk = desk_of(request)
    async with desk.ctx.sessions.begin() as store:
        row = await _mine(store, id, "asked", session)
        if _answered(row, "accepted"):
            return _out(row)
        swap = _swap(row)
        shifts = await _allowed(desk, store, swap, accepting=True)
        for named, change in rules.accepted(swap, shifts).items():
            await set_changes(store, named.shift, [change])
        made = _answer(desk, row, "accepted")
    await note(desk, session, "swap.accept", "swap", id)
    await desk.roster.load()
    return made


@router.post("/{id}/decline")
async def decline(id: PathId, request: Request, session: OnTheLine) -> SwapOut:
    """Not this time: the shift stays whose it is."""
    return await _close(desk_of(request), id, session, "asked", "declined")


@router.post("/{id}/withdraw")
async def withdraw(id: PathId, request: Request, session: OnTheLine) -> SwapOut:
    """Take back what one has asked."""
    return await _close(desk_of(request), id, session, "asker", "withdrawn")


async def _close(desk: Desk, id: str, session: Session, by: str, state: str) -> SwapOut:
    async with desk.ctx.sessions.begin() as store:
        row = await _mine(store, id, by, session)
        made = _out(row) if _answered(row, state) else _answer(desk, row, state)
    await note(desk, session, f"swap.{state}", "swap", id)
    return made


async def _mine(store: AsyncSession, id: str, by: str, session: Session) -> models.ShiftSwap:
    """The swap, kept from others meanwhile; nobody learns of what is not theirs to answer."""
    row = await store.get(models.ShiftSwap, id, with_for_update=True)
    if row is None or getattr(row, by) != session.spec:
        raise Refused(404, "unknown", "There is no such swap for you to answer.")
    return row


def _answered(row: models.ShiftSwap, state: str) -> bool:
    """True when it was answered like this before; refused when it was answered in another way."""
    if row.state not in ("asked", state):
        raise Refused(409, "answered", f"This swap has been {row.state} already.")
    return row.state == state


def _answer(desk: Desk, row: models.ShiftSwap, state: str) -> SwapOut:
    row.state, row.answered_at = state, as_utc(desk.ctx.clock.now())
    return _out(row)


async def _allowed(desk: Desk, store: AsyncSession, swap: Swap, *, accepting: bool = False):
    """All shifts, where the swap can be made; its own are kept from others meanwhile when it is."""
    if accepting:
        await planned.series(store, *{named.shift for named, _, _ in swap.moves}, lock=True)
    shifts, person = await planned.series(store), models.Specialist
    rows = await store.execute(select(person.id, person.role, person.active))
    people = {id: _Person(Role(role), active) for id, role, active in rows}
    if refusal := rules.refusal(swap, shifts, people, as_utc(desk.ctx.clock.now())):
        raise Refused(409, "no_swap", refusal)
    return shifts


async def _not_too_many(store: AsyncSession, swap: Swap) -> None:
    row = models.ShiftSwap
    mine = select(row.asked, row.shift_id, row.original).where(row.asker == swap.asker, row.state == "asked")
    if (await store.scalar(select(func.count()).select_from(mine.subquery())) or 0) >= OPEN_MAX:
        raise Refused(409, "too_many", "Too many of your swaps wait for an answer. Withdraw some first.")
    same = (row.asked == swap.asked, row.shift_id == swap.give.shift, row.original == swap.give.original)
    if (await store.execute(mine.where(*same))).first():
        raise Refused(409, "asked", "You have asked them about this shift already.")


def _named(form: NamedIn) -> Named:
    return Named(form.shift_id, form.original)


def _swap(row: models.ShiftSwap) -> Swap:
    back = Named(row.back_shift_id, row.back_original) if row.back_shift_id and row.back_original else None
    return Swap(row.asker, row.asked, Named(row.shift_id, row.original), back)


def _out(row: models.ShiftSwap) -> SwapOut:
    back = NamedOut(shift_id=row.back_shift_id, original=row.back_original) if row.back_original else None  # pyright: ignore[reportArgumentType]
    return SwapOut(
        id=row.id,
        state=row.state,  # pyright: ignore[reportArgumentType]
        asker=row.asker,
        asked=row.asked,
        give=NamedOut(shift_id=row.shift_id, original=row.original),
        back=back,
        asked_at=row.asked_at,
        answered_at=row.answered_at,
    )
