"""THE story of a call on one page: an event comes, the board moves, and somebody hears something.

What is heard is decided by `app.documents` from the board's answer alone (L2). Without the board, `app.nostore` goes on
with what the URL carries (S1, H5).
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import replace

from app import nostore
from app.context import Context
from app.documents import PARTNER, Turn, Voice, document_for, hold, ring_back
from app.keys import CALLBACK, read_key
from app.legs import call_of, ms, role_of
from app.lines import Line
from app.links import BadPlace, Links, Place, held_since
from app.nostore import Untold
from app.partners import agreed, asked, asking
from app.prompts import say
from app.secrets import NUMBER
from app.settings import Settings
from routing.board import BoardAway, Caller, CallView
from routing.states import Call, CallClass, Role
from telephony.carrier import (
    CarrierError,
    Document,
    Gather,
    Hangup,
    JoinRoom,
    LegProgress,
    LegRequest,
    Pause,
    Redirect,
    RoomEvent,
)

#: Seconds that the carrier may take to say since when somebody rings: the caller waits for their words meanwhile.
RING_S = 0.5
#: Roles whose entering starts the room (L4).
STARTERS = frozenset({Role.owner, Role.relief, Role.agency, Role.caller})
#: Words of a caller on hold: for a moment, and while owner and colleague talk alone.
HOLD_WORDS = frozenset({"hold", "consult"})
#: The key that whoever is rung back presses to be put through.
THROUGH = "1"
#: Seconds between the words that a caller on hold hears: with the words themselves about 8 (L10).
HOLD_PAUSE_S = 4


def call_id(settings: Settings, sid: str) -> str:
    """The call of a caller's leg: the same in every process and on every retry, also without a store."""
    key = settings.secret_key.get_secret_value().encode()
    return "c" + hmac.new(key, f"call:{sid}".encode(), hashlib.sha256).hexdigest()[:20]


async def incoming(ctx: Context, leg: LegRequest) -> Document:
    """Somebody rings."""
    call, line = call_id(ctx.settings, leg.sid), ctx.lines.dialled(leg.to)
    language, agency = line.languages[0], rings_back(ctx, leg.to)
    closed, day = not agency and line.closed_at(ctx.now_ms()), line.day_ms(ctx.now_ms())
    partner = asked.via(ctx, leg)
    try:
        who = Caller() if partner else _caller(ctx, leg)  # a partner's number is nobody's
        view = await ctx.moved(
            lambda: ctx.board.arrive(
                call, leg.sid, line.id, language, who, ring_back=agency, closed=closed, via=partner, day_ms=day
            )
        )
        if agency:
            view = await _turn(ctx, leg, Place.of(view, 1), key="")
    except BoardAway:
        return greeted(ctx, leg)
    if agency and not view.room_open:
        return hold(voice_of(ctx, line), language, "agency", Place.of(view, view.turn + 1))
    return document_for(view, Turn(), voice_of(ctx, line))


async def held(ctx: Context, leg: LegRequest) -> Document:
    """A hold turn, a key, the end of a Dial, or a leg that was moved: all of them ask here (L2)."""
    try:
        place = Place.read(leg.query)
    except BadPlace:
        return await returned(ctx, leg)
    voice = voice_of(ctx, ctx.lines.line(place.line))
    key, place = read_key(voice.line, leg.digits, place)
    try:
        view = await _turn(ctx, leg, place, key=key)
        if place.dialled is not None:
            view = await _dial_over(ctx, view, place.dialled)
    except BoardAway:
        return _without_board(ctx, leg, place, key)
    if view.line != voice.line.id:  # a warm line's call has become a crisis call
        voice = voice_of(ctx, ctx.lines.line(view.line))
    return document_for(view, Turn(place.turn, key, place.asked), voice)


async def returned(ctx: Context, leg: LegRequest) -> Document:
    """Back from the fallback document or after an error: the leg alone says who it is."""
    call, place, key = call_id(ctx.settings, leg.sid), None, ""
    try:
        view = await ctx.moved(lambda: ctx.board.call(call)) or await _rung_back(ctx, leg)
        place = Place.of(view, view.turn + 1) if view else await _unknown(ctx, leg)
        key, place = read_key(ctx.lines.line(place.line), leg.digits, place)
        moved = await _turn(ctx, leg, place, key=key)
        if moved.state == Call.backup_talking:  # its Dial has ended, or the leg could not ask
            moved = await _dial_over(ctx, moved, moved.backup_index)
    except BoardAway:
        if place is None:
            place = await _unknown(ctx, leg)
            key, place = read_key(ctx.lines.line(place.line), leg.digits, place)
        return _without_board(ctx, leg, replace(place, nostore=held_since(leg.query)), key)
    return document_for(moved, Turn(place.turn, key), voice_of(ctx, ctx.lines.line(moved.line)))


