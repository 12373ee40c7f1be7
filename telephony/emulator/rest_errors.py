"""How REST refuses: one table of the carrier's codes and one body, `{"code", "message", "more_info", "status"}`."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import JSONResponse

from telephony.emulator.refusal import Refusal

#: Where every error body points to.
DOCS = "https://www.twilio.com/docs/errors"


@dataclass(frozen=True)
class Known:
    """One documented error: its code, the HTTP status it travels with and its words (with `{}` for one value)."""

    code: int
    status: int
    words: str


NOT_FOUND = Known(20404, 404, "The requested resource {} was not found")
NOT_COMPLETE = Known(20009, 409, "Cannot delete this resource before it is complete")
METHOD_NOT_ALLOWED = Known(20004, 405, "Method not allowed")
NOT_AUTHENTICATED = Known(20003, 401, "Authenticate")
TOO_MANY_REQUESTS = Known(20429, 429, "Too Many Requests")
UNAVAILABLE = Known(20503, 503, "Service is unavailable")
INTERNAL = Known(20500, 500, "An internal server error has occurred")
BAD_PARAMETER = Known(20001, 400, "Invalid parameter: {}")

# Calls and participants
NO_TO = Known(21201, 400, "No 'To' number is specified")
BAD_URL = Known(21205, 400, "Url parameter is missing or not a valid URL: {}")
BAD_TIMEOUT = Known(21208, 400, "Invalid Timeout: {}")
BAD_METHOD = Known(21209, 400, "Invalid Method: {}")
NOT_VERIFIED = Known(21210, 400, "The source phone number provided is not yet verified for your account")
BAD_TO = Known(21211, 400, "Invalid 'To' Phone Number")
BAD_FROM = Known(21212, 400, "Invalid 'From' Phone Number")
NO_FROM = Known(21213, 400, "'From' phone number is required")
BAD_APPLICATION = Known(21218, 400, "Invalid ApplicationSid: {}")
BAD_CALL_STATE = Known(21220, 400, "Call is not in-progress. Cannot redirect.")
BAD_STATUS_CALLBACK = Known(21609, 400, "Invalid 'StatusCallback' URL: {}")
BAD_EVENT = Known(21626, 400, "Invalid 'StatusCallbackEvent': {}")

# Conferences
CONFERENCE_FULL = Known(16020, 400, "Conference is full")
CONFERENCE_OVER = Known(16022, 400, "Conference does not exist or is completed")
BAD_LABEL = Known(16024, 400, "Participant label is invalid: at most 128 characters, no CallSid, no '/'")
LABEL_TAKEN = Known(16026, 400, "Participant label is in use by another participant")
COACHED_ON_HOLD = Known(16027, 400, "Participant to be whispered is on hold")
COACHED_ABSENT = Known(16028, 400, "Participant to be whispered is not present in the conference")

# Numbers and applications
BAD_NUMBER_URL = Known(21402, 400, "Invalid Url: {}")
BAD_NUMBER_METHOD = Known(21403, 400, "Invalid Method: {}")
NO_PRIMARY_URL = Known(21405, 400, "Cannot set VoiceFallbackUrl without setting Url")
NO_SUCH_APPLICATION = Known(21420, 400, "ApplicationSid is not accessible")
BAD_NUMBER = Known(21421, 400, "PhoneNumber is invalid")
NUMBER_TAKEN = Known(21422, 400, "PhoneNumber is not available")

# Messages
NO_MESSAGE_BODY = Known(21602, 400, "Message body is required.")
NO_MESSAGE_FROM = Known(21603, 400, "A 'From' phone number is required.")
NO_MESSAGE_TO = Known(21604, 400, "A 'To' phone number is required.")
MESSAGE_NOT_YOURS = Known(21606, 400, "The 'From' phone number is not a message-capable number of your account")
MESSAGE_TOO_LONG = Known(21617, 400, "The message body exceeds the 1600 character limit.")
MESSAGE_FINAL = Known(30409, 400, "The message is not in a state to be canceled")


def refuse(error: Known, value: str = "") -> Refusal:
    """The exception to raise; `value` goes where the words have `{}`."""
    return Refusal(error.status, error.code, error.words.replace("{}", value))


def response(refusal: Refusal) -> JSONResponse:
    """The documented body with its HTTP status."""
    headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'} if refusal.status == 401 else None
    body = {
        "code": refusal.code,
        "message": refusal.message,
        "more_info": f"{DOCS}/{refusal.code}",
        "status": refusal.status,
    }
    return JSONResponse(body, refusal.status, headers)
