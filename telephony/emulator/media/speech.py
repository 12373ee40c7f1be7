"""Media as samples: words spoken, files decoded, each only once."""

from __future__ import annotations

import asyncio
import base64
import io
import sys

import av
import numpy as np
from av.error import FFmpegError

from telephony.emulator.media import tones, voice
from telephony.emulator.media.mixer import RATE, Pcm
from telephony.emulator.sounds import spoken_s

#: eSpeak's voice for the language of a Say; the carrier's own default is American English.
VOICES = {"es": "es-419", "en": "en-us"}
#: Words of how many prompts are kept: a hotline's prompts in two languages are about sixty.
KEPT = 256
#: Seconds the words may take to be made before the murmur stands in.
PATIENCE_S = 3.0
#: Loudness of the words beside a person's voice.
_GAIN = 0.7


def resampled(sound: Pcm, rate: int) -> Pcm:
    """Samples of another rate as ours."""
    if rate == RATE or not sound.size:
        return sound
    count = round(sound.size * RATE / rate)
    at = np.arange(count) * (rate / RATE)
    return np.interp(at, np.arange(sound.size), sound.astype(np.float32)).astype(np.int16)


def decoded(body: bytes) -> Pcm | None:
    """A sound file of any usual kind as samples; None where it is none."""
    parts: list[Pcm] = []
    try:
        with av.open(io.BytesIO(body), "r") as container:
            resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE)
            for frame in container.decode(audio=0):
                parts += [part.to_ndarray().reshape(-1).astype(np.int16) for part in resampler.resample(frame)]
            parts += [part.to_ndarray().reshape(-1).astype(np.int16) for part in resampler.resample(None)]
    except (FFmpegError, IndexError, ValueError):
        return None
    return np.concatenate(parts) if parts else None


class Speaker:
    """Says words in a language. Where no synthesiser is installed, or it fails, it murmurs: the text is shown too."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._one_at_a_time = asyncio.Lock()
        self._known: dict[tuple[str, str], Pcm] = {}

    async def words(self, text: str, language: str = "") -> Pcm:
        """The words as sound."""
        name = VOICES.get(language[:2].lower(), "en-us")
        key = (name, text)
        if key not in self._known:
            while len(self._known) >= KEPT:
                del self._known[next(iter(self._known))]
            self._known[key] = await self._made(name, text)
        return self._known[key]

    async def _made(self, name: str, text: str) -> Pcm:
        if text.strip() and voice.available():
            try:
                async with self._one_at_a_time:
                    return await asyncio.wait_for(self._asked(name, text), PATIENCE_S)
            except (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError):
                await self.close()
        return tones.murmur(text, spoken_s(text))

    async def _asked(self, name: str, text: str) -> Pcm:
        process = await self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{name} {base64.b64encode(text.encode()).decode()}\n".encode())
        rate, size = map(int, (await process.stdout.readline()).split())
        samples = np.frombuffer(await process.stdout.readexactly(size), dtype=np.int16)
        return (resampled(samples, rate) * _GAIN).astype(np.int16)

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                voice.__file__,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
            )
        return self._process

    async def close(self) -> None:
        """End the synthesiser."""
        process, self._process = self._process, None
        if process is not None and process.returncode is None:
            process.kill()
            await process.wait()
