"""The carrier's official API description as a judge of what goes over the wire, in both directions.

The description is not ours to copy; it is looked for beside the repository, or where `TWILIO_OPENAPI` says.
"""

from __future__ import annotations

import copy
import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from openapi_core import OpenAPI
from openapi_core.datatypes import RequestParameters
from openapi_core.exceptions import OpenAPIError
from werkzeug.datastructures import Headers, ImmutableMultiDict

#: Of the description, the resources that the emulator has; the rest is left out, to load faster.
RESOURCES = ("Calls", "Conferences", "IncomingPhoneNumbers", "Applications", "Messages")
LEFT_OUT = ("Recordings", "Notifications", "Events")
FORM = "application/x-www-form-urlencoded"
HOST = "https://api.twilio.com"

ERROR_BODY = {
    "type": "object",
    "required": ["code", "message", "more_info", "status"],
    "additionalProperties": False,
    "properties": {
        "code": {"type": "integer"},
        "message": {"type": "string", "minLength": 1},
        "more_info": {"type": "string", "pattern": "^https://www\\.twilio\\.com/docs/errors/[0-9]+$"},
        "status": {"type": "integer"},
    },
}


def spec_path() -> Path | None:
    """Where the official description lies on this machine, or None."""
    beside = Path(__file__).resolve().parents[2].parent / "shared" / "reference" / "twilio_api_v2010_voice.json"
    places = [Path(os.environ["TWILIO_OPENAPI"])] if os.environ.get("TWILIO_OPENAPI") else [beside]
    return next((place for place in places if place.is_file()), None)


@dataclass
class Exchange:
    """One request and its answer, as they were on the wire."""

    method: str
    path: str
    query: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes = b""
    status: int = 0
    answer: bytes = b""
    answer_headers: list[tuple[bytes, bytes]] = field(default_factory=list)

    @property
    def fields(self) -> list[tuple[str, str]]:
        return parse_qsl(self.body.decode(), keep_blank_values=True)

    def header(self, name: bytes) -> str:
        return next((value.decode() for key, value in self.headers if key.lower() == name), "")


class Recorder:
    """ASGI middleware that keeps every exchange."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self.exchanges: list[Exchange] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        kept = Exchange(scope["method"], scope["path"], scope["query_string"], scope["headers"])
        self.exchanges.append(kept)

        async def listen() -> Any:
            message = await receive()
            kept.body += message.get("body", b"")
            return message

        async def answer(message: Any) -> None:
            if message["type"] == "http.response.start":
                kept.status = message["status"]
                kept.answer_headers = message["headers"]
            kept.answer += message.get("body", b"")
            await send(message)

        await self.app(scope, listen, answer)


class _Request:
    """An exchange's request in the shape that openapi-core reads."""

    def __init__(self, exchange: Exchange) -> None:
        self.host_url = HOST
        self.method = exchange.method.lower()
        self.path = exchange.path
        self.body = exchange.body or None
        self.content_type = exchange.header(b"content-type").lower() or FORM
        query = parse_qsl(exchange.query.decode(), keep_blank_values=True)
        headers = Headers([(key.decode(), value.decode()) for key, value in exchange.headers])
        self.parameters = RequestParameters(query=ImmutableMultiDict(query), header=headers)


class _Answer:
    """An exchange's answer in the shape that openapi-core reads."""

    def __init__(self, exchange: Exchange) -> None:
        self.data = exchange.answer or None
        self.status_code = exchange.status
        self.headers = Headers([(key.decode(), value.decode()) for key, value in exchange.answer_headers])
        self.content_type = self.headers.get("content-type", "application/json")


