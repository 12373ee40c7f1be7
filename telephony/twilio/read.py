"""Forms of the carrier into neutral events.

New fields appear without notice and fields go missing: only what identifies the event is required, everything else is
taken where it can be read and left out where not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from telephony import numbers
from telephony.carrier import BadBody, LegProgress, LegRequest, RoomEvent

LEG_SID = re.compile(r"CA[0-9a-fA-F]{32}")
ROOM_SID = re.compile(r"CF[0-9a-fA-F]{32}")
NAME = re.compile(r"[A-Za-z0-9_\-]{1,128}")
"""Rooms and labels: ours have no other characters."""
WORD = re.compile(r"[A-Za-z][A-Za-z0-9\-]{0,39}")
KEYS = re.compile(r"[0-9A-D*#]{0,32}")
ADDRESS = re.compile(r"(client|sip|app):[\x21-\x7e]{1,160}")
SMALL = re.compile(r"[0-9]{1,9}")
CUSTOM_MAX = 16
"""Parameters of a softphone that are kept, each up to `CUSTOM_CHARS` characters."""
CUSTOM_CHARS = 1024

_STANDARD = """
    AccountSid AddOns AnsweredBy ApiVersion ApplicationSid CallDuration CallSid CallStatus CallToken
    CallbackSource Called CalledCity CalledCountry CalledState CalledVia CalledZip Caller CallerCity
    CallerCountry CallerId CallerName CallerState CallerZip Confidence Debug DialBridged DialCallDuration
    DialCallSid DialCallStatus Digits Direction Duration ErrorCode ErrorUrl FinishedOnKey ForwardedFrom From
    FromCity FromCountry FromState FromZip Language ParentCallSid QueueResult QueueSid QueueTime
    SequenceNumber SipCallId SipDomain SipResponseCode SpeechResult StirPassportToken StirStatus StirVerstat
    Timestamp To ToCity ToCountry ToState ToZip msg
"""
STANDARD = frozenset(_STANDARD.split())
"""What the carrier itself sends with a leg's request; a softphone's parameters are the rest."""


def leg_request(
    form: Mapping[str, str], query: Mapping[str, str], *, idempotency_token: str | None = None
) -> LegRequest:
    """A leg asks for its document."""
    raw_from = form.get("From")
    return LegRequest(
        sid=_required(form, "CallSid", LEG_SID),
        from_=_address(raw_from),
        to=_address(form.get("To")),
        status=_match(form, "CallStatus", WORD) or "",
        direction=_match(form, "Direction", WORD) or "",
        digits=_match(form, "Digits", KEYS),
        query=query,
        custom=_custom(form) if (raw_from or "").startswith("client:") else {},
        dial_status=_match(form, "DialCallStatus", WORD),
        dial_sid=_match(form, "DialCallSid", LEG_SID),
        error_code=_match(form, "ErrorCode", SMALL),
        parent_sid=_match(form, "ParentCallSid", LEG_SID),
        verification=_match(form, "StirVerstat", WORD),
        idempotency_token=idempotency_token,
    )


def leg_progress(form: Mapping[str, str], query: Mapping[str, str]) -> LegProgress:
    """A call-progress callback."""
    return LegProgress(
        sid=_required(form, "CallSid", LEG_SID),
        status=_required(form, "CallStatus", WORD),
        sequence=_integer(form, "SequenceNumber"),
        at=_stamp(form),
        direction=_match(form, "Direction", WORD) or "",
        duration=_integer(form, "CallDuration"),
        sip_code=_integer(form, "SipResponseCode"),
        parent_sid=_match(form, "ParentCallSid", LEG_SID),
        query=query,
    )


def room_event(form: Mapping[str, str], query: Mapping[str, str]) -> RoomEvent:  # noqa: ARG001  one shape for all readers
    """A conference callback."""
    return RoomEvent(
        room=_required(form, "FriendlyName", NAME),
        room_sid=_required(form, "ConferenceSid", ROOM_SID),
        event=_required(form, "StatusCallbackEvent", WORD),
        sequence=_integer(form, "SequenceNumber"),
        at=_stamp(form),
        sid=_match(form, "CallSid", LEG_SID),
        label=_match(form, "ParticipantLabel", NAME),
        leg_status=_match(form, "ParticipantCallStatus", WORD),
        reason=_reason(form),
        muted=form.get("Muted") == "true",
        hold=form.get("Hold") == "true",
    )


def _match(form: Mapping[str, str], name: str, pattern: re.Pattern[str]) -> str | None:
    value = form.get(name)
    return value if value is not None and pattern.fullmatch(value) else None


def _required(form: Mapping[str, str], name: str, pattern: re.Pattern[str]) -> str:
    value = _match(form, name, pattern)
    if value is None:
        raise BadBody(name)
    return value


def _integer(form: Mapping[str, str], name: str) -> int | None:
    value = _match(form, name, SMALL)
    return None if value is None else int(value)


def _stamp(form: Mapping[str, str]) -> float | None:
    try:
        return parsedate_to_datetime(form["Timestamp"]).timestamp()
    except (KeyError, ValueError, TypeError, OverflowError, IndexError):
        return None


def _address(raw: str | None) -> str | None:
    """E.164, `client:…`, `sip:…`, or None when withheld, blank or unreadable."""
    raw = (raw or "").strip()
    return raw if ADDRESS.fullmatch(raw) else numbers.parse(raw)


def _reason(form: Mapping[str, str]) -> str | None:
    value = form.get("ReasonParticipantLeft") or form.get("ReasonConferenceEnded")
    return value if value and re.fullmatch(r"[a-z_\-]{1,60}", value) else None


def _custom(form: Mapping[str, str]) -> dict[str, str]:
    own = [(name, value) for name, value in form.items() if name not in STANDARD and len(value) <= CUSTOM_CHARS]
    return dict(own[:CUSTOM_MAX])
