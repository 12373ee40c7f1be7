"""Every error in one shape and in the user's words: `{"error": {"code", "message", "fields"?}}`."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.responses import Response

from app.people.stores import RECORD_AWAY
from routing.board import Answer, BoardAway, EpochChanged
from telephony.carrier import CarrierError

log = logging.getLogger(__name__)

#: Seconds after which asking again makes sense when a store is away.
RETRY_S = 1


class Refused(Exception):
    """The request is understood and not done; `message` says why, in the user's words."""

    def __init__(self, status: int, code: str, message: str, fields: Mapping[str, str] | None = None) -> None:
        super().__init__(code)
        self.status, self.code, self.message, self.fields = status, code, message, fields


def body(code: str, message: str, fields: Mapping[str, str] | None = None) -> dict[str, Any]:
    return {"error": {"code": code, "message": message} | ({"fields": dict(fields)} if fields else {})}


def answer(status: int, code: str, message: str, fields: Mapping[str, str] | None = None) -> JSONResponse:
    headers = {"Retry-After": str(RETRY_S)} if status == 503 else {}
    return JSONResponse(body(code, message, fields), status, headers | {"Cache-Control": "no-store"})


BOARD_WORDS = "The switchboard does not answer at the moment. Calls in progress go on. Please try again."
RECORD_WORDS = "The record cannot be reached at the moment. Keep what you typed and send it again in a minute."
CARRIER_WORDS = "The telephone network does not answer at the moment. Please try again."

#: What the board's reasons mean to a person, and which status carries them.
REASONS: Mapping[str, tuple[int, str]] = {
    "not_yours": (409, "This is no longer yours: somebody else has it, or the caller has gone."),
    "unknown": (404, "There is no such call, offer or handoff any more."),
    "wrong_state": (409, "That is not possible any more: the call has moved on."),
    "excluded": (409, "You have just declined this caller."),
    "needs_lead": (409, "Risk is high or a handoff is open: a lead must agree before this call is ended."),
    "busy": (409, "You are in another call: leave it first."),
    "no_room": (409, "Nobody speaks with this caller at the moment, so there is nothing to join."),
    "nobody_to_coach": (409, "The specialist is not in the room at the moment, so nobody would hear a whisper."),
    "join_first": (409, "Join the call first, so that the caller hears you; then take it over."),
    "asking": (409, "Somebody is being asked already: wait for their answer, or take it back first."),
    "not_free": (409, "This colleague is not free at the moment, or has just declined."),
    "not_warm": (409, "This is a call of the crisis line already: ask one of its people."),
    "nobody_free": (409, "Nobody whom you could ask is free at the moment. The call stays with you."),
    "ringing": (409, "An interpreter of another language is there or being rung: let them go first."),
    "not_there": (409, "Hand over once your colleague is in the room and can be heard. The call stays with you."),
    "away": (409, "This caller waits to be rung back: ring them first, or page the lead."),
    "unsafe": (409, "It is not safe to ring this caller. Close the callback with a reason."),
    "too_soon": (409, "Nobody answered a moment ago: try once more a minute after the last try."),
    "rung_enough": (409, "They were rung twice and did not answer. Close the callback, or leave it for later."),
    "verify": (
        503,
        "The switchboard has just restarted and checks the calls first. Please try again in a moment.",
    ),
}

#: Words for the statuses that the framework raises by itself.
STATUSES: Mapping[int, tuple[str, str]] = {
    400: ("bad_request", "This request could not be read."),
    404: ("not_found", "There is nothing at this address."),
    405: ("method_not_allowed", "This cannot be done at this address."),
    413: ("too_large", "This is too much text for one request."),
}


def refuse(answered: Answer) -> None:
    """Raise the board's refusal in words; do nothing when it agreed."""
    if not answered.ok:
        status, message = REASONS.get(answered.reason, (409, "That is not possible now."))
        raise Refused(status, answered.reason or "refused", message)


def install(app: FastAPI) -> None:
    """Handlers for everything a route may raise."""
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(BoardAway, _board_away)
    app.add_exception_handler(EpochChanged, _board_away)
    app.add_exception_handler(CarrierError, _carrier_away)
    for kind in RECORD_AWAY:
        app.add_exception_handler(kind, _record_away)


def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return answer(error.status, error.code, error.message, error.fields)


def _invalid(_: Request, error: Exception) -> Response:
    """Says which field is wrong and how; never repeats what was sent."""
    assert isinstance(error, RequestValidationError)
    fields = {_where(problem["loc"]): str(problem["msg"]) for problem in error.errors()}
    return answer(422, "invalid", "Something in this request is not right: " + _list(fields), fields)


def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code, message = STATUSES.get(error.status_code, ("refused", "This request was refused."))
    response = answer(error.status_code, code, message)
    response.headers.update(error.headers or {})
    return response


def _board_away(_: Request, _error: Exception) -> Response:
    return answer(503, "board_away", BOARD_WORDS)


def _carrier_away(_: Request, _error: Exception) -> Response:
    return answer(503, "carrier_away", CARRIER_WORDS)


def _record_away(_: Request, error: Exception) -> Response:
    log.warning("the record did not answer: %s", type(error).__name__)
    return answer(503, "record_away", RECORD_WORDS)


def _where(loc: Sequence[Any]) -> str:
    """Dotted, without the part that says where it was sent; positions in the text are no names."""
    return ".".join(str(part)[:40] for part in loc[1:] if not str(part).startswith("__")) or str(loc[0])


def _list(fields: Mapping[str, str]) -> str:
    return "; ".join(f"{name}: {message}" for name, message in list(fields.items())[:3]) + "."
