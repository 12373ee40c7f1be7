"""The IncomingPhoneNumbers and Applications resources: where calls ask for their first document."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from starlette.responses import JSONResponse, Response

from telephony.emulator import rest_errors as errors
from telephony.emulator import rest_json
from telephony.emulator.registry import Application, Number
from telephony.emulator.rest_api import Api, Asked
from telephony.emulator.rest_errors import refuse
from telephony.emulator.rest_forms import E164, Form, names, one_of

URLS = names("VoiceUrl VoiceFallbackUrl StatusCallback SmsUrl SmsFallbackUrl")
METHODS = names("VoiceMethod VoiceFallbackMethod StatusCallbackMethod SmsMethod SmsFallbackMethod")
NUMBER_FIELDS = (
    URLS
    | METHODS
    | names(
        """ApiVersion FriendlyName SmsApplicationSid VoiceApplicationSid VoiceCallerIdLookup EmergencyStatus
        EmergencyAddressSid TrunkSid IdentitySid AddressSid VoiceReceiveMode BundleSid"""
    )
)
NUMBER_CREATE_FIELDS = NUMBER_FIELDS | {"PhoneNumber", "AreaCode"}
NUMBER_UPDATE_FIELDS = NUMBER_FIELDS | {"AccountSid"}
APPLICATION_FIELDS = (
    URLS
    | METHODS
    | names(
        """ApiVersion VoiceCallerIdLookup SmsStatusCallback MessageStatusCallback FriendlyName
        PublicApplicationConnectEnabled"""
    )
)
#: Fields that hold true or false.
FLAGS = frozenset({"VoiceCallerIdLookup", "PublicApplicationConnectEnabled"})
CHOICES = {"EmergencyStatus": ("Active", "Inactive"), "VoiceReceiveMode": ("voice", "fax")}
#: Fields that are no property of the resource.
NO_PROPERTY = frozenset({"ApiVersion", "AccountSid", "PhoneNumber", "AreaCode"})


async def create_number(api: Api, asked: Asked) -> Response:
    """Own a number: the one asked for, or a fictional one of the area code."""
    form = asked.form(NUMBER_CREATE_FIELDS)
    phone_number = form.text("PhoneNumber") or _any_number(api, form.text("AreaCode"))
    if not E164.fullmatch(phone_number):
        raise refuse(errors.BAD_NUMBER)
    if api.net.number(phone_number) is not None:
        raise refuse(errors.NUMBER_TAKEN)
    values = _values(api, form, NUMBER_CREATE_FIELDS)
    _check_fallback(values.get("voice_url", ""), values)
    number = api.net.add_number(phone_number)
    _assign(api, number, values)
    return JSONResponse(_number(api, number), 201)


async def list_numbers(api: Api, asked: Asked) -> Response:
    """Numbers by PhoneNumber (or a part of it) and FriendlyName."""
    query = asked.query

    def passes(number: Number) -> bool:
        part = query.get("PhoneNumber", "").strip("*").lstrip("+")
        name = rest_json.number(number, api.net.account_sid, {})["friendly_name"]
        return part in number.phone_number and query.get("FriendlyName") in (None, "", name)

    rows = list(api.net.numbers.values())
    return api.listed(
        asked,
        "incoming_phone_numbers",
        rows,
        key=lambda number: number.sid,
        passes=passes,
        render=lambda number: _number(api, number),
    )


async def fetch_number(api: Api, asked: Asked) -> Response:
    """One number."""
    return JSONResponse(_number(api, _find_number(api, asked)))


async def update_number(api: Api, asked: Asked) -> Response:
    """Change where a number's calls go."""
    number = _find_number(api, asked)
    values = _values(api, asked.form(NUMBER_UPDATE_FIELDS), NUMBER_UPDATE_FIELDS)
    _check_fallback(number.voice_url, values)
    _assign(api, number, values)
    return JSONResponse(_number(api, number))


async def delete_number(api: Api, asked: Asked) -> Response:
    """Give a number back."""
    del api.net.numbers[_find_number(api, asked).sid]
    return Response(status_code=204)


