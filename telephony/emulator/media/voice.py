"""Words spoken: eSpeak NG in a process of its own, which reads lines and writes samples.

A process of its own, because the library is under the GPL and used as a separate program, and because its calls block.
Run as a program (by its path, so that nothing else is imported), it reads `<voice> <base64 of the words>` lines and
answers each with a line `<rate> <bytes>` and that many bytes of 16-bit samples.
"""

from __future__ import annotations

import base64
import ctypes
import importlib.util
import sys
from typing import Any, BinaryIO

#: eSpeak's constants: answer by callback, samples only; UTF-8 text.
_RETRIEVAL = 1
_UTF8 = 1
#: Words a minute, a little slower than eSpeak's own 175: people in distress listen.
_RATE_PARAMETER, _WORDS_A_MINUTE = 1, 160


def available() -> bool:
    """Whether the library is installed."""
    return importlib.util.find_spec("espeakng_loader") is not None


class _Espeak:
    """The library, and the samples of the words being spoken."""

    def __init__(self) -> None:
        import espeakng_loader  # pyright: ignore[reportMissingTypeStubs]

        self._lib: Any = ctypes.CDLL(str(espeakng_loader.get_library_path()))
        data = str(espeakng_loader.get_data_path()).encode()
        self.rate = int(self._lib.espeak_Initialize(_RETRIEVAL, 0, data, 0))
        if self.rate <= 0:
            raise OSError("eSpeak NG could not be started")
        self._samples = bytearray()
        kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
        self._callback = kind(self._take)
        self._lib.espeak_SetSynthCallback(self._callback)
        self._lib.espeak_SetParameter(_RATE_PARAMETER, _WORDS_A_MINUTE, 0)

    def _take(self, samples: Any, count: int, _events: Any) -> int:
        if samples and count > 0:
            self._samples += ctypes.string_at(samples, count * 2)
        return 0

    def speak(self, voice: str, text: str) -> bytes:
        """16-bit samples of the words."""
        self._samples.clear()
        if self._lib.espeak_SetVoiceByName(voice.encode()) != 0:
            self._lib.espeak_SetVoiceByName(b"en-us")
        said = text.encode() + b"\0"
        self._lib.espeak_Synth(said, len(said), 0, 0, 0, _UTF8, None, None)
        self._lib.espeak_Synchronize()
        return bytes(self._samples)


def serve(asked: BinaryIO, answers: BinaryIO) -> None:
    """Answer lines until there are no more."""
    espeak = _Espeak()
    for line in asked:
        voice, _, words = line.decode().strip().partition(" ")
        samples = espeak.speak(voice, base64.b64decode(words).decode())
        answers.write(f"{espeak.rate} {len(samples)}\n".encode() + samples)
        answers.flush()


if __name__ == "__main__":
    serve(sys.stdin.buffer, sys.stdout.buffer)
