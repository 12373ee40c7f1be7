"""Sound as numbers: 20 ms frames of one channel, and who gets which sum of them. No I/O, no time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

#: Samples a second: what Opus carries, so that nothing is resampled on the way between two softphones.
RATE = 48_000
#: Seconds and samples of one frame, the usual packet of telephony.
FRAME_S = 0.02
FRAME = int(RATE * FRAME_S)
#: The largest value of a 16-bit sample.
PEAK = 32_767

Pcm = NDArray[np.int16]

SILENCE: Pcm = np.zeros(FRAME, dtype=np.int16)
SILENCE.setflags(write=False)


def total(frames: Iterable[Pcm]) -> Pcm:
    """The sum of frames, clipped instead of wrapped round."""
    several = list(frames)
    if not several:
        return SILENCE
    if len(several) == 1:
        return several[0]
    both = np.sum(np.stack(several), axis=0, dtype=np.int32)
    return np.clip(both, -PEAK - 1, PEAK).astype(np.int16)


def mixed(
    spoken: Mapping[str, Pcm], hears: Mapping[str, Collection[str]], played: Mapping[str, Sequence[Pcm]]
) -> dict[str, Pcm]:
    """What each listener of `hears` gets: those it hears, never itself, and what is played to it."""
    return {
        listener: total(
            [*(spoken[s] for s in sorted(speakers) if s in spoken and s != listener), *played.get(listener, ())]
        )
        for listener, speakers in hears.items()
    }


class Player:
    """A sound on its way to one listener, a frame at a time; `loops` 0 is for ever."""

    def __init__(self, sound: Pcm, loops: int = 1) -> None:
        self._sound = sound
        self._left = loops
        self._endless = loops == 0
        self._at = 0

    def frame(self) -> Pcm:
        """The next 20 ms; silence after the end."""
        parts: list[Pcm] = []
        missing = FRAME
        while missing and self._sound.size and (self._endless or self._left > 0):
            part = self._sound[self._at : self._at + missing]
            parts.append(part)
            missing -= part.size
            self._at += part.size
            if self._at >= self._sound.size:
                self._at = 0
                self._left -= 1
        if not parts:
            return SILENCE
        return np.concatenate([*parts, SILENCE[:missing]])


def strength(sound: Pcm, hertz: float) -> float:
    """How much of one pitch is in a sound: its amplitude from 0 to 1 (Goertzel's measure)."""
    if not sound.size:
        return 0.0
    turns = np.exp(-2j * np.pi * hertz * np.arange(sound.size) / RATE)
    return float(2 * abs(np.dot(sound.astype(np.float64), turns)) / sound.size / PEAK)
