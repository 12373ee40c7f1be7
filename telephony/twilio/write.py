"""Documents into TwiML: one function writes the room for every role (L4), and all is checked before it leaves."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# (the official package has no types)

from __future__ import annotations

from typing import Any

from twilio.twiml.voice_response import Dial, VoiceResponse
from twilio.twiml.voice_response import Gather as GatherVerb

from telephony import twiml_check
from telephony.carrier import (
    DialNumber,
    Document,
    Gather,
    Hangup,
    JoinRoom,
    Pause,
    Play,
    Redirect,
    Reject,
    Say,
    Verb,
)

DAY_S = 86_400
"""Seconds a leg may last: the carrier's maximum, for accounts switched to it (L11)."""
ROOM_EVENTS = "start end join leave hold mute modify announcement"
LEG_EVENTS = "initiated ringing answered completed"


def write(document: Document, use: twiml_check.Use = "call") -> bytes:
    """TwiML, checked; `BadDocument` when the carrier would refuse it. `use` says who plays it (see `twiml_check`)."""
    response = VoiceResponse()
    for verb in document.verbs:
        _append(response, verb)
    xml = str(response).encode()
    twiml_check.check(xml, use)
    return xml


def _append(response: Any, verb: Verb) -> None:
    match verb:
        case Say() | Play() | Pause():
            _prompt(response, verb)
        case Gather():
            response.append(_gather(verb))
        case Redirect():
            response.redirect(verb.url, method="POST")
        case JoinRoom():
            response.append(_room(verb))
        case DialNumber():
            response.append(_number(verb))
        case Reject():
            response.reject(reason=verb.reason)
        case Hangup():
            response.hangup()


def _prompt(into: Any, prompt: Say | Play | Pause) -> None:
    match prompt:
        case Say():
            into.say(prompt.text, language=prompt.language)
        case Play():
            into.play(prompt.url)
        case Pause():
            into.pause(length=prompt.seconds)


def _gather(verb: Gather) -> Any:
    """One key, any key, at once (H4)."""
    gather = GatherVerb(
        input="dtmf",
        num_digits=1,
        finish_on_key="",
        timeout=verb.timeout,
        action=verb.action,
        method="POST",
        action_on_empty_result=verb.action_on_empty,
    )
    for prompt in verb.prompts:
        _prompt(gather, prompt)
    return gather


def _room(verb: JoinRoom) -> Any:
    """The same for every role: the first participant fixes the callbacks, and either may be first (L1, L4)."""
    dial = Dial(action=verb.action, method="POST", time_limit=DAY_S)
    dial.conference(
        verb.room,
        participant_label=verb.label,
        start_conference_on_enter=verb.start,
        end_conference_on_exit=False,
        muted=verb.muted,
        coach=verb.coach_sid,
        beep="false",
        wait_url="",
        status_callback=verb.callback,
        status_callback_method="POST",
        status_callback_event=ROOM_EVENTS,
    )
    return dial


def _number(verb: DialNumber) -> Any:
    dial = Dial(action=verb.action, method="POST", caller_id=verb.caller_id, timeout=verb.timeout, time_limit=DAY_S)
    dial.number(
        verb.number,
        url=verb.screen_url or None,
        method="POST" if verb.screen_url else None,
        status_callback=verb.callback,
        status_callback_method="POST",
        status_callback_event=LEG_EVENTS,
    )
    return dial