def greeted(ctx: Context, leg: LegRequest) -> Document:
    """The first ring's story has failed or takes too long: greeted as if there were no board."""
    here = _place(ctx, leg)
    if here.cls == CallClass.agency:
        return astray(ctx, leg)
    return nostore.arrived(voice_of(ctx, ctx.lines.line(here.line)), here, ctx.now_ms())


def astray(ctx: Context, leg: LegRequest) -> Document:
    """A later story has failed or takes too long: held with what the request itself carries."""
    try:
        place = Place.read(leg.query)
    except BadPlace:
        place = replace(_place(ctx, leg), nostore=held_since(leg.query))
    key, place = read_key(ctx.lines.line(place.line), leg.digits, place)
    return _without_board(ctx, leg, place, key)


def _without_board(ctx: Context, leg: LegRequest, place: Place, key: str) -> Document:
    """What a caller hears while the board is away. A danger key is told to it as soon as it is back: the caller may be
    ringing through to somebody, and make no turn for long (H6)."""
    if key == "danger":
        cls = place.cls if place.cls in nostore.GRAVE else CallClass.danger
        pressed = replace(place, cls=cls, nostore=place.nostore or ctx.now_ms(), dialled=None)
        nostore.keep(ctx, leg.sid, key, Untold(leg.sid, False, lambda: _turn(ctx, leg, pressed, key=key)))
    return nostore.turn(voice_of(ctx, ctx.lines.line(place.line)), place, key, ctx.now_ms())


async def _dial_over(ctx: Context, view: CallView, index: int) -> CallView:
    """The caller's Dial of a backup telephone, or of a partner's number, has ended."""
    if index == PARTNER and view.state == Call.backup_talking and view.partner:
        await asking.look(ctx, view)
    after = await ctx.moved(lambda: ctx.board.backup_over(view.id, dialled_index=index))
    return after if after.sid else view  # a board that was emptied just now knows nothing: the turn's answer stands


async def _turn(ctx: Context, leg: LegRequest, place: Place, *, key: str) -> CallView:
    return await ctx.moved(
        lambda: ctx.board.turn(
            place.call,
            leg.sid,
            line=place.line,
            language=place.language,
            cls=place.cls,
            arrived_ms=place.at,
            counter=place.n,
            turn=place.turn,
            danger=key == "danger",
            still_needed=key == "still_needed",
            away=place.nostore is not None,
            closed=place.cls != CallClass.agency and ctx.lines.line(place.line).closed_at(place.at),
            callback=CALLBACK.get(key, ""),
            day_ms=ctx.lines.line(place.line).day_ms(place.at),
            caller=_caller(ctx, leg),
        )
    )


def _place(ctx: Context, leg: LegRequest) -> Place:
    """The place of a caller of whom nothing is known but the leg: behind everybody, unless an agency rings back."""
    line = ctx.lines.dialled(leg.to)
    return Place(call_id(ctx.settings, leg.sid), line.id, line.languages[0], class_of(ctx, leg.to), ctx.now_ms(), 0, 1)


async def _unknown(ctx: Context, leg: LegRequest) -> Place:
    """That place, where the carrier tells in time since when the leg rings, from then on."""
    place = _place(ctx, leg)
    try:
        async with asyncio.timeout(RING_S):
            info = await ctx.carrier.leg(leg.sid)
    except (CarrierError, TimeoutError):
        return place
    return replace(place, at=int(info.started_at * 1000)) if info and info.started_at else place


