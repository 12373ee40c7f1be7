"""One child of `hotline serve`: the web application on a socket that its parent owns. Run as `python -m app.worker`."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys

import uvicorn

from app.settings import Settings

BEAT_S = 1.0
"""Seconds between two signs of life on the parent's pipe; the event loop writes them, so a stuck one writes none."""
GRACE_S = 8
"""Seconds that requests under way get at a planned end; live streams are cut then and reconnect elsewhere."""


def main(arguments: list[str]) -> None:
    """`<listening fd> <pipe fd> <app factory>`"""
    listener, pipe, factory = socket.socket(fileno=int(arguments[0])), int(arguments[1]), arguments[2]
    config = uvicorn.Config(
        factory,
        factory=True,
        log_config=None,
        access_log=False,  # the application logs requests itself, without what is personal
        proxy_headers=False,  # the public address is configured, never believed from a header
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
        log_level=Settings().log_level,
    )
    server = uvicorn.Server(config)
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(_serve(server, listener, pipe))


async def _serve(server: uvicorn.Server, listener: socket.socket, pipe: int) -> None:
    heart = asyncio.create_task(_beat(pipe))
    try:
        await server.serve(sockets=[listener])
    finally:
        heart.cancel()


async def _beat(pipe: int) -> None:
    os.set_blocking(pipe, False)
    while True:
        try:
            os.write(pipe, b".")
        except BlockingIOError:
            pass  # the parent is slow to read; what is in the pipe will do
        except OSError:
            signal.raise_signal(signal.SIGTERM)  # no parent, no socket to restart on: end in order
            return
        await asyncio.sleep(BEAT_S)


if __name__ == "__main__":
    main(sys.argv[1:])
