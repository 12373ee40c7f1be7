"""The sound between one leg and its device: a WebRTC connection on the loopback address alone."""

from __future__ import annotations

import asyncio
import re
import time
from collections import deque
from fractions import Fraction
from typing import Protocol, cast

import aioice.ice
import av
import numpy as np
from aiortc import (
    InvalidAccessError,
    InvalidStateError,
    MediaStreamTrack,
    RTCConfiguration,
    RTCPeerConnection,
    RTCSessionDescription,
)
from aiortc.exceptions import OperationError
from aiortc.mediastreams import MediaStreamError

from telephony.emulator.media.mixer import FRAME, RATE, SILENCE, Pcm

#: Frames kept of what comes in faster than it is taken (80 ms), and begun to be taken after (40 ms): the far clock is
#: not ours, and packets come in bunches.
KEPT, BEFOREHAND = 4, 2
_TICK = Fraction(1, RATE)
#: Frames that wait to be sent at most: a sender that has stopped must not be fed for ever.
UNSENT = 3


def _loopback_only(use_ipv4: bool, use_ipv6: bool) -> list[str]:  # noqa: ARG001 - the library names them
    return ["127.0.0.1"] if use_ipv4 else []


# The library gathers every address but this one; nothing of the emulator is ever to be reached from outside.
aioice.ice.get_host_addresses = _loopback_only

#: A candidate that nobody answers: the browser's own (names of the local network) are not looked up, its checks show
#: where it is, and the library gives up where it is told of none at all.
_NOBODY = "a=candidate:1 1 udp 1 127.0.0.1 9 typ host\r\na=end-of-candidates\r\n"
_CANDIDATES = re.compile(r"^a=(?:candidate:.*|end-of-candidates)\r?\n", re.MULTILINE)


class Wire(Protocol):
    """Where a leg's sound goes and comes from."""

    def take(self) -> Pcm:
        """The next 20 ms spoken at the device."""
        ...

    def give(self, frame: Pcm) -> None:
        """The next 20 ms to be heard at the device."""
        ...

    def silent_s(self) -> float:
        """Seconds since anything came from the device."""
        ...

    async def close(self) -> None:
        """End the connection."""
        ...


class Outgoing(MediaStreamTrack):
    """What the device is to hear, as the library asks for it."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self.frames: asyncio.Queue[Pcm] = asyncio.Queue(UNSENT)
        self._at = 0

    async def recv(self) -> av.AudioFrame:
        pcm = await self.frames.get()
        # Both channels are written here: the library's own step from one to two makes it quieter.
        frame = av.AudioFrame(format="s16", layout="stereo", samples=FRAME)
        frame.planes[0].update(np.repeat(pcm, 2).tobytes())
        frame.sample_rate, frame.pts, frame.time_base = RATE, self._at, _TICK
        self._at += FRAME
        return frame


async def shut(pc: RTCPeerConnection) -> None:
    """End a connection once and to its end: aiortc's own closing breaks when somebody who waits for it is cancelled."""
    if pc.signalingState != "closed":
        await asyncio.shield(pc.close())


class Line:
    """One WebRTC connection that the device offers and we answer. STUN is not asked."""

    def __init__(self) -> None:
        self._pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._out = Outgoing()
        self._in: deque[Pcm] = deque(maxlen=KEPT)
        self._ready = False
        self._heard_at = time.monotonic()
        self._reading: asyncio.Task[None] | None = None
        self._pc.on("track", self._begin)

    async def answer(self, offer: str) -> str:
        """Take the device's offer; the answer to it. `ValueError` where it offers no sound that we know."""
        sdp = _CANDIDATES.sub("", offer)
        try:
            return await self._answered(sdp)
        except (InvalidAccessError, InvalidStateError, OperationError) as error:
            raise ValueError(str(error)) from error

    async def _answered(self, sdp: str) -> str:
        await self._pc.setRemoteDescription(RTCSessionDescription(sdp + _NOBODY, "offer"))
        self._pc.addTrack(self._out)
        await self._pc.setLocalDescription(await self._pc.createAnswer())
        return self._pc.localDescription.sdp

    def _begin(self, track: MediaStreamTrack) -> None:
        self._reading = asyncio.ensure_future(self._read(track))

    async def _read(self, track: MediaStreamTrack) -> None:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE, frame_size=FRAME)
        try:
            while True:
                frame = cast("av.AudioFrame", await track.recv())  # pyright: ignore[reportUnknownMemberType]
                self._heard_at = time.monotonic()
                for part in resampler.resample(frame):
                    self._in.append(part.to_ndarray().reshape(-1).astype(np.int16))
        except MediaStreamError:
            return

    def take(self) -> Pcm:
        """The next 20 ms spoken at the device; silence while a little is gathered beforehand."""
        self._ready = len(self._in) >= BEFOREHAND if not self._ready else bool(self._in)
        return self._in.popleft() if self._ready else SILENCE

    def give(self, frame: Pcm) -> None:
        """The next 20 ms to be heard at the device; dropped where it does not take them."""
        if not self._out.frames.full():
            self._out.frames.put_nowait(frame)

    def silent_s(self) -> float:
        """Seconds since the last packet."""
        return time.monotonic() - self._heard_at

    async def close(self) -> None:
        """End the connection."""
        await shut(self._pc)
        if self._reading is not None:
            self._reading.cancel()
