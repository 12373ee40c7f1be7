"""Whom a request may dial, and as whom: the rules that Calls and Participants share."""

from __future__ import annotations

from telephony.emulator import rest_errors as errors
from telephony.emulator.rest_api import Api
from telephony.emulator.rest_errors import refuse
from telephony.emulator.rest_forms import APP, CLIENT, E164, SIP, Form

#: What a call may tell its StatusCallback.
PROGRESS_EVENTS = frozenset({"initiated", "ringing", "answered", "completed"})


def check_ends(api: Api, form: Form) -> tuple[str, str]:
    """`To` and `From`, readable and allowed: a number shown as caller ID is the account's own or a verified one.

    With a `CallToken` the caller's own number may be shown (a forwarded call).
    """
    to, from_ = form.text("To"), form.text("From")
    if not to:
        raise refuse(errors.NO_TO)
    if not (E164.fullmatch(to) or CLIENT.fullmatch(to) or SIP.fullmatch(to) or APP.fullmatch(to)):
        raise refuse(errors.BAD_TO)
    if not from_:
        raise refuse(errors.NO_FROM)
    for shown in (from_, form.text("CallerId")):
        if shown:
            _check_caller_id(api, shown, to, bool(form.text("CallToken")))
    return to, from_


def _check_caller_id(api: Api, shown: str, to: str, forwarded: bool) -> None:
    is_number = bool(E164.fullmatch(shown))
    if not is_number and (E164.fullmatch(to) or not (CLIENT.fullmatch(shown) or shown.isprintable())):
        raise refuse(errors.BAD_FROM)
    if is_number and not forwarded and api.net.number(shown) is None and shown not in api.net.verified:
        raise refuse(errors.NOT_VERIFIED)
