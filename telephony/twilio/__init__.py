"""Twilio, read and written: requests become neutral events, documents become TwiML, `Carrier` is its REST API."""

from telephony.carrier import BadBody, BadDocument, BadSignature
from telephony.twilio.inbound import Form, Inbound, Signed
from telephony.twilio.read import leg_progress, leg_request, room_event
from telephony.twilio.rest import TwilioCarrier
from telephony.twilio.write import write

__all__ = [
    "BadBody",
    "BadDocument",
    "BadSignature",
    "Form",
    "Inbound",
    "Signed",
    "TwilioCarrier",
    "leg_progress",
    "leg_request",
    "room_event",
    "write",
]
