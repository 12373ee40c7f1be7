"""The Messages resource: texts are kept and listed, and go nowhere."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from telephony.emulator import rest_errors as errors
from telephony.emulator import rest_json
from telephony.emulator.registry import Message
from telephony.emulator.rest_api import Api, Asked
from telephony.emulator.rest_errors import refuse
from telephony.emulator.rest_forms import E164, day_filter, names, one_of

CREATE_FIELDS = names(
    """To StatusCallback ApplicationSid MaxPrice ProvideFeedback Attempt ValidityPeriod ForceDelivery ContentRetention
    AddressRetention SmartEncoded PersistentAction TrafficType ShortenUrls ScheduleType SendAt SendAsMms
    ContentVariables RiskCheck From FallbackFrom MessagingServiceSid Body MediaUrl ContentSid"""
)
UPDATE_FIELDS = frozenset({"Body", "Status"})
#: Characters of one message.
MOST_BODY = 1600


async def create(api: Api, asked: Asked) -> Response:
    """Take a message from a number of the account's own."""
    form = asked.form(CREATE_FIELDS)
    to, from_, body = form.text("To"), form.text("From"), form.text("Body")
    if not to:
        raise refuse(errors.NO_MESSAGE_TO)
    if not E164.fullmatch(to):
        raise refuse(errors.BAD_TO)
    if not from_:
        raise refuse(errors.NO_MESSAGE_FROM)
    if api.net.number(from_) is None:
        raise refuse(errors.MESSAGE_NOT_YOURS)
    if not (body or form.text("MediaUrl") or form.text("ContentSid")):
        raise refuse(errors.NO_MESSAGE_BODY)
    if len(body) > MOST_BODY:
        raise refuse(errors.MESSAGE_TOO_LONG)
    callback = form.url("StatusCallback", errors.BAD_STATUS_CALLBACK)
    sent = api.net.send_message(to=to, from_=from_, body=body, status_callback=callback)
    return JSONResponse(rest_json.message(sent, api.net.account_sid), 201)


async def fetch(api: Api, asked: Asked) -> Response:
    """One message."""
    return JSONResponse(rest_json.message(_find(api, asked), api.net.account_sid))


async def listing(api: Api, asked: Asked) -> Response:
    """Messages by To, From and DateSent."""
    query, sent = asked.query, day_filter(asked.query, "DateSent")

    def passes(each: Message) -> bool:
        ends = query.get("To") in (None, "", each.to) and query.get("From") in (None, "", each.from_)
        return ends and sent(each.sent_at or each.created_at)

    return api.listed(
        asked,
        "messages",
        api.net.messages,
        key=lambda each: each.sid,
        passes=passes,
        render=lambda each: rest_json.message(each, api.net.account_sid),
    )


async def update(api: Api, asked: Asked) -> Response:
    """Blank a message's text, or cancel one that has not been sent."""
    form = asked.form(UPDATE_FIELDS)
    message = _find(api, asked)
    if form.text("Status"):
        one_of(form.text("Status"), ("canceled",), "Status")
        if message.status not in ("queued", "accepted", "scheduled"):
            raise refuse(errors.MESSAGE_FINAL)
        message.status = "canceled"
    if form.has("Body"):
        if form.text("Body"):
            raise refuse(errors.BAD_PARAMETER, "Body can only be blanked")
        message.body = ""
    return JSONResponse(rest_json.message(message, api.net.account_sid))


async def delete(api: Api, asked: Asked) -> Response:
    """Forget a message."""
    api.deleted.add(_find(api, asked).sid)
    return Response(status_code=204)


def _find(api: Api, asked: Asked) -> Message:
    for message in api.net.messages:
        if message.sid == asked.sid and message.sid not in api.deleted:
            return message
    raise asked.not_found()
