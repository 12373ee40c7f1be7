"""The mixer as arithmetic: who is in whose sum, nothing twice, nothing wrapped round (T5)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.emulator.media import tones
from telephony.emulator.media.mixer import FRAME, PEAK, RATE, Pcm, Player, mixed, strength, total

NAMES = st.sampled_from("abcd")
VALUES = st.integers(-PEAK - 1, PEAK)
SOUNDS = st.dictionaries(NAMES, VALUES.map(lambda v: np.full(FRAME, v, dtype=np.int16)), max_size=4)
HEARS = st.dictionaries(NAMES, st.sets(NAMES), max_size=4)
PLAYED = st.dictionaries(NAMES, st.lists(VALUES.map(lambda v: np.full(FRAME, v, dtype=np.int16)), max_size=2))


@given(SOUNDS, HEARS, PLAYED)
def test_T5_each_gets_the_clipped_sum_of_whom_it_hears_and_never_itself(
    spoken: dict[str, Pcm], hears: dict[str, set[str]], played: dict[str, list[Pcm]]
) -> None:
    heard = mixed(spoken, hears, played)
    assert set(heard) == set(hears)
    for listener, speakers in hears.items():
        voices = [int(spoken[s][0]) for s in speakers - {listener} if s in spoken]
        wanted = sum(voices) + sum(int(p[0]) for p in played.get(listener, []))
        assert set(heard[listener].tolist()) == {max(-PEAK - 1, min(PEAK, wanted))}
        assert heard[listener].size == FRAME


@given(st.lists(SOUNDS.map(lambda s: list(s.values())), min_size=1, max_size=3))
def test_a_sum_leaves_its_parts_as_they_were(frames: list[list[Pcm]]) -> None:
    before = [[f.copy() for f in group] for group in frames]
    for group in frames:
        total(group)
    assert all((a == b).all() for g, h in zip(frames, before, strict=True) for a, b in zip(g, h, strict=True))


@given(st.integers(0, 3 * FRAME), st.integers(1, 3))
def test_a_player_gives_every_sample_once_a_loop_and_then_silence(size: int, loops: int) -> None:
    sound = np.arange(1, size + 1, dtype=np.int16)
    player = Player(sound, loops)
    got = np.concatenate([player.frame() for _ in range(size * loops // FRAME + 2)])
    assert (got[: size * loops] == np.tile(sound, loops)).all()
    assert not got[size * loops :].any()


def test_an_endless_player_never_ends() -> None:
    player = Player(np.ones(7, dtype=np.int16), 0)
    assert all((player.frame() == 1).all() for _ in range(100))


@given(st.sampled_from([300.0, 700.0, 1100.0, 2000.0]), st.floats(0.05, 0.9))
def test_strength_is_the_amplitude_of_one_pitch_alone(hertz: float, loud: float) -> None:
    sound = tones.chord((hertz,), 0.4, loud)
    assert strength(sound, hertz) == pytest.approx(loud, rel=0.01)
    assert strength(sound, hertz + 200) < 0.01


def test_words_without_a_synthesiser_are_told_apart() -> None:
    one, other = tones.murmur("Please stay on the line.", 2.0), tones.murmur("If you are in danger, press 1.", 2.0)
    assert one.size == other.size == 2 * RATE
    assert np.abs(one).max() > 0.05 * PEAK
    assert not (one == other).all()
    assert (one == tones.murmur("Please stay on the line.", 2.0)).all()
