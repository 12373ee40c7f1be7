"""What a caller hears: documents as pure functions of the board's state of the call (L2).

A late, repeated or reordered request is harmless, since each is answered from what is true when it comes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.lines import Line
from app.links import Links, Place
from app.plan import warm
from app.plan.hours import as_utc
from app.prompts import AFTER_WORDS_S, language_choices, say
from routing.board import CallView
from routing.states import Call, Role
from telephony.carrier import DialNumber, Document, Gather, Hangup, JoinRoom, Pause, Play, Redirect, Say

#: Seconds of silence for a key after the words and music of a turn.
KEY_S = 1
#: Milliseconds after a change in which the caller's next turn speaks of it.
NEWS_MS = 15_000
#: How often "do you still need someone" is asked before goodbye (H5).
ASK_TIMES = 2
#: Seconds that a backup telephone rings.
BACKUP_RING_S = 30
#: Causes of an end that no person gave: the carrier told us that the caller was gone.
BELIEVED_GONE = frozenset({"caller_gone", "agency_left"})
#: Turns from one offer to ring back to the next, of a caller who may choose it.
CALLBACK_EVERY = 3
#: Seconds for a key after a question about ringing back, and after its goodbye.
CHOICE_S = 6
#: Board causes of which a caller on hold is told, and the words for it.
NEWS = {name: name for name in ("lost", "left", "backup_failed", "returned", "partner_failed")} | {
    "rung_back": "returned"
}
#: The partner's Dial among those of the backup line, whose telephones count from 0.
PARTNER = -1
#: Milliseconds after the partner's yes in which its number is dialled: so long, and a little, somebody is kept free.
PASS_MS = 12_000
#: Seconds that a partner's number rings: a service answers at once.
PARTNER_RING_S = 15


@dataclass(frozen=True)
class Turn:
    """What a request says beside the board's state: its number, the key's meaning, how often we asked."""

    number: int = 0
    key: str = ""
    """`danger`, `crisis`, `language`, `still_needed`, or about ringing back `callback`, `callback_yes`, `callback_no`,
    `callback_stay`; or empty."""
    asked: int = 0


@dataclass(frozen=True)
class Voice:
    """What documents are made of: the line's words, our addresses, the backup's telephones."""

    line: Line
    links: Links
    backup_numbers: tuple[str, ...]
    caller_id: str
    partner_numbers: Mapping[str, str] = field(default_factory=dict[str, str])
    """By partner hotline: what is dialled there for who is passed on."""


def document_for(view: CallView, turn: Turn, voice: Voice) -> Document:
    """What this caller hears now. Always has a way on: a redirect, a room, a telephone, or a person's goodbye."""
    number = max(turn.number, view.turn)
    here = Place.of(view, number + 1)
    if view.state == Call.closed:
        return _closed(view, here, voice)
    if view.room_open:
        return _room(view, number, here, voice)
    if view.state == Call.backup_ringing and view.partner:
        number_there = voice.partner_numbers.get(view.partner, "")
        if number_there and view.now_ms - view.since_ms < PASS_MS:
            return dial_partner(view, voice, here, number_there)
        return _hold(view, "moment", here.next(number + 1, dialled=PARTNER), voice)
    if view.state == Call.backup_ringing and view.backup_index < len(voice.backup_numbers):
        words = "closed_backup" if view.closed else "backup"
        return dial_backup(voice, view.language, here, view.backup_index, words=words)
    if view.state in (Call.backup_ringing, Call.backup_talking):  # its telephone is gone: the next turn says so (H5)
        return _hold(view, "moment", here.next(number + 1, dialled=view.backup_index), voice)
    if view.backup_done:
        return _still_needed(view, turn, here, voice)
    if view.state == Call.callback or turn.key.startswith("callback"):
        return _callback(view, turn, here, voice)
    if view.state == Call.greeting:
        return greeting(voice, view.language, here, view.now_ms, closed=view.closed, over=view.over)
    return _hold(view, _news(view, turn, voice.line), here, voice)


def greeting(voice: Voice, language: str, here: Place, now_ms: int, *, closed: bool, over: bool = False) -> Document:
    """Short, and at once: who we are, the danger key, the other languages (H6). Every other key leads on as well. A
    warm line also names the key to the crisis line; when it is closed, when it opens; `over`, that others are first."""
    line = voice.line
    words = warm.INSTEAD["over"] if over else _own(line, "closed" if closed else "greeting")
    texts = line.words[language if language in line.words else line.languages[0]]
    said = say(line, language, words, opens=warm.opens(line.hours, as_utc(now_ms), texts) if closed else "")
    return _asking(voice, here, said, *language_choices(line, language))


def _own(line: Line, words: str) -> str:
    """The words of a warm line in place of the common ones."""
    return warm.INSTEAD.get(words, words) if line.crisis else words


def dial_backup(voice: Voice, language: str, here: Place, index: int, *, words: str) -> Document:
    """Ring a telephone of the backup line; the place on the board is kept meanwhile (H5)."""
    after = voice.links.hold(here.next(here.turn, dialled=index, nostore=here.nostore))
    dial = DialNumber(
        number=voice.backup_numbers[index],
        caller_id=voice.caller_id,
        action=after,
        screen_url=voice.links.screen(here.call, index),
        callback=voice.links.status(call=here.call, label=f"backup_{index}_{here.turn}"),
        timeout=BACKUP_RING_S,
    )
    return Document((say(voice.line, language, words), dial, Redirect(after)))


