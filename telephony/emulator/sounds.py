"""What is heard, and for how long: words, media, pauses."""

from __future__ import annotations

import asyncio
import io
import wave
from collections.abc import Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urljoin, urlsplit

if TYPE_CHECKING:
    from telephony.emulator.legs import Leg
    from telephony.emulator.media.mixer import Pcm
    from telephony.emulator.network import Network
    from telephony.emulator.twiml import Verb

#: Letters spoken in a second: an ordinary pace.
LETTERS_PER_S = 14.0
#: Seconds the shortest words take.
LEAST_S = 1.0
#: Seconds of a medium of unknown length.
MEDIUM_S = 18.0
#: Seconds the carrier's recorded error message takes.
ERROR_S = 4.0
ERROR_WORDS = "We are sorry, an application error has occurred. Goodbye."
_OURS = frozenset({"127.0.0.1", "localhost", "::1"})


class Media:
    """Lengths of media. Those on this machine are really fetched, once, as the carrier caches GET answers; others are
    taken to be there."""

    def __init__(self, net: Network) -> None:
        self._net = net
        self.seconds: dict[str, float] = {}
        """Known lengths, by URL or by path."""
        self._fetched: dict[str, float] = {}
        self._bodies: dict[str, bytes] = {}
        """Media as fetched, kept where the network has real sound."""

    async def length(self, url: str, leg: Leg | None) -> float:
        """Seconds a medium lasts; raises `FetchFailed` where it cannot be had."""
        parts = urlsplit(url.partition("#")[0])
        plain = parts.geturl()
        if plain not in self._fetched:
            measured = await self._fetch(url, leg) if parts.hostname in _OURS else None
            self._fetched[plain] = self._known(plain, parts.path, parts.query) or measured or MEDIUM_S
        return self._fetched[plain]

    def _known(self, url: str, path: str, query: str) -> float | None:
        said = parse_qs(query).get("seconds", [""])[0]
        if said.replace(".", "", 1).isdigit():
            return float(said)
        return self.seconds.get(url) or self.seconds.get(path)

    async def _fetch(self, url: str, leg: Leg | None) -> float | None:
        sid = leg.sid if leg else ""
        answer = await self._net.webhooks.fetch(url, "GET", {}, kind="media", sid=sid)
        if self._net.audio is not None:
            self._bodies[url.partition("#")[0]] = answer.body
        try:
            with wave.open(io.BytesIO(answer.body)) as sound:
                return sound.getnframes() / sound.getframerate()
        except (wave.Error, EOFError):
            return None

    def body(self, url: str) -> bytes | None:
        """A medium as it was fetched."""
        return self._bodies.get(url.partition("#")[0])


def spoken_s(text: str) -> float:
    """Seconds that words take."""
    return max(LEAST_S, len(text) / LETTERS_PER_S)


async def perform(net: Network, verb: Verb, base: str, legs: Sequence[Leg]) -> None:
    """Say, Play or Pause to these legs at once; raises `FetchFailed` where a medium cannot be had."""
    if verb.name == "Pause":
        await net.clock.sleep(verb.number("length", 1))
        return
    if verb.name == "Say":
        what, text, seconds = "say", verb.text, spoken_s(verb.text)
    elif verb.attributes.get("digits"):
        what, text, seconds = "play", f"digits {verb.attributes['digits']}", 0.5 * len(verb.attributes["digits"])
    else:
        what, text = "play", urljoin(base, verb.text)
        seconds = await net.media.length(text, legs[0] if legs else None)
    loops, audio = verb.number("loop", 1), net.audio
    sound: Pcm | None = None
    if audio is not None and audio.carries(legs):
        sound = await audio.sound(what, text, verb.attributes.get("language", ""), net.media.body(text))
        seconds = audio.seconds(sound) or seconds
    with ExitStack() as playing:
        for leg in legs:
            playing.enter_context(leg.sound())
            if audio is not None:
                playing.enter_context(audio.playing(leg, sound, loops))
            leg.hears(what, text, seconds=seconds * loops, verb=verb.name)
        await _last(net, seconds * loops)


async def _last(net: Network, seconds: float) -> None:
    if seconds:
        await net.clock.sleep(seconds)
    else:
        await asyncio.Event().wait()  # loop="0": until somebody cuts it off


async def error(net: Network, leg: Leg, code: int) -> None:
    """The carrier's own recorded error."""
    audio = net.audio
    sound = await audio.sound("say", ERROR_WORDS, "") if audio is not None and audio.carries([leg]) else None
    with leg.sound(), ExitStack() as playing:
        leg.hears("error", ERROR_WORDS, code=code)
        if audio is not None:
            playing.enter_context(audio.playing(leg, sound))
        await net.clock.sleep(ERROR_S)
