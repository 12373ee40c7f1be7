"""Who hears what, every 20 ms: the ledger's graph of audibility put into sound."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Generator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING

from starlette.routing import BaseRoute

from telephony.emulator.media import tones
from telephony.emulator.media.line import Wire
from telephony.emulator.media.mixer import FRAME_S, RATE, Pcm, Player, mixed
from telephony.emulator.media.speech import Speaker, decoded

if TYPE_CHECKING:
    from telephony.emulator.legs import Leg
    from telephony.emulator.network import Network

#: Legs with sound at a time (T5): four take a third of a core.
MOST_LEGS = 4
FULL = f"Only {MOST_LEGS} lines with sound can be open at a time. Hang up one of them first."
#: Decoded files kept: 18 s of music are 1.7 MB.
KEPT_FILES = 32
#: Seconds behind which the clock of frames is set anew instead of catching up.
LATE_S = 0.2


class Exchange:
    """All the real sound of one network."""

    def __init__(self, net: Network) -> None:
        self.net = net
        self.speaker = Speaker()
        self._wires: dict[str, Wire] = {}
        self._players: dict[str, list[Player]] = defaultdict(list)
        self._files: dict[str, Pcm | None] = {}
        self._running: asyncio.Task[None] | None = None

    # ------------------------------------------------------------ lines

    @property
    def full(self) -> bool:
        """No further leg can have sound."""
        return len(self._wires) >= MOST_LEGS

    def connect(self, leg: Leg, wire: Wire) -> None:
        """From now on this leg speaks and hears through this wire."""
        self._wires[leg.sid] = wire
        self._players.setdefault(leg.sid, [])
        if self._running is None:
            self._running = self.net.spawn(self._run())

    async def disconnect(self, leg: Leg) -> None:
        """The leg's sound is over."""
        self._players.pop(leg.sid, None)
        wire = self._wires.pop(leg.sid, None)
        if wire is not None:
            await wire.close()

    def carries(self, legs: Sequence[Leg]) -> bool:
        """Whether a real person listens on one of these."""
        return any(leg.sid in self._wires for leg in legs)

    async def stop(self) -> None:
        """End every line and the synthesiser."""
        for sid in list(self._wires):
            await self._wires.pop(sid).close()
        await self.speaker.close()

    # ------------------------------------------------------------ what is played

    async def sound(self, what: str, text: str, language: str, body: bytes | None = None) -> Pcm | None:
        """What a Say or Play sounds like; None where it is no sound that can be read."""
        if what == "say":
            return await self.speaker.words(text, language)
        if text.startswith("digits "):
            return tones.keys(text.removeprefix("digits "))
        if text not in self._files and body is not None:
            while len(self._files) >= KEPT_FILES:
                del self._files[next(iter(self._files))]
            self._files[text] = await asyncio.to_thread(decoded, body)
        return self._files.get(text)

    @contextmanager
    def playing(self, leg: Leg, sound: Pcm | None, loops: int = 1) -> Generator[None]:
        """This sound is played to the leg inside, from its beginning."""
        if sound is None or leg.sid not in self._wires:
            yield
            return
        player = Player(sound, loops)
        players = self._players[leg.sid]
        players.append(player)
        try:
            yield
        finally:
            players.remove(player)

    def tone(self, leg: Leg, name: str) -> AbstractContextManager[None]:
        """One of our own tones (`music`, `ringing`) is played to the leg inside, over and over."""
        return self.playing(leg, tones.music() if name == "music" else tones.ringing(), 0)

    @staticmethod
    def seconds(sound: Pcm | None) -> float:
        """How long a sound lasts; 0 where there is none."""
        return 0.0 if sound is None else sound.size / RATE

    # ------------------------------------------------------------ the clock of frames

    def frame(self) -> None:
        """Carry the next 20 ms from everybody to everybody."""
        spoken = {sid: wire.take() for sid, wire in self._wires.items()}
        hears = {sid: self.net.ledger.air.heard_by(sid) for sid in self._wires}
        played = {sid: [p.frame() for p in self._players.get(sid, ())] for sid in self._wires}
        for sid, frame in mixed(spoken, hears, played).items():
            self._wires[sid].give(frame)

    async def _run(self) -> None:
        due = time.monotonic()
        while self._wires:
            self.frame()
            due += FRAME_S
            late = time.monotonic() - due
            if late > LATE_S:
                due += late
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        self._running = None

    def routes(self) -> list[BaseRoute]:
        """The addresses of softphones and telephone pages."""
        from telephony.emulator.media import signalling, telephone

        return [*signalling.routes(self), *telephone.routes(self)]


def open_audio(net: Network) -> Exchange:
    """Give a network real sound; before it is started."""
    net.audio = Exchange(net)
    return net.audio
