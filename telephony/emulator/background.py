"""What participants hear from the room itself: wait music, hold documents, announcements."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from telephony.emulator import sounds
from telephony.emulator.forms import leg_form, room_form
from telephony.emulator.twiml import Document, Verb, read
from telephony.emulator.webhooks import FetchFailed

if TYPE_CHECKING:
    from telephony.emulator.legs import Leg
    from telephony.emulator.rooms import Participant, Room

#: What a wait or hold document may contain: no Gather, and no loop of its own.
WAIT_VERBS = frozenset({"Say", "Play", "Pause", "Redirect"})
ANNOUNCE_VERBS = frozenset({"Say", "Play", "Pause"})
#: Heard where no wait or hold URL is given.
MUSIC = "the carrier's hold music"


@dataclass
class Background:
    """What is played to one participant, and why (`wait` or `hold` with its URL)."""

    why: str
    task: asyncio.Task[None]


def refresh(participant: Participant) -> None:
    """Begin, keep or stop what a participant hears, after any change in its room."""
    why, url, method = _due(participant)
    if participant.music is not None and participant.music.why == why:
        return
    silence(participant)
    if why and url != "":
        net = participant.room.net
        participant.music = Background(why, net.spawn(_play(participant, url, method, why)))


def silence(participant: Participant) -> None:
    """Stop what is played to a participant."""
    if participant.music is not None:
        participant.music.task.cancel()
        participant.music = None


def _due(participant: Participant) -> tuple[str, str | None, str]:
    room = participant.room
    if participant.hold:
        return f"hold {participant.hold_url}", participant.hold_url or None, participant.hold_method
    alone = len(room.participants) == 1 and room.net.assumptions.lone_hears_music
    if not room.started or alone:
        return f"wait {participant.wait_url}", participant.wait_url, participant.wait_method
    return "", None, ""


async def _play(participant: Participant, url: str | None, method: str, why: str) -> None:
    leg, room = participant.leg, participant.room
    if url is None:
        with leg.sound("music"):
            leg.hears("play", MUSIC)
            await asyncio.Event().wait()
        return
    try:
        first, participant.prefetched = participant.prefetched, None
        await run(room, leg, url, method, WAIT_VERBS, lambda: [leg], first)
    except FetchFailed as failure:
        room.net.ledger.add("document.failed", leg.sid, room.sid, code=failure.code, why=why)


async def run(
    room: Room,
    leg: Leg | None,
    url: str,
    method: str,
    allowed: frozenset[str],
    listeners: Callable[[], Sequence[Leg]],
    first: Document | None = None,
) -> None:
    """Fetch a document (or take the `first`) and play it to the listeners, following its Redirects."""
    target: str | None = url
    while target is not None:
        document = first or await fetch(room, leg, target, method)
        first = target = None
        for verb in allowed_verbs(room, leg, document, allowed):
            if verb.name == "Redirect":
                target, method = urljoin(document.url, verb.text), verb.attributes.get("method", "POST")
                if leg is not None:
                    await leg.breathe()
                break
            await sounds.perform(room.net, verb, document.url, listeners())


async def prefetch(participant: Participant) -> None:
    """Fetch the wait document of who is about to wait; raises `FetchFailed`, and then nobody enters (documented)."""
    room, url = participant.room, participant.wait_url
    starts = room.started or participant.start_conference_on_enter
    alone = not room.participants and room.net.assumptions.lone_hears_music
    if url and (alone or not starts):
        participant.prefetched = await fetch(room, participant.leg, url, participant.wait_method)


async def fetch(room: Room, leg: Leg | None, url: str, method: str) -> Document:
    """A document of the room's, with the room's parameters and (where it is for one leg) the leg's."""
    form = (leg_form(leg) if leg else {}) | room_form(room)
    sid = leg.sid if leg else ""
    return read(await room.net.webhooks.fetch(url, method, form, kind="room", sid=sid, room=room.sid))


def allowed_verbs(room: Room, leg: Leg | None, document: Document, allowed: frozenset[str]) -> list[Verb]:
    """The verbs that may run here; the others are warned about."""
    stray = [f"{v.name} is not allowed here" for v in document.verbs if v.name not in allowed]
    for warning in (*document.warnings, *stray):
        room.net.ledger.add("warning", leg.sid if leg else "", room.sid, code=12200, words=warning)
    return [v for v in document.verbs if v.name in allowed and not (v.name == "Play" and not v.text)]


async def announce(room: Room, url: str, method: str, only: Participant | None = None) -> None:
    """Play a document to everybody in the room who is not on hold, or to one participant, and tell how it ended."""

    def listeners() -> list[Leg]:
        if only is not None:
            return [only.leg] if only in room.participants else []
        return [p.leg for p in room.participants if not p.hold]

    try:
        await run(room, only.leg if only else None, url, method, ANNOUNCE_VERBS, listeners)
    except FetchFailed as failure:
        room.announcement("announcement-fail", only, AnnounceUrl=url, ReasonAnnouncementFailed=str(failure.code))
    else:
        room.announcement("announcement-end", only, AnnounceUrl=url)
