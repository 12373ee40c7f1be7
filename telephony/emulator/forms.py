"""The parameters of webhooks, as the carrier sends them: blank values included."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from telephony.emulator.legs import Leg
    from telephony.emulator.rooms import Participant, Room

API_VERSION = "2010-04-01"


def rfc2822(at: float) -> str:
    """A time as the carrier writes it."""
    return format_datetime(datetime.fromtimestamp(at, UTC))


def leg_form(leg: Leg) -> dict[str, str]:
    """What every request about a leg carries."""
    form = {
        "CallSid": leg.sid,
        "AccountSid": leg.net.account_sid,
        "From": leg.from_,
        "To": leg.to,
        "Caller": leg.from_,
        "Called": leg.to,
        "CallStatus": leg.status,
        "ApiVersion": API_VERSION,
        "Direction": leg.direction,
        **_places("From", "Caller", leg.from_),
        **_places("To", "Called", leg.to),
        **leg.extras,
    }
    if leg.parent_sid:
        form["ParentCallSid"] = leg.parent_sid
    return form


def _places(name: str, other: str, number: str) -> dict[str, str]:
    if number.startswith("client:"):
        return {}
    country = "US" if number.startswith("+1") else ""
    place = {"City": "", "State": "", "Zip": "", "Country": country}
    return {f"{side}{key}": value for side in (name, other) for key, value in place.items()}


def progress_form(leg: Leg, status: str, sequence: int) -> dict[str, str]:
    """A call-progress callback."""
    form = leg_form(leg) | {
        "CallStatus": status,
        "Timestamp": rfc2822(leg.net.clock.now()),
        "CallbackSource": "call-progress-events",
        "SequenceNumber": str(sequence),
    }
    if not leg.live:
        seconds = leg.duration or 0
        form |= {"CallDuration": str(seconds), "Duration": str(-(-seconds // 60))}
        if leg.sip_code:
            form["SipResponseCode"] = str(leg.sip_code)
    return form


def room_form(room: Room) -> dict[str, str]:
    """What every request about a room carries."""
    return {
        "ConferenceSid": room.sid,
        "FriendlyName": room.name,
        "AccountSid": room.net.account_sid,
    }


def event_form(room: Room, event: str, sequence: int) -> dict[str, str]:
    """A conference callback."""
    return room_form(room) | {
        "StatusCallbackEvent": event,
        "SequenceNumber": str(sequence),
        "Timestamp": rfc2822(room.net.clock.now()),
    }


def participant_form(participant: Participant) -> dict[str, str]:
    """The part of a conference callback that is about one participant."""
    form = {
        "CallSid": participant.leg.sid,
        "Muted": _flag(participant.muted),
        "Hold": _flag(participant.hold),
        "Coaching": _flag(participant.coaching),
        "EndConferenceOnExit": _flag(participant.end_conference_on_exit),
        "StartConferenceOnEnter": _flag(participant.start_conference_on_enter),
    }
    if participant.coaching:
        form["CallSidToCoach"] = participant.call_sid_to_coach
    if participant.label:
        form["ParticipantLabel"] = participant.label
    return form


def _flag(value: bool) -> str:
    return "true" if value else "false"
