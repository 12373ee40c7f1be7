"""What people hear: words out of the lines' data, and soft music in pieces of 18 s.

A missing word is never an error on a live call: the other language's, then a plain sentence, is said instead.
"""

from __future__ import annotations

import io
import math
import wave
from functools import lru_cache

from app.lines import Line, key_for
from telephony.carrier import Say

#: What is said when the data have no words for it.
LAST_RESORT = "One moment please. Stay with me."

#: Seconds of one piece of music: with a second for a key, a hold turn is about every 20 s (H4).
PIECE_S = 18
#: Seconds of a piece after words: a turn stays within some 20 s, and with it what an emptied board must wait for (R3).
AFTER_WORDS_S = 9
#: Pieces, indexed by turn, so that the music goes on instead of starting again.
PIECES = 6
#: Samples a second: what a telephone carries.
RATE = 8000
#: One chord each 4.5 s; whole hertz, so that one second of a chord can be repeated without a click.
CHORD_S = 4.5
CHORDS = ((196, 247, 294), (165, 196, 247), (131, 196, 330), (147, 220, 294), (196, 262, 330), (175, 220, 262))
#: Of full scale: music under which a person can think.
LOUDNESS = 0.16


def say(line: Line, language: str, key: str, **facts: str) -> Say:
    """The line's words for `key` in that language, spoken with its voice."""
    code = language if language in line.words else line.languages[0]
    text = line.words[code].get(key) or line.words[line.languages[0]].get(key) or LAST_RESORT
    keys = {meaning: key_for(line.keys, meaning) for meaning in ("danger", "crisis", "callback", "not_safe")}
    known = {"emergency": line.emergency_words.get(code, ""), "opens": "", **keys, **facts}
    return Say(text.format_map(known), line.voices[code])


def language_choices(line: Line, language: str) -> tuple[Say, ...]:
    """Each other language's own sentence about its key, in its own voice."""
    digits = {code: key_for(line.keys, f"language:{code}") for code in line.languages if code != language}
    return tuple(say(line, code, "language_choice", digit=digit) for code, digit in digits.items() if digit)


@lru_cache(maxsize=2 * PIECES)
def music(piece: int, seconds: int = PIECE_S) -> bytes:
    """One piece, or its beginning, as WAV (8 kHz, 8 bit), the same bytes every time it is made."""
    per_chord = int(CHORD_S * RATE)
    swell = _swell(per_chord)
    samples = bytearray()
    for n in range(int(min(seconds, PIECE_S) / CHORD_S)):
        table = _second(CHORDS[(piece * 4 + n) % len(CHORDS)])
        samples += bytes(128 + int(table[i % RATE] * swell[i]) for i in range(per_chord))
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(1)
        file.setframerate(RATE)
        file.writeframes(bytes(samples))
    return out.getvalue()


@lru_cache(maxsize=1)
def _swell(length: int) -> tuple[float, ...]:
    """A chord comes and goes: half a sine, in sample units."""
    return tuple(127 * LOUDNESS * math.sin(math.pi * i / length) for i in range(length))


@lru_cache(maxsize=len(CHORDS))
def _second(chord: tuple[int, ...]) -> tuple[float, ...]:
    turn = 2 * math.pi / RATE
    return tuple(sum(math.sin(turn * tone * i) for tone in chord) / len(chord) for i in range(RATE))
