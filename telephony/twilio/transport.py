"""The HTTP under the official client: a deadline that holds, no proxies from the environment, nothing logged.

The package's own asynchronous transport ignores its timeout and waits for ever.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# (the official package has no types)

from __future__ import annotations

import asyncio
import logging
from typing import Any

import httpx
from twilio.http import AsyncHttpClient
from twilio.http.response import Response

CONNECT_S = 2.0
"""Seconds to reach the carrier; within the whole request's deadline."""


class Transport(AsyncHttpClient):
    """One pool of connections. Each request ends within `timeout_s`, whatever the far side does (drips included)."""

    def __init__(self, timeout_s: float, connections: int) -> None:
        super().__init__(logging.getLogger("telephony.twilio"), True, timeout_s)
        self._deadline_s = timeout_s
        self._http = httpx.AsyncClient(
            trust_env=False,
            timeout=httpx.Timeout(timeout_s, connect=min(CONNECT_S, timeout_s)),
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
        )

    async def request(  # pyright: ignore[reportIncompatibleMethodOverride]
        self,
        method: str,
        uri: str,
        params: dict[str, Any] | None = None,
        data: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ARG002  ours holds
        allow_redirects: bool = False,
    ) -> Response:
        """One request; raises `TimeoutError` or an `httpx.HTTPError`."""
        async with asyncio.timeout(self._deadline_s):
            answer = await self._http.request(
                method,
                uri,
                params=params or None,
                data=data or None,
                headers=headers,
                auth=auth,
                follow_redirects=allow_redirects,
            )
        return Response(answer.status_code, answer.text, answer.headers)

    async def aclose(self) -> None:
        await self._http.aclose()