class CarrierSpec:
    """The patched description, and the questions put to it."""

    def __init__(self, path: Path) -> None:
        self.document = patched(json.loads(path.read_text()))
        self._api = OpenAPI.from_dict(self.document)

    def request_faults(self, exchange: Exchange) -> list[str]:
        """What the description finds wrong with the request: values, missing fields, and fields it does not know."""
        try:
            self._api.validate_request(_Request(exchange))
        except OpenAPIError as error:
            return [_words(error)]
        return [f"unknown field {name}" for name in self.unknown_fields(exchange)]

    def answer_faults(self, exchange: Exchange) -> list[str]:
        """What the description finds wrong with the answer."""
        try:
            self._api.validate_response(_Request(exchange), _Answer(exchange))
        except OpenAPIError as error:
            return [_words(error)]
        return self._odd_keys(exchange) if exchange.status in (200, 201) else []

    def _odd_keys(self, exchange: Exchange) -> list[str]:
        """Keys that the answer has and the description has not, or the reverse (a validator asks for neither)."""
        content = self.operation(exchange)["responses"][str(exchange.status)]["content"]["application/json"]
        answer, schema = json.loads(exchange.answer), self._resolved(content["schema"])
        odd = set(answer) ^ set(schema["properties"])
        for name, each in schema["properties"].items():
            if each.get("type") == "array" and name in answer:
                defined = set(self._resolved(each["items"])["properties"])
                odd |= {f"{name}[].{key}" for row in answer[name] for key in set(row) ^ defined}
        return [f"key {key} is in the answer or in the description, not in both" for key in sorted(odd)]

    def _resolved(self, schema: dict[str, Any]) -> dict[str, Any]:
        name = schema.get("$ref", "").rpartition("/")[2]
        return self.document["components"]["schemas"][name] if name else schema

    def unknown_fields(self, exchange: Exchange) -> list[str]:
        """Form fields and query names that the description does not define (no validator reports them)."""
        operation = self.operation(exchange)
        query = {name for name, _ in parse_qsl(exchange.query.decode(), keep_blank_values=True)}
        known = {each["name"] for each in operation.get("parameters", []) if each["in"] == "query"}
        form = {name for name, _ in exchange.fields}
        return sorted((query - known) | (form - form_fields(operation)))

    def operation(self, exchange: Exchange) -> dict[str, Any]:
        """The operation of the description that serves the request."""
        for pattern, item in self.document["paths"].items():
            if re.fullmatch(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(pattern)), exchange.path):
                return item[exchange.method.lower()]
        raise KeyError(f"the description has no {exchange.method} {exchange.path}")

    def operations(self) -> Iterator[tuple[str, str]]:
        """Every (method, path pattern) of the resources that the emulator has."""
        for path, item in self.document["paths"].items():
            yield from ((method, path) for method in ("get", "post", "delete") if method in item)


def form_fields(operation: dict[str, Any]) -> set[str]:
    """The form fields that an operation defines."""
    content = operation.get("requestBody", {}).get("content", {}).get(FORM, {})
    return set(content.get("schema", {}).get("properties", {}))


def patched(document: dict[str, Any]) -> dict[str, Any]:
    """The description made usable: repeated array fields, relative paging addresses, errors, a null."""
    document = copy.deepcopy(document)
    prefix = "/2010-04-01/Accounts/{AccountSid}/"
    document["paths"] = {
        path: item
        for path, item in document["paths"].items()
        if path.removeprefix(prefix).split("/")[0].removesuffix(".json") in RESOURCES
        and not any(part in path for part in LEFT_OUT)
    }
    for item in document["paths"].values():
        for method in ("get", "post", "delete"):
            if method in item:
                _patch_operation(item[method])
    reason = document["components"]["schemas"]["conference_enum_reason_conference_ended"]
    reason["nullable"], reason["enum"] = True, [*reason["enum"], None]  # null in the description's own examples
    return document


def _patch_operation(operation: dict[str, Any]) -> None:
    for content in operation.get("requestBody", {}).get("content", {}).values():
        arrays = [name for name, each in content["schema"]["properties"].items() if each.get("type") == "array"]
        content["encoding"] = {name: {"style": "form", "explode": True} for name in arrays}
    for answer in operation["responses"].values():
        properties = answer.get("content", {}).get("application/json", {}).get("schema", {}).get("properties", {})
        for name, each in properties.items():
            if name.endswith("uri"):
                each.pop("format", None)
    error = {"description": "refused", "content": {"application/json": {"schema": ERROR_BODY}}}
    operation["responses"]["default"] = error


def _words(error: BaseException) -> str:
    """An openapi-core error with its causes, which carry what was wrong."""
    parts: list[str] = []
    at: BaseException | None = error
    while at is not None:
        parts.append(f"{type(at).__name__}: {at}")
        parts.extend(str(each)[:300] for each in getattr(at, "schema_errors", ()))
        at = at.__cause__
    return " <- ".join(parts)


@cache
def official_spec() -> CarrierSpec | None:
    """The judge, or None where the description is not at hand."""
    path = spec_path()
    return CarrierSpec(path) if path else None


def faults(exchanges: Iterable[Exchange]) -> list[str]:
    """Everything the official description finds wrong here; a refused request may be wrong itself."""
    spec = official_spec()
    if spec is None:
        return []
    found: list[str] = []
    for each in exchanges:
        wrong = spec.answer_faults(each) + (spec.request_faults(each) if each.status < 400 else [])
        found += [f"{each.method} {each.path} -> {each.status}: {fault}" for fault in wrong]
    return found