async def specialist_leg(ctx: Context, leg: LegRequest) -> Document:
    """A softphone dials in: one token, one leg, one seat (L6)."""
    spec = (leg.from_ or "").removeprefix("client:")
    asked = {**leg.query, **leg.custom}
    offer, call, token = (asked.get(name, "") for name in ("offer", "call", "token"))
    line = ctx.lines.line("")
    try:
        seat = await ctx.moved(lambda: ctx.board.seat(spec, offer=offer, call=call, token=token, sid=leg.sid))
    except BoardAway:
        return Document((say(line, line.languages[0], "try_again"), Hangup()))
    if not seat.ok:
        return Document((say(line, line.languages[0], "not_yours"), Hangup()))
    links = Links(ctx.settings.public_url)
    room = JoinRoom(
        seat.room,
        seat.label,
        start=seat.role in STARTERS,
        action=links.leg_out(),
        callback=links.room(),
        muted=seat.muted,
        coach_sid=seat.coach_sid or None,
    )
    return Document((room, Hangup()))


async def backup_asked(ctx: Context, leg: LegRequest) -> Document:
    """A backup telephone has answered: a voicemail does not press 1 (H5)."""
    line = ctx.lines.line("")
    words = say(line, line.languages[0], "screen")
    key = Links(ctx.settings.public_url).screen_key(leg.query.get("call", ""), int(leg.query.get("i") or 0))
    return Document((Gather(key, (words, Pause(2), words), 5, action_on_empty=False), Hangup()))


async def backup_pressed(ctx: Context, leg: LegRequest) -> Document:
    """Key 1: the caller is theirs, unless a specialist was first. An empty document connects the two."""
    line, call = ctx.lines.line(""), leg.query.get("call", "")
    if leg.digits != "1":
        return Document((Hangup(),))
    pressed = Untold(leg.parent_sid or "", False, lambda: ctx.board.backup_answered(call, leg.sid))
    try:
        answer = await ctx.moved(pressed.move)
    except BoardAway:
        answer = None
    if answer is None or answer.reason == "unknown":  # it is told as soon as it is back, or knows of the call
        nostore.keep(ctx, leg.sid, "pressed", pressed)
        return Document()
    return Document() if answer.ok else Document((say(line, line.languages[0], "screen_late"), Hangup()))


async def rung(ctx: Context, leg: LegRequest) -> Document:
    """Somebody answers a telephone that a specialist has rung back: neutral words, and the key that puts them through
    to whoever rang, or back into the line at their place (C4)."""
    call, label, pressed = leg.query.get("call", ""), leg.query.get("label", ""), leg.digits == THROUGH
    again = Links(ctx.settings.public_url).rung(call, label)
    try:
        known = await ctx.moved(lambda: ctx.board.call(call))
        line = ctx.lines.line(known.line if known else "")
        told = await ctx.moved(lambda: ctx.board.rung(call, leg.sid, label, key=pressed))
    except BoardAway:
        return unrung(ctx, leg)
    if isinstance(told, CallView):
        return document_for(told, Turn(told.turn), voice_of(ctx, line))
    language = known.language if known else line.languages[0]
    return ring_back(line, language, again) if told.ok else Document((Hangup(),))


def unrung(ctx: Context, leg: LegRequest) -> Document:
    """The same without the board: whoever has pressed the key is a caller who waits."""
    call, label, line = leg.query.get("call", ""), leg.query.get("label", ""), ctx.lines.line("")
    if leg.digits != THROUGH:
        return ring_back(line, line.languages[0], Links(ctx.settings.public_url).rung(call, label))
    return _without_board(ctx, leg, replace(_place(ctx, leg), call=call), "")


async def _rung_back(ctx: Context, leg: LegRequest) -> CallView | None:
    """The call of a leg that we have rung: its id is not the leg's."""
    return await ctx.moved(lambda: ctx.board.call_of_leg(leg.sid)) if leg.direction != "inbound" else None


async def specialist_gone(_ctx: Context, _leg: LegRequest) -> Document:
    """A specialist's leg has left its room: the console dials in again where that is wanted (L8)."""
    return Document((Hangup(),))


def announced(ctx: Context, asked: Mapping[str, str]) -> Document:
    """What the board has announced into a room; on hold it is said again and again (L10)."""
    line, language, what = ctx.lines.line(asked.get("line", "")), asked.get("lang", ""), asked.get("what", "moment")
    words = say(line, language, what)
    if what not in HOLD_WORDS:
        return Document((words,))
    again = Links(ctx.settings.public_url).say(what, line.id, language)
    return Document((words, Pause(HOLD_PAUSE_S), Redirect(again)))


