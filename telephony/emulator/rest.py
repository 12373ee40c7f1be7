"""The carrier's REST API, version 2010-04-01: routes, authentication, faults, errors, ledger entries."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from telephony.emulator import (
    rest_auth,
    rest_calls,
    rest_conferences,
    rest_errors,
    rest_messages,
    rest_numbers,
    rest_participants,
)
from telephony.emulator.refusal import Refusal
from telephony.emulator.rest_api import Api, Asked
from telephony.emulator.rest_errors import refuse
from telephony.emulator.rest_faults import BY_NAME
from telephony.emulator.rest_json import account_path

if TYPE_CHECKING:
    from telephony.emulator.network import Network

Handler = Callable[[Api, Asked], Awaitable[Response]]

#: Below an account: path, the resource's name in the ledger, and what each method does.
ROUTES: tuple[tuple[str, str, Mapping[str, Handler]], ...] = (
    ("Calls.json", "Calls", {"GET": rest_calls.listing, "POST": rest_calls.create}),
    (
        "Calls/{sid}.json",
        "Calls",
        {"GET": rest_calls.fetch, "POST": rest_calls.update, "DELETE": rest_calls.delete},
    ),
    ("Conferences.json", "Conferences", {"GET": rest_conferences.listing}),
    ("Conferences/{sid}.json", "Conferences", {"GET": rest_conferences.fetch, "POST": rest_conferences.update}),
    (
        "Conferences/{room}/Participants.json",
        "Participants",
        {"GET": rest_participants.listing, "POST": rest_participants.create},
    ),
    (
        "Conferences/{room}/Participants/{sid}.json",
        "Participants",
        {"GET": rest_participants.fetch, "POST": rest_participants.update, "DELETE": rest_participants.delete},
    ),
    (
        "IncomingPhoneNumbers.json",
        "IncomingPhoneNumbers",
        {"GET": rest_numbers.list_numbers, "POST": rest_numbers.create_number},
    ),
    (
        "IncomingPhoneNumbers/{sid}.json",
        "IncomingPhoneNumbers",
        {
            "GET": rest_numbers.fetch_number,
            "POST": rest_numbers.update_number,
            "DELETE": rest_numbers.delete_number,
        },
    ),
    (
        "Applications.json",
        "Applications",
        {"GET": rest_numbers.list_applications, "POST": rest_numbers.create_application},
    ),
    (
        "Applications/{sid}.json",
        "Applications",
        {
            "GET": rest_numbers.fetch_application,
            "POST": rest_numbers.update_application,
            "DELETE": rest_numbers.delete_application,
        },
    ),
    ("Messages.json", "Messages", {"GET": rest_messages.listing, "POST": rest_messages.create}),
    (
        "Messages/{sid}.json",
        "Messages",
        {"GET": rest_messages.fetch, "POST": rest_messages.update, "DELETE": rest_messages.delete},
    ),
)
METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE"]


def create_app(net: Network) -> Starlette:
    """The ASGI application that serves this network's account."""
    api, gate = Api(net), _Gate(net)
    routes = [
        Route(f"{account_path('{account}')}/{path}", gate.endpoint(api, resource, handlers), methods=METHODS)
        for path, resource, handlers in ROUTES
    ]
    sound = net.audio.routes() if net.audio is not None else []
    return Starlette(routes=[*routes, *sound, Route("/{path:path}", gate.endpoint(api, "", {}), methods=METHODS)])


class _Gate:
    """What every request passes: credentials, injected faults, and the ledger."""

    def __init__(self, net: Network) -> None:
        self._net = net
        self._in_flight = 0

    def endpoint(self, api: Api, resource: str, handlers: Mapping[str, Handler]) -> Callable[..., Awaitable[Response]]:
        """A Starlette endpoint that serves one path. The whole request is work in flight (T4)."""

        async def serve(request: Request) -> Response:
            with self._net.clock.busy():
                self._in_flight += 1
                try:
                    return await self._noted(api, resource, handlers, request)
                finally:
                    self._in_flight -= 1

        return serve

    async def _noted(self, api: Api, resource: str, handlers: Mapping[str, Handler], request: Request) -> Response:
        asked = await _read(request)
        fault = self._net.faults.rest.fate(self._net.rng, self._in_flight) if resource else ""
        try:
            self._check(request, resource, handlers)
            if fault and fault != "lost_answer":
                raise refuse(BY_NAME[fault])
            response = await handlers[request.method](api, asked)
            if fault:
                raise refuse(BY_NAME[fault])
        except Refusal as refusal:
            response = rest_errors.response(refusal)
        except Exception as error:
            self._net.crashes.append(error)  # an error of the emulator, not of the carrier
            raise
        facts = {"fault": fault} if fault else {}
        if asked.unknown:
            facts["unknown"] = ",".join(asked.unknown)
        self._net.ledger.add(
            "rest",
            asked.names.get("sid", ""),
            method=request.method,
            resource=resource,
            status=response.status_code,
            **facts,
        )
        return response

    def _check(self, request: Request, resource: str, handlers: Mapping[str, Handler]) -> None:
        net = self._net
        rest_auth.check(
            request.headers.get("authorization"), {net.account_sid: net.auth_token, net.api_key: net.api_secret}
        )
        if not resource:
            raise refuse(rest_errors.NOT_FOUND, request.url.path)
        if request.path_params["account"] != net.account_sid:
            raise refuse(rest_errors.NOT_AUTHENTICATED)
        if request.method not in handlers:
            raise refuse(rest_errors.METHOD_NOT_ALLOWED)


async def _read(request: Request) -> Asked:
    """The request's parts; blank values are values."""
    body = (await request.body()).decode("utf-8", "replace")
    return Asked(
        path=request.url.path,
        names=request.path_params,
        pairs=parse_qsl(request.url.query, keep_blank_values=True),
        fields=parse_qsl(body, keep_blank_values=True),
    )
