"""What `bench webhook` is compared with: a bare FastAPI route that verifies the signature and answers fixed words."""

from __future__ import annotations

import os

from fastapi import FastAPI, Request, Response
from twilio.request_validator import RequestValidator

DOCUMENT = (
    "<?xml version='1.0' encoding='UTF-8'?><Response><Say>One moment please.</Say><Redirect>/</Redirect></Response>"
)


def create_app() -> FastAPI:
    app = FastAPI()
    validator = RequestValidator(os.environ["YARDSTICK_TOKEN"])
    public_url = os.environ["YARDSTICK_URL"]

    @app.post("/twilio/hold")
    async def hold(request: Request) -> Response:
        form = dict(await request.form())
        url = f"{public_url}{request.url.path}?{request.url.query}"
        if not validator.validate(url, form, request.headers.get("X-Twilio-Signature", "")):
            return Response(status_code=403)
        return Response(DOCUMENT, media_type="text/xml")

    return app
