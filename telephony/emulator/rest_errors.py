"""How the carrier refuses: one table of codes, one exception, one body `{"code", "message", "more_info", "status"}`."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import JSONResponse

#: Where every error body points to.
DOCS = "https://www.twilio.com/docs/errors"


@dataclass(frozen=True)
class Refusal:
    """One documented error: its code, the HTTP status it travels with and its words (with `{}` for one value)."""

    code: int
    status: int
    words: str


NOT_FOUND = Refusal(20404, 404, "The requested resource {} was not found")
METHOD_NOT_ALLOWED = Refusal(20004, 405, "Method not allowed")
NOT_AUTHENTICATED = Refusal(20003, 401, "Authenticate")
TOO_MANY_REQUESTS = Refusal(20429, 429, "Too Many Requests")
UNAVAILABLE = Refusal(20503, 503, "Service is unavailable")
BAD_PARAMETER = Refusal(20001, 400, "Invalid parameter: {}")

# Calls and participants
NO_TO = Refusal(21201, 400, "No 'To' number is specified")
BAD_URL = Refusal(21205, 400, "Url parameter is missing or not a valid URL: {}")
BAD_TIMEOUT = Refusal(21208, 400, "Invalid Timeout: {}")
BAD_METHOD = Refusal(21209, 400, "Invalid Method: {}")
NOT_VERIFIED = Refusal(21210, 400, "The source phone number provided is not yet verified for your account")
BAD_TO = Refusal(21211, 400, "Invalid 'To' Phone Number")
BAD_FROM = Refusal(21212, 400, "Invalid 'From' Phone Number")
NO_FROM = Refusal(21213, 400, "'From' phone number is required")
BAD_APPLICATION = Refusal(21218, 400, "Invalid ApplicationSid: {}")
BAD_CALL_STATE = Refusal(21220, 400, "Call is not in-progress. Cannot redirect.")
BAD_STATUS_CALLBACK = Refusal(21609, 400, "Invalid 'StatusCallback' URL: {}")
BAD_EVENT = Refusal(21626, 400, "Invalid 'StatusCallbackEvent': {}")

# Conferences
CONFERENCE_FULL = Refusal(16020, 400, "Conference is full")
CONFERENCE_OVER = Refusal(16022, 400, "Conference does not exist or is completed")
BAD_LABEL = Refusal(16024, 400, "Participant label is invalid: at most 128 characters, no CallSid, no '/'")
LABEL_TAKEN = Refusal(16026, 400, "Participant label is in use by another participant")
COACHED_ON_HOLD = Refusal(16027, 400, "Participant to be whispered is on hold")
COACHED_ABSENT = Refusal(16028, 400, "Participant to be whispered is not present in the conference")

# Numbers and applications
BAD_NUMBER_URL = Refusal(21402, 400, "Invalid Url: {}")
BAD_NUMBER_METHOD = Refusal(21403, 400, "Invalid Method: {}")
NO_PRIMARY_URL = Refusal(21405, 400, "Cannot set VoiceFallbackUrl without setting Url")
NO_SUCH_APPLICATION = Refusal(21420, 400, "ApplicationSid is not accessible")
BAD_NUMBER = Refusal(21421, 400, "PhoneNumber is invalid")
NUMBER_TAKEN = Refusal(21422, 400, "PhoneNumber is not available")

# Messages
NO_MESSAGE_BODY = Refusal(21602, 400, "Message body is required.")
NO_MESSAGE_FROM = Refusal(21603, 400, "A 'From' phone number is required.")
NO_MESSAGE_TO = Refusal(21604, 400, "A 'To' phone number is required.")
MESSAGE_NOT_YOURS = Refusal(21606, 400, "The 'From' phone number is not a message-capable number of your account")
MESSAGE_TOO_LONG = Refusal(21617, 400, "The message body exceeds the 1600 character limit.")
MESSAGE_FINAL = Refusal(30409, 400, "The message is not in a state to be canceled")


class RestError(Exception):
    """A request that the carrier refuses."""

    def __init__(self, refusal: Refusal, value: str = "") -> None:
        super().__init__(refusal.code)
        self.refusal = refusal
        self.value = value

    def response(self) -> JSONResponse:
        """The documented body with its HTTP status."""
        refusal = self.refusal
        headers = {"WWW-Authenticate": 'Basic realm="Twilio API"'} if refusal.status == 401 else None
        body = {
            "code": refusal.code,
            "message": refusal.words.replace("{}", self.value),
            "more_info": f"{DOCS}/{refusal.code}",
            "status": refusal.status,
        }
        return JSONResponse(body, refusal.status, headers)
