"""A tiny web host of documents, as a customer of the carrier would run one; it keeps what it was asked."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from twilio.request_validator import RequestValidator

from telephony.emulator.rest_server import LoopServer


@dataclass(frozen=True)
class Visit:
    """One request of the carrier's, as it came."""

    name: str
    method: str
    url: str
    form: dict[str, str]
    headers: dict[str, str]

    def signed_with(self, token: str) -> bool:
        """Whether the carrier's own validator accepts its signature."""
        signed = self.form if self.method == "POST" else {}
        return RequestValidator(token).validate(self.url, signed, self.headers.get("x-twilio-signature", ""))


@dataclass
class DocumentHost:
    """Answers `/<name>` with the document of that name, or 204 where there is none (a callback)."""

    url: str = ""
    documents: dict[str, str] = field(default_factory=dict)
    visits: list[Visit] = field(default_factory=list)

    def put(self, name: str, verbs: str) -> str:
        """Keep a document of these verbs and return its address."""
        self.documents[name] = f"<Response>{verbs}</Response>"
        return f"{self.url}/{name}"

    def forms(self, name: str) -> list[dict[str, str]]:
        """What was posted there, in order."""
        return [visit.form for visit in self.visits if visit.name == name]

    async def answer(self, request: Request) -> Response:
        name = request.path_params["name"]
        body = (await request.body()).decode()
        form = dict(parse_qsl(body or request.url.query, keep_blank_values=True))
        self.visits.append(Visit(name, request.method, str(request.url), form, dict(request.headers)))
        if name not in self.documents:
            return Response(status_code=204)
        return Response(self.documents[name], media_type="text/xml")


@asynccontextmanager
async def document_host() -> AsyncIterator[DocumentHost]:
    """A running host."""
    host = DocumentHost()
    server = LoopServer(Starlette(routes=[Route("/{name}", host.answer, methods=["GET", "POST"])]))
    host.url = await server.start()
    yield host
    await server.stop()
