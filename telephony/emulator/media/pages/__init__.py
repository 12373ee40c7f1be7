"""The telephone page's files, under a policy that lets it reach nothing but this server."""

from __future__ import annotations

from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cache-Control": "no-cache",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Permissions-Policy": "microphone=(self)",
}
_HERE = Path(__file__).parent
#: Address, file and kind of each.
FILES = (
    ("/telephone", "telephone.html", "text/html"),
    ("/telephone/telephone.js", "telephone.js", "text/javascript"),
    ("/telephone/texts.js", "texts.js", "text/javascript"),
    ("/telephone/telephone.css", "telephone.css", "text/css"),
)


def _route(path: str, name: str, kind: str) -> Route:
    async def serve(_: Request) -> Response:
        return Response((_HERE / name).read_bytes(), media_type=kind, headers=HEADERS)

    return Route(path, serve, methods=["GET"])


def routes() -> list[BaseRoute]:
    """One route a file."""
    return [_route(*file) for file in FILES]
