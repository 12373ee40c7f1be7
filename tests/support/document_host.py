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

from telephony.emulator.rest_server import LoopServer


@dataclass
class DocumentHost:
    """Answers `/<name>` with the document of that name, or 204 where there is none (a callback)."""

    url: str = ""
    documents: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def put(self, name: str, verbs: str) -> str:
        """Keep a document of these verbs and return its address."""
        self.documents[name] = f"<Response>{verbs}</Response>"
        return f"{self.url}/{name}"

    def forms(self, name: str) -> list[dict[str, str]]:
        """What was posted there, in order."""
        return [form for asked, form in self.asked if asked == name]

    async def answer(self, request: Request) -> Response:
        name = request.path_params["name"]
        body = (await request.body()).decode()
        self.asked.append((name, dict(parse_qsl(body or request.url.query, keep_blank_values=True))))
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
