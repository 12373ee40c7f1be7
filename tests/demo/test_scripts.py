"""What simulated people will do is fixed by the seed, and every part is played."""

from __future__ import annotations

import random
from collections import Counter
from itertools import islice

from app.demo import scripts


def test_a_seed_fixes_the_people() -> None:
    one, same = (scripts.callers(random.Random(7), 60, 60) for _ in range(2))
    assert one == same
    assert one != scripts.callers(random.Random(8), 60, 60)


def test_sixty_callers_play_every_part_as_often_as_planned() -> None:
    kinds = Counter(script.kind for script in scripts.callers(random.Random(7), 60, 60))
    assert {part: most for part, (most, _, _) in scripts.PARTS.items()}.items() <= kinds.items()
    assert scripts.is_full(60)


def test_few_callers_play_different_parts() -> None:
    kinds = [script.kind for script in scripts.callers(random.Random(7), 5, 60)]
    assert len(set(kinds)) == 5


def test_everybody_has_a_telephone_of_their_own_from_the_fictional_range() -> None:
    numbers = [scripts.telephone(index) for index in range(2_000)]
    assert len(set(numbers)) == 2_000
    assert all(number[5:10] == "55501" and len(number) == 12 for number in numbers)


def test_declines_lapses_and_hangs_are_dealt_before_chance_decides() -> None:
    for callers in (8, 60, 500):
        dealt = Counter(islice(scripts.deck(random.Random(1), callers), 40))
        assert dealt["decline"] >= 4
        assert dealt["lapse"] >= 2
        assert dealt["unseen"] >= 2
