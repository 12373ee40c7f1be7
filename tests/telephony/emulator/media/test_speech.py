"""Prompts are spoken: words, files and keys become sound."""

from __future__ import annotations

import io
import wave

import numpy as np
import pytest

from telephony.emulator.media import speech, tones, voice
from telephony.emulator.media.mixer import PEAK, RATE, Pcm, strength
from telephony.emulator.sounds import spoken_s

pytestmark = pytest.mark.anyio


def wav(sound: Pcm, rate: int) -> bytes:
    body = io.BytesIO()
    with wave.open(body, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(sound.tobytes())
    return body.getvalue()


async def test_words_are_spoken_in_both_languages_and_made_only_once() -> None:
    assert voice.available()
    speaker = speech.Speaker()
    try:
        english = await speaker.words("If you are in danger, press 1.", "en-US")
        spanish = await speaker.words("If you are in danger, press 1.", "es-US")
        assert 1.0 < english.size / RATE < 5.0
        assert np.abs(english).max() > 0.1 * PEAK
        assert english.size != spanish.size
        assert await speaker.words("If you are in danger, press 1.", "en-US") is english
        assert (await speaker.words("", "en-US")).size > 0
    finally:
        await speaker.close()


async def test_where_nothing_can_speak_it_murmurs_as_long_as_the_words_take(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voice, "available", lambda: False)
    sound = await speech.Speaker().words("Please stay on the line.")
    assert sound.size / RATE == pytest.approx(spoken_s("Please stay on the line."), abs=0.1)


async def test_a_synthesiser_that_dies_is_replaced_by_the_murmur_and_started_anew() -> None:
    speaker = speech.Speaker()
    try:
        await speaker.words("One.")
        process = speaker._process  # pyright: ignore[reportPrivateUsage]
        assert process is not None
        process.kill()
        await process.wait()
        murmur = await speaker.words("Two.")
        assert (murmur == tones.murmur("Two.", spoken_s("Two."))).all()
        spoken = await speaker.words("Three.")
        assert spoken.size != tones.murmur("Three.", spoken_s("Three.")).size
    finally:
        await speaker.close()


def test_a_file_is_decoded_at_our_rate() -> None:
    tone = speech.resampled(tones.chord((600.0,), 1.0, 0.5), RATE)[::6]
    sound = speech.decoded(wav(tone, 8000))
    assert sound is not None
    assert sound.size / RATE == pytest.approx(1.0, abs=0.01)
    assert strength(sound[RATE // 4 : RATE // 2], 600.0) == pytest.approx(0.5, rel=0.05)
    assert speech.decoded(b"<html>no sound</html>") is None


def test_keys_are_two_pitches() -> None:
    sound = tones.keys("5")[: round(0.2 * RATE)]
    assert [round(strength(sound, h), 1) for h in (770.0, 1336.0, 941.0)] == [0.1, 0.1, 0.0]
