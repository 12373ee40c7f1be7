"""An HTTP server inside the running event loop: no signal handlers, no ticking, started and stopped at once."""

from __future__ import annotations

import asyncio
import socket
import time
from typing import Any

import uvicorn

#: Seconds an idle client connection is kept: longer than any client's own pool keeps it, so that a client never sends
#: into a connection that we are just closing. I/O time, never domain time.
KEEP_ALIVE_S = 120
#: Seconds that requests in flight get when the server stops.
GRACE_S = 1
#: Seconds between two looks at whether the last connection has closed.
POLL_S = 0.002
#: Connections that may wait to be accepted.
BACKLOG = 1024


class LoopServer:
    """Serves one ASGI application on a loopback (or given) address."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self._server: uvicorn.Server | None = None
        self._socket: socket.socket | None = None
        self.url = ""

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Listen (port 0: a free one) and return the base address without a trailing slash."""
        config = uvicorn.Config(
            self._app,
            lifespan="off",
            log_config=None,
            access_log=False,
            date_header=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            backlog=BACKLOG,
        )
        self._socket = _listen(host, port)
        config.load()
        self._server = uvicorn.Server(config)
        self._server.lifespan = config.lifespan_class(config)
        # Server.serve() would also install signal handlers and tick ten times a second; neither is wanted here.
        await self._server.startup(sockets=[self._socket])
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{self._socket.getsockname()[1]}"
        return self.url

    async def stop(self) -> None:
        """Stop listening; requests in flight get `GRACE_S`."""
        if self._server is None or self._socket is None:
            return
        server, self._server = self._server, None
        for listener in server.servers:
            listener.close()
        self._socket.close()
        state = server.server_state
        for connection in list(state.connections):
            connection.shutdown()
        deadline = time.monotonic() + GRACE_S
        # Server.shutdown() does the same in steps of a tenth of a second: too slow for a thousand tests.
        while (state.connections or state.tasks) and time.monotonic() < deadline:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(POLL_S)
        for task in state.tasks:
            task.cancel()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named, or asyncio leaves Nagle on for every connection: 40 ms more for each answer.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)
    return listener
