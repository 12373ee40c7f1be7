"""The Participants resource: dial somebody into a conference, and change or remove who is in it."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import contextmanager

from starlette.responses import JSONResponse, Response

from telephony.emulator import rest_conferences, rest_json
from telephony.emulator import rest_errors as errors
from telephony.emulator.refusal import Refusal
from telephony.emulator.rest_api import Api, Asked
from telephony.emulator.rest_dial import PROGRESS_EVENTS, check_ends
from telephony.emulator.rest_errors import refuse
from telephony.emulator.rest_forms import Form, names, one_of
from telephony.emulator.rooms import Participant

CREATE_FIELDS = names(
    """From To StatusCallback StatusCallbackMethod StatusCallbackEvent Label Timeout Record Muted Beep
    StartConferenceOnEnter EndConferenceOnExit WaitUrl WaitMethod EarlyMedia MaxParticipants ConferenceRecord
    ConferenceTrim ConferenceStatusCallback ConferenceStatusCallbackMethod ConferenceStatusCallbackEvent
    RecordingChannels RecordingStatusCallback RecordingStatusCallbackMethod SipAuthUsername SipAuthPassword Region
    ConferenceRecordingStatusCallback ConferenceRecordingStatusCallbackMethod RecordingStatusCallbackEvent
    ConferenceRecordingStatusCallbackEvent Coaching CallSidToCoach JitterBufferSize Byoc CallerId CallReason
    RecordingTrack TimeLimit MachineDetection MachineDetectionTimeout MachineDetectionSpeechThreshold
    MachineDetectionSpeechEndThreshold MachineDetectionSilenceTimeout AmdStatusCallback AmdStatusCallbackMethod Trim
    CallToken ClientNotificationUrl CallerDisplayName"""
)
UPDATE_FIELDS = names(
    """Muted Hold HoldUrl HoldMethod AnnounceUrl AnnounceMethod WaitUrl WaitMethod BeepOnExit EndConferenceOnExit
    Coaching CallSidToCoach"""
)
#: What a conference may tell its callback.
ROOM_EVENTS = frozenset({"start", "end", "join", "leave", "mute", "hold", "modify", "speaker", "announcement"})
BEEPS = ("true", "false", "onEnter", "onExit")

#: Seconds a telephone may ring; a softphone rings no longer than the second.
TIMEOUTS_S = (600, 60)
#: Seconds a call may last.
MOST_TIME_LIMIT_S = 86_400
#: Participants a conference may have.
MOST_PARTICIPANTS = 250
#: What the network calls by the codes of TwiML has codes of its own here.
REST_CODES = {16025: errors.LABEL_TAKEN, 13240: errors.COACHED_ABSENT}
#: Characters of a label.
MOST_LABEL = 128
CALL_SID = re.compile(r"CA[0-9a-fA-F]{32}")


async def create(api: Api, asked: Asked) -> Response:
    """Dial somebody into a conference: by name one is made if none is active, by SID it must be there."""
    form = asked.form(CREATE_FIELDS)
    to, from_ = check_ends(api, form)
    label, room = _label(form), asked.names["room"]
    if is_sid(room):
        _check_room(api, asked, room, label)
    with _rest_codes():
        who = await _create(api, form, room, to, from_, label)
    return JSONResponse({**rest_json.participant(who), "status": "queued"}, 201)


async def _create(api: Api, form: Form, room: str, to: str, from_: str, label: str) -> Participant:
    limit = TIMEOUTS_S[to.startswith("client:")]
    return await api.net.create_participant(
        room,
        to=to,
        from_=from_,
        label=label,
        muted=form.flag("Muted", False),
        beep=one_of(form.text("Beep") or "true", BEEPS, "Beep"),
        start_conference_on_enter=form.flag("StartConferenceOnEnter", True),
        end_conference_on_exit=form.flag("EndConferenceOnExit", False),
        coaching=form.flag("Coaching", False),
        call_sid_to_coach=form.text("CallSidToCoach"),
        wait_url=form.url("WaitUrl") if form.has("WaitUrl") else None,
        wait_method=form.method("WaitMethod"),
        max_participants=form.whole("MaxParticipants", 2, MOST_PARTICIPANTS, errors.BAD_PARAMETER) or MOST_PARTICIPANTS,
        timeout=form.whole("Timeout", 5, limit, errors.BAD_TIMEOUT) or 60,
        time_limit=form.whole("TimeLimit", 1, MOST_TIME_LIMIT_S, errors.BAD_PARAMETER),
        status_callback=form.url("StatusCallback", errors.BAD_STATUS_CALLBACK),
        status_callback_method=form.method("StatusCallbackMethod"),
        status_callback_event=form.events("StatusCallbackEvent", PROGRESS_EVENTS, "completed"),
        conference_status_callback=form.url("ConferenceStatusCallback", errors.BAD_STATUS_CALLBACK),
        conference_status_callback_method=form.method("ConferenceStatusCallbackMethod"),
        conference_status_callback_event=form.events("ConferenceStatusCallbackEvent", ROOM_EVENTS, "start end"),
        caller_id=form.text("CallerId"),
    )


async def fetch(api: Api, asked: Asked) -> Response:
    """One participant, by CallSid or label."""
    return JSONResponse(rest_json.participant(_find(api, asked)))


async def listing(api: Api, asked: Asked) -> Response:
    """Who is in the conference, or on the way into it, by Muted, Hold and Coaching, possibly a moment ago."""
    room = rest_conferences.find(api, asked, asked.names["room"])
    flags = Form(asked.pairs, frozenset())
    wanted, at = {name: flags.boolean(name.capitalize()) for name in ("muted", "hold", "coaching")}, api.list_time()

    def passes(who: Participant) -> bool:
        there = who.created_at <= at and (who.left_at is None or who.left_at > at)
        return there and all(value is None or getattr(who, name) == value for name, value in wanted.items())

    def render(who: Participant) -> rest_json.Json:
        return {**rest_json.participant(who), "status": who.status if who.left_at is None else "connected"}

    rows = sorted([*room.former, *room.participants, *room.pending], key=lambda who: who.created_at)
    return api.listed(asked, "participants", rows, key=lambda who: who.leg.sid, passes=passes, render=render)


async def update(api: Api, asked: Asked) -> Response:
    """Mute, hold, announce, coach; the conference is named by its SID, the participant by CallSid or label."""
    form = asked.form(UPDATE_FIELDS)
    who = _find(api, asked)
    with _rest_codes():
        who = await api.net.update_participant(
            who.room.sid,
            who.leg.sid,
            muted=form.boolean("Muted"),
            hold=form.boolean("Hold"),
            hold_url=form.url("HoldUrl"),
            hold_method=form.method("HoldMethod", "GET"),
            announce_url=form.url("AnnounceUrl"),
            announce_method=form.method("AnnounceMethod"),
            end_conference_on_exit=form.boolean("EndConferenceOnExit"),
            beep_on_exit=form.boolean("BeepOnExit"),
            coaching=form.boolean("Coaching"),
            call_sid_to_coach=form.text("CallSidToCoach"),
            wait_url=form.url("WaitUrl") if form.has("WaitUrl") else None,
            wait_method=form.method("WaitMethod"),
        )
    return JSONResponse(rest_json.participant(who))


async def delete(api: Api, asked: Asked) -> Response:
    """Remove somebody from the conference."""
    who = _find(api, asked)
    await api.net.remove_participant(who.room.sid, who.leg.sid)
    return Response(status_code=204)


@contextmanager
def _rest_codes() -> Generator[None]:
    """Translate the codes that TwiML reports into those of a request."""
    try:
        yield
    except Refusal as refusal:
        if refusal.code in REST_CODES:
            raise refuse(REST_CODES[refusal.code]) from refusal
        raise


def is_sid(room: str) -> bool:
    """Whether a conference is named by its SID; anything else is a friendly name."""
    return bool(re.fullmatch(r"CF[0-9a-fA-F]{32}", room))


def _check_room(api: Api, asked: Asked, room_sid: str, label: str) -> None:
    room = rest_conferences.find(api, asked, room_sid)
    if room.status == "completed":
        raise refuse(errors.CONFERENCE_OVER)
    if label and any(who.label == label for who in (*room.participants, *room.pending)):
        raise refuse(errors.LABEL_TAKEN)


def _label(form: Form) -> str:
    label = form.text("Label")
    if len(label) > MOST_LABEL or "/" in label or CALL_SID.fullmatch(label):
        raise refuse(errors.BAD_LABEL)
    return label


def _find(api: Api, asked: Asked) -> Participant:
    room = rest_conferences.find(api, asked, asked.names["room"])
    name = asked.sid
    for who in (*room.participants, *room.pending):
        if name in (who.leg.sid, who.label):
            return who
    raise asked.not_found()