def dial_partner(view: CallView, voice: Voice, here: Place, number: str) -> Document:
    """Ring the partner hotline's number, which knows from us who comes; whatever becomes of it leads back here."""
    after = voice.links.hold(here.next(here.turn, dialled=PARTNER))
    dial = DialNumber(
        number=number,
        caller_id=voice.caller_id,
        action=after,
        screen_url="",
        callback=voice.links.status(call=here.call, label=f"partner_{view.partner}_{here.turn}"),
        timeout=PARTNER_RING_S,
    )
    return Document((say(voice.line, view.language, "passing_on"), dial, Redirect(after)))


def _asking(voice: Voice, here: Place, *prompts: Say | Play | Pause) -> Document:
    """Prompts that a key interrupts, then the next turn either way (H4)."""
    return Document((Gather(voice.links.hold(here), prompts, KEY_S),))


def hold(voice: Voice, language: str, words: str, here: Place) -> Document:
    """One turn of the hold loop: a piece of music, a short one after words."""
    if not words:
        return _asking(voice, here, Play(voice.links.music(here.turn)))
    return _asking(voice, here, say(voice.line, language, words), Play(voice.links.music(here.turn, AFTER_WORDS_S)))


def _hold(view: CallView, words: str, here: Place, voice: Voice) -> Document:
    return hold(voice, view.language, words, here)


def _news(view: CallView, turn: Turn, line: Line) -> str:
    """The prompt for this turn, or none: only what is true now, and not more often than helps."""
    if turn.key in ("danger", "language", "crisis"):
        return turn.key
    if view.state in (Call.reconnecting, Call.talking):
        return "reconnect"
    if view.cause in NEWS and view.now_ms - view.since_ms < NEWS_MS:
        return NEWS[view.cause]
    if turn.number <= 1:
        if view.via:
            return "passed_here"
        return _own(line, "closed_hold" if line.crisis and view.closed else "first_hold")
    waited_s = (view.now_ms - view.arrived_ms) / 1000
    if view.may_callback and (turn.number - max(view.callback_from, 1) - 1) % CALLBACK_EVERY == 0:
        return "callback_offer"
    due = [saying for saying in line.sayings if saying.from_s <= waited_s]
    return due[-1].words if due and turn.number % due[-1].every_turns == 0 else ""


def _callback(view: CallView, turn: Turn, here: Place, voice: Voice) -> Document:
    """We ring back, by the caller's own choice and only where that is safe (C4)."""
    if view.state == Call.callback:
        return _leaving(view, turn, here, voice)
    if turn.key == "callback" and view.may_callback:
        words = say(voice.line, view.language, "callback_safe")
        return Document((Gather(voice.links.hold(here.next(here.turn, ask="safe")), (words,), CHOICE_S),))
    if turn.key == "callback_no":
        return _hold(view, "callback_not", here, voice)
    return _hold(view, "callback_soon" if view.state == Call.offered else "still_here", here, voice)


def _leaving(view: CallView, turn: Turn, here: Place, voice: Voice) -> Document:
    """What will happen, and a moment to think better of it; then goodbye."""
    if turn.key != "callback_yes":
        return Document((say(voice.line, view.language, "callback_goodbye"), Hangup()))
    words = say(voice.line, view.language, "callback_taken")
    return Document((Gather(voice.links.hold(here.next(here.turn, ask="leaving")), (words,), CHOICE_S),))


def ring_back(line: Line, language: str, again: str) -> Document:
    """Whoever answers learns nothing; a voicemail presses no key (C4)."""
    words = say(line, language, "ring_back")
    return Document((Gather(again, (Pause(1), words, Pause(3), words), CHOICE_S, action_on_empty=False), Hangup()))


def _room(view: CallView, number: int, here: Place, voice: Voice) -> Document:
    """The caller's own place in the room; leaving it for whatever reason leads back here (L2)."""
    back = voice.links.hold(here)
    label = f"{Role.caller}_{view.id}_{number}"
    return Document((JoinRoom(view.room, label, start=True, action=back, callback=voice.links.room()), Redirect(back)))


def _still_needed(view: CallView, turn: Turn, here: Place, voice: Voice) -> Document:
    """The backup's human has gone: the caller says whether that was enough."""
    if turn.asked >= ASK_TIMES:
        return Document((say(voice.line, view.language, "goodbye_backup"), Hangup()))
    return _asking(
        voice, here.next(here.turn, asked=turn.asked + 1), say(voice.line, view.language, "still_needed"), Pause(4)
    )


def _closed(view: CallView, here: Place, voice: Voice) -> Document:
    """A person ended it: goodbye. Anything else would be a caller whom we believe gone: a human, at once."""
    if view.cause not in BELIEVED_GONE:
        return Document((say(voice.line, view.language, "goodbye"), Hangup()))
    if not voice.backup_numbers:
        return _hold(view, "moment", here, voice)
    return dial_backup(voice, view.language, here, here.turn % len(voice.backup_numbers), words="moment")
