"""Resources as the carrier writes them: the official description's keys, RFC 2822 dates, numbers as strings."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from telephony.emulator.legs import Leg
from telephony.emulator.registry import Application, Message, Number
from telephony.emulator.rooms import Participant, Room

Json = dict[str, Any]

API_VERSION = "2010-04-01"
#: Call resources that hang below a call.
CALL_PARTS = (
    "events",
    "notifications",
    "payments",
    "recordings",
    "siprec",
    "streams",
    "transcriptions",
    "user_defined_message_subscriptions",
    "user_defined_messages",
)


def account_path(account_sid: str) -> str:
    """Where everything of an account lies."""
    return f"/{API_VERSION}/Accounts/{account_sid}"


def date(at: float | None) -> str | None:
    """`Tue, 31 Aug 2010 20:36:28 +0000`."""
    return None if at is None else format_datetime(datetime.fromtimestamp(int(at), UTC))


def formatted(number: str) -> str:
    """How the carrier shows a number: American ones in national form."""
    match = re.fullmatch(r"\+1(\d{3})(\d{3})(\d{4})", number)
    return f"({match[1]}) {match[2]}-{match[3]}" if match else number


def call_status_at(leg: Leg, at: float) -> str:
    """The status that the leg had at that time (a lagging reader's view); never before `queued`."""
    if leg.ended_at is not None and leg.ended_at <= at:
        return leg.status
    if leg.answered_at is not None and leg.answered_at <= at:
        return "in-progress"
    if leg.started_at is not None and leg.started_at <= at:
        return "ringing"
    return "queued"


def call(leg: Leg, at: float) -> Json:
    """A call as seen at that time."""
    path = f"{account_path(leg.net.account_sid)}/Calls/{leg.sid}"
    status = call_status_at(leg, at)
    over = leg.ended_at is not None and leg.ended_at <= at
    return {
        "sid": leg.sid,
        "account_sid": leg.net.account_sid,
        "api_version": API_VERSION,
        "date_created": date(leg.created_at),
        "date_updated": date(min(leg.updated_at, max(at, leg.created_at))),
        "parent_call_sid": leg.parent_sid or None,
        "to": leg.to,
        "to_formatted": formatted(leg.to),
        "from": leg.from_,
        "from_formatted": formatted(leg.from_),
        "phone_number_sid": leg.phone_number_sid or None,
        "status": status,
        "start_time": date(leg.started_at) if status != "queued" else None,
        "end_time": date(leg.ended_at) if over else None,
        "duration": str(leg.duration or 0) if over else None,
        "price": None,
        "price_unit": "USD",
        "direction": leg.direction,
        "answered_by": None,
        "forwarded_from": None,
        "group_sid": None,
        "caller_name": None,
        "queue_time": str(leg.queue_time_ms),
        "trunk_sid": None,
        "uri": f"{path}.json",
        "subresource_uris": {part: f"{path}/{_camel(part)}.json" for part in CALL_PARTS},
    }


def _camel(part: str) -> str:
    return "".join(word.capitalize() for word in part.split("_"))


def conference_status_at(room: Room, at: float) -> str:
    """`init`, `in-progress` or `completed`, as a reader of that time sees it."""
    if room.ended_at is not None and room.ended_at > at:
        return "in-progress"
    return room.status


def conference(room: Room, at: float) -> Json:
    """A conference as seen at that time."""
    path = f"{account_path(room.net.account_sid)}/Conferences/{room.sid}"
    status = conference_status_at(room, at)
    return {
        "sid": room.sid,
        "account_sid": room.net.account_sid,
        "api_version": API_VERSION,
        "date_created": date(room.created_at),
        "date_updated": date(min(room.updated_at, max(at, room.created_at))),
        "friendly_name": room.name,
        "region": room.region,
        "status": status,
        "uri": f"{path}.json",
        "subresource_uris": {"participants": f"{path}/Participants.json", "recordings": f"{path}/Recordings.json"},
        "reason_conference_ended": (room.reason_ended or None) if status == "completed" else None,
        "call_sid_ending_conference": (room.sid_ending or None) if status == "completed" else None,
    }


def participant(who: Participant) -> Json:
    """Somebody in a room, or on the way into it."""
    account_sid, room_sid, sid = who.leg.net.account_sid, who.room.sid, who.leg.sid
    return {
        "account_sid": account_sid,
        "call_sid": sid,
        "conference_sid": room_sid,
        "label": who.label or None,
        "date_created": date(who.created_at),
        "date_updated": date(who.updated_at),
        "muted": who.muted,
        "hold": who.hold,
        "coaching": who.coaching,
        "call_sid_to_coach": who.call_sid_to_coach or None,
        "start_conference_on_enter": who.start_conference_on_enter,
        "end_conference_on_exit": who.end_conference_on_exit,
        "status": who.status,
        "queue_time": str(who.queue_time_ms) if who.by_rest else None,
        "uri": f"{account_path(account_sid)}/Conferences/{room_sid}/Participants/{sid}.json",
    }


def number(owned: Number, account_sid: str, extras: Mapping[str, Any]) -> Json:
    """An incoming number; `extras` are the fields that the network itself has no use for."""
    return {
        "sid": owned.sid,
        "account_sid": account_sid,
        "api_version": API_VERSION,
        "date_created": date(owned.created_at),
        "date_updated": date(owned.updated_at),
        "phone_number": owned.phone_number,
        "friendly_name": owned.friendly_name or formatted(owned.phone_number),
        "capabilities": {"voice": True, "sms": True, "mms": False, "fax": False},
        "address_requirements": "none",
        "beta": False,
        "origin": "twilio",
        "status": "in-use",
        "type": "local",
        **_voice(owned),
        "voice_application_sid": owned.voice_application_sid or None,
        "voice_caller_id_lookup": extras.get("voice_caller_id_lookup", False),
        "voice_receive_mode": extras.get("voice_receive_mode", "voice"),
        "sms_url": owned.sms_url or None,
        "sms_method": owned.sms_method,
        "sms_fallback_url": owned.sms_fallback_url or None,
        "sms_fallback_method": owned.sms_fallback_method,
        "sms_application_sid": extras.get("sms_application_sid"),
        "trunk_sid": extras.get("trunk_sid"),
        "identity_sid": extras.get("identity_sid"),
        "address_sid": extras.get("address_sid"),
        "bundle_sid": extras.get("bundle_sid"),
        "emergency_status": owned.emergency_status,
        "emergency_address_sid": owned.emergency_address_sid or None,
        "emergency_address_status": "registered" if owned.emergency_address_sid else "unregistered",
        "uri": f"{account_path(account_sid)}/IncomingPhoneNumbers/{owned.sid}.json",
    }


def application(app: Application, account_sid: str, extras: Mapping[str, Any]) -> Json:
    """A TwiML application."""
    return {
        "sid": app.sid,
        "account_sid": account_sid,
        "api_version": API_VERSION,
        "date_created": date(app.created_at),
        "date_updated": date(app.updated_at),
        "friendly_name": app.friendly_name or None,
        **_voice(app),
        "voice_caller_id_lookup": extras.get("voice_caller_id_lookup", False),
        "sms_url": extras.get("sms_url"),
        "sms_method": extras.get("sms_method", "POST"),
        "sms_fallback_url": extras.get("sms_fallback_url"),
        "sms_fallback_method": extras.get("sms_fallback_method", "POST"),
        "sms_status_callback": extras.get("sms_status_callback"),
        "message_status_callback": extras.get("message_status_callback"),
        "public_application_connect_enabled": extras.get("public_application_connect_enabled", False),
        "uri": f"{account_path(account_sid)}/Applications/{app.sid}.json",
    }


def _voice(urls: Number | Application) -> Json:
    return {
        "voice_url": urls.voice_url or None,
        "voice_method": urls.voice_method,
        "voice_fallback_url": urls.voice_fallback_url or None,
        "voice_fallback_method": urls.voice_fallback_method,
        "status_callback": urls.status_callback or None,
        "status_callback_method": urls.status_callback_method,
    }


def message(sent: Message, account_sid: str) -> Json:
    """A text message."""
    path = f"{account_path(account_sid)}/Messages/{sent.sid}"
    return {
        "sid": sent.sid,
        "account_sid": account_sid,
        "api_version": API_VERSION,
        "date_created": date(sent.created_at),
        "date_updated": date(sent.sent_at or sent.created_at),
        "date_sent": date(sent.sent_at),
        "to": sent.to,
        "from": sent.from_,
        "body": sent.body,
        "num_segments": str(max(1, -(-len(sent.body) // 160))),
        "num_media": "0",
        "direction": "outbound-api",
        "status": sent.status,
        "price": None,
        "price_unit": "USD",
        "error_code": None,
        "error_message": None,
        "messaging_service_sid": None,
        "subresource_uris": {"media": f"{path}/Media.json"},
        "uri": f"{path}.json",
    }
