"""Sounds that are computed: the ringing tone, hold music, keys, and a murmur where nothing can speak."""

from __future__ import annotations

import zlib
from functools import cache

import numpy as np

from telephony.emulator.media.mixer import PEAK, RATE, Pcm

#: Pitches of the ringing tone in North America, Hz; it sounds for 2 s and rests for 4 s.
RINGING = (440.0, 480.0)
#: Pitches of each key: its row's and its column's, Hz.
_ROWS, _COLUMNS, _KEYS = (697, 770, 852, 941), (1209, 1336, 1477), ("123", "456", "789", "*0#")
KEYS = {k: (_ROWS[r], _COLUMNS[c]) for r, row in enumerate(_KEYS) for c, k in enumerate(row)}
#: A quiet chord sequence for who waits: pitches of four chords, Hz.
_CHORDS = ((262, 330, 392), (220, 262, 330), (175, 220, 262), (196, 247, 294))
_CHORD_S = 3.0
#: Syllables a second of the murmur, and the pitches between which it moves, Hz.
_SYLLABLES, _VOICE = 4.0, (110.0, 180.0)


def chord(pitches: tuple[float, ...], seconds: float, loud: float = 0.2) -> Pcm:
    """Some pitches together; `loud` is the peak of the sum, from 0 to 1."""
    at = np.arange(round(RATE * seconds)) / RATE
    wave = np.sum([np.sin(2 * np.pi * hertz * at) for hertz in pitches], axis=0) / len(pitches)
    return _pcm(wave * loud)


def pause(seconds: float) -> Pcm:
    """Silence."""
    return np.zeros(round(RATE * seconds), dtype=np.int16)


@cache
def ringing() -> Pcm:
    """One turn of the ringing tone."""
    return np.concatenate([chord(RINGING, 2.0, 0.15), pause(4.0)])


@cache
def music() -> Pcm:
    """One turn of the hold music, soft at the edges of each chord."""
    edge = np.minimum(1.0, np.linspace(0, 8, round(RATE * _CHORD_S)))
    soft = edge * edge[::-1]
    chords = [_pcm(chord(tuple(map(float, c)), _CHORD_S, 0.12) / PEAK * soft) for c in _CHORDS]
    return np.concatenate(chords)


def keys(digits: str) -> Pcm:
    """Keys as they sound on a line, half a second each."""
    return np.concatenate([pause(0.0), *(_key(d) for d in digits)])


def _key(digit: str) -> Pcm:
    pitches = KEYS.get(digit)
    return pause(0.5) if pitches is None else np.concatenate([chord(tuple(map(float, pitches)), 0.2), pause(0.3)])


def murmur(text: str, seconds: float) -> Pcm:
    """Something like a voice for words that nothing here can speak: other words, another melody."""
    choose = np.random.default_rng(zlib.crc32(text.encode()))
    count = max(1, round(seconds * _SYLLABLES))
    parts: list[Pcm] = []
    for hertz in choose.uniform(*_VOICE, count):
        at = np.arange(round(RATE * seconds / count)) / RATE
        shape = np.sin(np.pi * at * count / seconds) ** 0.5
        wave = sum(np.sin(2 * np.pi * hertz * n * at) / n for n in range(1, 6))
        parts.append(_pcm(np.asarray(wave) * shape * 0.1))
    return np.concatenate(parts)


def _pcm(wave: np.ndarray) -> Pcm:
    return np.clip(np.round(wave * PEAK), -PEAK - 1, PEAK).astype(np.int16)
