"""The console's files, as the build put them beside `app/web`; only this host may answer what they ask."""

from __future__ import annotations

import mimetypes
from pathlib import Path
from urllib.parse import urlsplit

from fastapi import APIRouter
from fastapi.responses import FileResponse, PlainTextResponse
from starlette.responses import Response

from app.context import Ctx
from app.settings import Settings

BUILT = Path(__file__).parent / "web" / "dist"
#: Addresses that are the console's own pages; the rest is files.
PAGES = ("/", "/welcome", "/setup")
#: File names carry a hash of their content.
FOREVER = "public, max-age=31536000, immutable"
NOT_BUILT = (
    "The console is not built, so there is only the API: /api/openapi.json describes it.\n"
    "`uv sync --reinstall-package crisis-hotline -v` builds it; it needs a way to npm's packages.\n"
)

router = APIRouter(include_in_schema=False)


#: Where the real carrier's softphone finds its signalling: the one address beside ours.
CARRIER_SIGNALLING = "wss://voice-js.roaming.twilio.com"


def emulator(settings: Settings) -> str:
    """Host and port of an emulated carrier on this machine, which has no certificate; empty with the real one."""
    url = urlsplit(settings.twilio_api_url)
    return url.netloc if url.scheme == "http" and url.hostname in ("127.0.0.1", "localhost") else ""


def signalling(settings: Settings) -> str:
    """The only foreign address that the console may speak to; none without softphones."""
    if host := emulator(settings):
        return f"ws://{host}"
    return CARRIER_SIGNALLING if settings.twilio_api_key else ""


def policy(connect: str) -> str:
    """The content security policy: our own files, no inline code, nothing from anywhere else."""
    return "; ".join(
        (
            "default-src 'none'",
            "script-src 'self'",
            "worker-src 'self'",
            "style-src 'self'",
            "font-src 'self'",
            "img-src 'self'",
            "media-src 'self' blob: mediastream:",
            f"connect-src 'self' {connect}".strip(),
            "form-action 'self'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
        )
    )


HEADERS = {
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
}


@router.get("/")
@router.get("/welcome")
@router.get("/setup")
async def page(ctx: Ctx) -> Response:
    """Every page is the same document; the console looks at its address."""
    index = BUILT / "index.html"
    if not index.is_file():
        return PlainTextResponse(NOT_BUILT, 503)
    headers = HEADERS | {"Content-Security-Policy": policy(signalling(ctx.settings)), "Cache-Control": "no-cache"}
    return FileResponse(index, media_type="text/html", headers=headers)


@router.get("/icon.svg")
async def icon() -> Response:
    return _file(BUILT / "icon.svg", "public, max-age=86400")


@router.get("/assets/{name}")
async def asset(name: str) -> Response:
    """One built file; a name with a slash is no name."""
    return _file(BUILT / "assets" / Path(name).name, FOREVER)


@router.get("/sounds/{name}")
async def sound(name: str) -> Response:
    return _file(BUILT / "sounds" / Path(name).name, "public, max-age=86400")


def _file(path: Path, cache: str) -> Response:
    if not path.is_file():
        return PlainTextResponse("There is nothing at this address.\n", 404)
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    # A worker's script is under the policy of its own response.
    headers = HEADERS | {"Cache-Control": cache, "Content-Security-Policy": policy("")}
    return FileResponse(path, media_type=kind, headers=headers)
