"""Devices with real sound and no browser: each sends a pitch of its own, and measures the others' pitches."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import av
import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError

from telephony.emulator.media import tones
from telephony.emulator.media.line import Outgoing, shut
from telephony.emulator.media.mixer import FRAME, FRAME_S, PEAK, RATE, Pcm, Player, strength

#: Amplitudes that are a voice, and that are none. Each device speaks with 0.3.
LOUD, FAINT, SPOKEN = 0.15, 0.02, 0.3
#: Seconds of sound that are measured.
EAR_S = 0.4
PATIENCE_S = 15.0


class Device:
    """One WebRTC device behind one WebSocket."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, hertz: float) -> None:
        self.socket = socket
        self.hertz = hertz
        self.said: list[dict[str, Any]] = []
        """Messages of the emulator, in order."""
        self._pc = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self._out = Outgoing()
        self._in: list[Pcm] = []
        self._news = asyncio.Event()
        self._tasks = [asyncio.ensure_future(self._read())]
        self._pc.on("track", lambda track: self._tasks.append(asyncio.ensure_future(self._hear(track))))

    async def offer(self) -> str:
        self._pc.addTrack(self._out)
        await self._pc.setLocalDescription(await self._pc.createOffer())
        self._tasks.append(asyncio.ensure_future(self._speak()))
        return self._pc.localDescription.sdp

    async def answered(self, sdp: str) -> None:
        await self._pc.setRemoteDescription(RTCSessionDescription(sdp, "answer"))

    async def _speak(self) -> None:
        player, due = Player(tones.chord((self.hertz,), 1.0, SPOKEN), 0), time.monotonic()
        while True:
            if not self._out.frames.full():
                self._out.frames.put_nowait(player.frame())
            due += FRAME_S
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _hear(self, track: Any) -> None:
        resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE, frame_size=FRAME)
        try:
            while True:
                for part in resampler.resample(await track.recv()):
                    self._in.append(part.to_ndarray().reshape(-1).astype(np.int16))
        except MediaStreamError:
            return

    async def _read(self) -> None:
        async for message in self.socket:
            if message.type == aiohttp.WSMsgType.TEXT and message.data.strip():
                self.said.append(json.loads(message.data))
                self._news.set()

    async def told(self, kind: str, **facts: Any) -> dict[str, Any]:
        """The first message of a kind with these facts, waited for."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            for message in self.said:
                about = message.get("payload", message)
                if message["type"] == kind and all(about.get(k) == v for k, v in facts.items()):
                    return about
            left = deadline - time.monotonic()
            assert left > 0, f"{kind} {facts} was not said; said was {[m['type'] for m in self.said]}"
            self._news.clear()
            try:
                await asyncio.wait_for(self._news.wait(), left)
            except TimeoutError:
                continue

    async def hears_now(self, other: Device) -> float:
        """How loud the other's pitch is in what comes from now on."""
        return strength(await self._next(), other.hertz)

    async def hears_just(self, these: Collection[Device], among: Collection[Device]) -> None:
        """Wait until exactly these are heard, of all those."""
        deadline = time.monotonic() + PATIENCE_S
        wanted = {other.hertz for other in these}
        while True:
            sound = await self._next()
            loud = {other.hertz: strength(sound, other.hertz) for other in among}
            if all(a > LOUD if hertz in wanted else a < FAINT for hertz, a in loud.items()):
                return
            assert time.monotonic() < deadline, f"to be heard were {wanted}, heard is {loud}"

    async def loudness(self) -> float:
        """The largest amplitude of what comes from now on."""
        return float(np.abs(await self._next()).max()) / PEAK

    async def closed(self) -> None:
        """Return when the emulator has closed the connection."""
        await asyncio.wait_for(asyncio.shield(self._tasks[0]), PATIENCE_S)

    async def _next(self) -> Pcm:
        begun = len(self._in)
        count = round(EAR_S / FRAME_S)
        deadline = time.monotonic() + PATIENCE_S
        while len(self._in) < begun + count:
            assert time.monotonic() < deadline, "no sound comes at all"
            await asyncio.sleep(FRAME_S)
        return np.concatenate(self._in[begun:])

    async def hears(self, other: Device) -> None:
        """Wait until the other is heard."""
        deadline = time.monotonic() + PATIENCE_S
        while (loud := await self.hears_now(other)) < LOUD:
            assert time.monotonic() < deadline, f"{other.hertz} Hz is not heard: {loud}"

    async def hears_not(self, other: Device) -> None:
        """Wait until the other is heard no more (packets under way first have to pass)."""
        deadline = time.monotonic() + PATIENCE_S
        while (loud := await self.hears_now(other)) > FAINT:
            assert time.monotonic() < deadline, f"{other.hertz} Hz is heard: {loud}"

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await shut(self._pc)
        await self.socket.close()


class SdkDevice(Device):
    """Speaks as the carrier's browser SDK does."""

    async def say(self, kind: str, **payload: Any) -> None:
        await self.socket.send_str(json.dumps({"type": kind, "version": "1.6", "payload": payload}))

    async def listens(self, token: str) -> dict[str, Any]:
        await self.say("listen", token=token, browserinfo={})
        return await self.told("connected")

    async def connects(self, params: str = "offer=o1&token=t") -> str:
        """`device.connect`: the CallSid when it is answered."""
        await self.say("invite", callsid="TJ1", sdp=await self.offer(), twilio={"params": params})
        answer = await self.told("answer")
        await self.answered(answer["sdp"])
        return str(answer["callsid"])


class PageDevice(Device):
    """Speaks as the telephone page does."""

    async def say(self, kind: str, **facts: Any) -> None:
        await self.socket.send_str(json.dumps({"type": kind, **facts}))

    async def dials(self, to: str) -> None:
        await self.say("dial", to=to, withheld=False, sdp=await self.offer())
        await self.answered((await self.told("answer"))["sdp"])

    async def accepts(self) -> None:
        await self.say("accept", sdp=await self.offer())
        await self.answered((await self.told("answer"))["sdp"])


class Devices:
    """Makes devices at one emulator; each gets its own pitch."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url
        self._made: list[Device] = []
        self._pitches = iter((500.0, 700.0, 900.0, 1100.0, 1300.0, 1500.0))

    async def sdk(self) -> SdkDevice:
        return self._keep(SdkDevice(await self._session.ws_connect(f"{self._url}/signal"), next(self._pitches)))

    async def page(self, number: str, origin: str = "") -> PageDevice:
        socket = await self._session.ws_connect(
            f"{self._url}/telephone/line", params={"number": number}, headers={"Origin": origin or self._url}
        )
        return self._keep(PageDevice(socket, next(self._pitches)))

    def _keep(self, device: Any) -> Any:
        self._made.append(device)
        return device

    async def close(self) -> None:
        for device in self._made:
            await device.close()


@asynccontextmanager
async def devices_at(url: str) -> AsyncIterator[Devices]:
    """Devices of the emulator at this address."""
    async with aiohttp.ClientSession() as session:
        devices = Devices(session, url)
        try:
            yield devices
        finally:
            await devices.close()
