"""The Calls resource."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from telephony.emulator import rest_errors as errors
from telephony.emulator import rest_json
from telephony.emulator.legs import FINAL, Leg
from telephony.emulator.rest_api import Api, Asked
from telephony.emulator.rest_dial import PROGRESS_EVENTS, check_ends
from telephony.emulator.rest_errors import refuse
from telephony.emulator.rest_forms import Form, day_filter, names, one_of

CREATE_FIELDS = names(
    """To From Method FallbackUrl FallbackMethod StatusCallback StatusCallbackEvent StatusCallbackMethod SendDigits
    Timeout Record RecordingChannels RecordingStatusCallback RecordingStatusCallbackMethod SipAuthUsername
    SipAuthPassword MachineDetection MachineDetectionTimeout RecordingStatusCallbackEvent Trim CallerId
    MachineDetectionSpeechThreshold MachineDetectionSpeechEndThreshold MachineDetectionSilenceTimeout AsyncAmd
    AsyncAmdStatusCallback AsyncAmdStatusCallbackMethod Byoc CallReason CallToken RecordingTrack TimeLimit
    ClientNotificationUrl Url Twiml ApplicationSid"""
)
UPDATE_FIELDS = names(
    "Url Method Status FallbackUrl FallbackMethod StatusCallback StatusCallbackMethod Twiml TimeLimit"
)
STATUSES = ("queued", "ringing", "in-progress", "completed", "busy", "failed", "no-answer", "canceled")

#: Characters of TwiML that a request may carry itself.
MOST_TWIML = 4000
#: Seconds a telephone may ring.
MOST_TIMEOUT_S = 600
#: Seconds a call may last.
MOST_TIME_LIMIT_S = 86_400


async def create(api: Api, asked: Asked) -> Response:
    """Dial somebody and run a document, given as an address, as TwiML or by an application."""
    form = asked.form(CREATE_FIELDS)
    to, from_ = check_ends(api, form)
    url, twiml, application = form.url("Url"), form.text("Twiml"), form.text("ApplicationSid")
    _check_twiml(twiml)
    if application and application not in api.net.applications:
        raise refuse(errors.BAD_APPLICATION, application)
    if not (url or twiml or application):
        raise refuse(errors.BAD_URL, "Url")
    leg = await api.net.create_call(
        to=to,
        from_=from_,
        url=url,
        twiml="" if url else twiml,
        application_sid=application,
        method=form.method("Method"),
        fallback_url=form.url("FallbackUrl"),
        fallback_method=form.method("FallbackMethod"),
        status_callback=form.url("StatusCallback", errors.BAD_STATUS_CALLBACK),
        status_callback_method=form.method("StatusCallbackMethod"),
        status_callback_event=form.events("StatusCallbackEvent", PROGRESS_EVENTS, "completed"),
        timeout=form.whole("Timeout", 1, MOST_TIMEOUT_S, errors.BAD_TIMEOUT) or 60,
        time_limit=_time_limit(form),
    )
    # The answer shows the call as it was queued, however far it is by now.
    return JSONResponse({**rest_json.call(leg, leg.created_at), "status": "queued", "start_time": None}, 201)


async def fetch(api: Api, asked: Asked) -> Response:
    """One call, possibly as it was a moment ago."""
    return JSONResponse(rest_json.call(_leg(api, asked), api.fetch_time()))


async def listing(api: Api, asked: Asked) -> Response:
    """Calls by To, From, ParentCallSid, Status, StartTime and EndTime, possibly as they were a moment ago."""
    query, at = asked.query, api.list_time()
    started, ended = day_filter(query, "StartTime"), day_filter(query, "EndTime")
    status = one_of(query["Status"], STATUSES, "Status") if query.get("Status") else ""

    def passes(leg: Leg) -> bool:
        return (
            leg.created_at <= at
            and query.get("To") in (None, "", leg.to)
            and query.get("From") in (None, "", leg.from_)
            and query.get("ParentCallSid") in (None, "", leg.parent_sid)
            and status in ("", rest_json.call_status_at(leg, at))
            and started(leg.started_at)
            and ended(leg.ended_at if leg.ended_at is not None and leg.ended_at <= at else None)
        )

    legs = list(api.net.legs.values())
    return api.listed(
        asked, "calls", legs, key=lambda leg: leg.sid, passes=passes, render=lambda leg: rest_json.call(leg, at)
    )


async def update(api: Api, asked: Asked) -> Response:
    """Move a live call to another document, or end it."""
    form = asked.form(UPDATE_FIELDS)
    leg = _leg(api, asked)
    status, twiml = form.text("Status"), form.text("Twiml")
    if status:
        one_of(status, ("canceled", "completed"), "Status")
    _check_twiml(twiml)
    if form.text("FallbackUrl") and not (form.text("Url") or twiml):
        raise refuse(errors.NO_PRIMARY_URL)
    leg = await api.net.update_call(
        leg.sid,
        url=form.url("Url"),
        twiml="" if form.text("Url") else twiml,
        method=form.method("Method"),
        fallback_url=form.url("FallbackUrl"),
        fallback_method=form.method("FallbackMethod"),
        status=status,
        status_callback=form.url("StatusCallback", errors.BAD_STATUS_CALLBACK),
        status_callback_method=form.method("StatusCallbackMethod"),
        time_limit=_time_limit(form),
    )
    return JSONResponse(rest_json.call(leg, api.net.clock.now()))


async def delete(api: Api, asked: Asked) -> Response:
    """Forget a call that is over."""
    leg = _leg(api, asked)
    if leg.status not in FINAL:
        raise refuse(errors.NOT_COMPLETE)
    api.deleted.add(leg.sid)
    return Response(status_code=204)


def _leg(api: Api, asked: Asked) -> Leg:
    leg = api.net.legs.get(asked.sid)
    if leg is None or leg.sid in api.deleted:
        raise asked.not_found()
    return leg


def _check_twiml(twiml: str) -> None:
    if len(twiml) > MOST_TWIML:
        raise refuse(errors.BAD_PARAMETER, f"Twiml is longer than {MOST_TWIML} characters")


def _time_limit(form: Form) -> int | None:
    return form.whole("TimeLimit", 1, MOST_TIME_LIMIT_S, errors.BAD_PARAMETER)