async def create_application(api: Api, asked: Asked) -> Response:
    """Make a TwiML application."""
    values = _values(api, asked.form(APPLICATION_FIELDS), APPLICATION_FIELDS)
    _check_fallback(values.get("voice_url", ""), values)
    app = api.net.add_application()
    _assign(api, app, values)
    return JSONResponse(_application(api, app), 201)


async def list_applications(api: Api, asked: Asked) -> Response:
    """Applications by FriendlyName."""
    name = asked.query.get("FriendlyName")
    return api.listed(
        asked,
        "applications",
        list(api.net.applications.values()),
        key=lambda app: app.sid,
        passes=lambda app: name in (None, "", app.friendly_name),
        render=lambda app: _application(api, app),
    )


async def fetch_application(api: Api, asked: Asked) -> Response:
    """One application."""
    return JSONResponse(_application(api, _find_application(api, asked)))


async def update_application(api: Api, asked: Asked) -> Response:
    """Change where an application's calls go."""
    app = _find_application(api, asked)
    values = _values(api, asked.form(APPLICATION_FIELDS), APPLICATION_FIELDS)
    _check_fallback(app.voice_url, values)
    _assign(api, app, values)
    return JSONResponse(_application(api, app))


async def delete_application(api: Api, asked: Asked) -> Response:
    """Drop an application."""
    del api.net.applications[_find_application(api, asked).sid]
    return Response(status_code=204)


def _values(api: Api, form: Form, known: frozenset[str]) -> dict[str, Any]:
    """The given fields by their names in the answer, each checked."""
    values: dict[str, Any] = {}
    for name in sorted(known - NO_PROPERTY):
        if form.has(name):
            values[_snake(name)] = _value(api, form, name)
    return values


def _value(api: Api, form: Form, name: str) -> Any:
    if name in METHODS:
        return form.method(name, "POST", errors.BAD_NUMBER_METHOD)
    if name.endswith(("Url", "Callback")):
        return form.url(name, errors.BAD_NUMBER_URL)
    if name in FLAGS:
        return form.flag(name, False)
    if name in CHOICES:
        return one_of(form.text(name), CHOICES[name], name)
    if name.endswith("ApplicationSid") and form.text(name) and form.text(name) not in api.net.applications:
        raise refuse(errors.NO_SUCH_APPLICATION)
    return form.text(name)


def _check_fallback(voice_url: str, values: Mapping[str, Any]) -> None:
    """A fallback without a primary URL is refused (21405)."""
    if values.get("voice_fallback_url") and not values.get("voice_url", voice_url):
        raise refuse(errors.NO_PRIMARY_URL)


def _assign(api: Api, owned: Number | Application, values: Mapping[str, Any]) -> None:
    own = {each.name for each in fields(owned)}
    for name, value in values.items():
        if name in own:
            setattr(owned, name, value)
        else:
            api.extras.setdefault(owned.sid, {})[name] = None if value == "" else value
    owned.updated_at = api.net.clock.now()


def _any_number(api: Api, area: str) -> str:
    """A free number of the range kept for fiction, in the area code."""
    if area and not re.fullmatch(r"[2-9]\d\d", area):
        raise refuse(errors.BAD_PARAMETER, "AreaCode")
    free = (f"+1{area or '202'}55501{last:02d}" for last in range(100))
    return next((number for number in free if api.net.number(number) is None), "")


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _number(api: Api, number: Number) -> rest_json.Json:
    return rest_json.number(number, api.net.account_sid, api.extras.get(number.sid, {}))


def _application(api: Api, app: Application) -> rest_json.Json:
    return rest_json.application(app, api.net.account_sid, api.extras.get(app.sid, {}))


def _find_number(api: Api, asked: Asked) -> Number:
    number = api.net.numbers.get(asked.sid)
    if number is None:
        raise asked.not_found()
    return number


def _find_application(api: Api, asked: Asked) -> Application:
    app = api.net.applications.get(asked.sid)
    if app is None:
        raise asked.not_found()
    return app