async def room_changed(ctx: Context, event: RoomEvent) -> None:
    """Somebody came into or left a call's room, or it has ended. What meets no board, or one that does not know the
    call yet, is told again (`app.missed`)."""
    told = _room_event(ctx, event)
    if told is None:
        return
    key = event.sid or event.room_sid, f"{event.event} {event.label} {event.room_sid}"
    try:
        if await ctx.moved(told.move) is None:
            nostore.keep(ctx, *key, told)
    except BoardAway:
        nostore.keep(ctx, *key, told)
        if event.event == "participant-leave" and role_of(event.label) != Role.caller:
            nostore.left_room(ctx, event.room_sid, event.sid or "")


def _room_event(ctx: Context, event: RoomEvent) -> Untold | None:
    call, at, board = call_of(event.room), ms(event.at), ctx.board
    sid, label, room_sid, room = event.sid or "", event.label or "", event.room_sid, event.room
    if event.event == "participant-join":
        return Untold("", False, lambda: board.leg_joined(call, sid, label, room_sid, at, room=room))
    if event.event == "participant-leave":
        return Untold("", False, lambda: board.leg_left(call, sid, label, at, room_sid=room_sid))
    if event.event == "conference-end":
        return Untold("", False, lambda: board.room_ended(call, room_sid, at))
    return None


async def leg_changed(ctx: Context, progress: LegProgress) -> None:
    """A leg's status. What meets no board, or a call that the board does not know, is told again (`app.missed`)."""
    told = _progress(ctx, progress)
    if told is None:
        return
    try:
        done = await _note(ctx, told)
    except BoardAway:
        nostore.keep(ctx, progress.sid, progress.status, told)
        raise
    if not done and told.caller:
        nostore.keep(ctx, progress.sid, progress.status, told)


async def _note(ctx: Context, told: Untold) -> bool:
    """Whether the board knows it now. Of a caller who was not heard from for two turns it is looked first whether
    somebody elsewhere has answered."""
    if told.end:
        view = await ctx.moved(lambda: ctx.board.call(call_id(ctx.settings, told.caller)))
        if view is None or view.state == Call.doubtful:
            return False
        if view.partner:
            await asking.look(ctx, view)
    return await ctx.moved(told.move) is not None


def _progress(ctx: Context, progress: LegProgress) -> Untold | None:
    """The caller's own leg is known by its SID, others say in their address whose they are."""
    call, board, at = progress.query.get("call", ""), ctx.board, ms(progress.at)
    sid, status, label = progress.sid, progress.status, progress.query.get("label", "")
    if call or progress.query.get("app") is not None:
        return Untold(
            progress.parent_sid or "", False, lambda: board.leg_status(call, sid, label, status=status, at_ms=at)
        )
    own = call_id(ctx.settings, sid)
    gone = Untold(sid, True, lambda: board.caller_gone(own, sid, status=status, side="caller", at_ms=at))
    return gone if progress.final else None


# ------------------------------------------------------------------------------------------ small things


def voice_of(ctx: Context, line: Line) -> Voice:
    settings = ctx.settings
    caller_id = settings.outbound_caller_id or line.number
    partners = {one.name: one.number for one in agreed.partners(ctx.lines.raw).values()}
    return Voice(line, Links(settings.public_url), tuple(settings.backup_numbers), caller_id, partners)


def rings_back(ctx: Context, to: str | None) -> bool:
    """An agency calls the number that agencies see: no menu, above all queues (C2)."""
    return bool(ctx.settings.emergency_caller_id) and to == ctx.settings.emergency_caller_id


def class_of(ctx: Context, to: str | None) -> str:
    """The class of who rings that number, as long as nobody says otherwise."""
    return CallClass.agency if rings_back(ctx, to) else ctx.lines.dialled(to).cls


def _caller(ctx: Context, leg: LegRequest) -> Caller:
    theirs = leg.to if leg.direction.startswith("outbound") else leg.from_
    return caller_of(ctx, theirs, leg.verification or "")


def caller_of(ctx: Context, from_: str | None, verification: str = "") -> Caller:
    """Who rings, as the board may know it (S7)."""
    if not (from_ or "").startswith("+") or not from_:
        return Caller(verification=verification)
    return Caller(ctx.secrets.number_hash(from_), ctx.secrets.encrypt(from_, NUMBER), False, verification)
