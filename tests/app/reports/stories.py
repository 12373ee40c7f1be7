"""Calls as they truly went, second by second; what the record then holds; what each counts as, said plainly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from app.records.models import Call, CallEvent, Engagement


@dataclass(frozen=True)
class Talk:
    """Owner and caller in one room. Milliseconds; the owner comes before the caller and goes after."""

    begin: int
    """After the first ring."""
    length: int
    owner_before: int
    owner_after: int
    role: str
    told: bool
    """The carrier has said who came; of a conversation that is over it has."""


@dataclass(frozen=True)
class Story:
    rang: datetime
    line: str
    talks: tuple[Talk, ...]
    backup: int | None
    """Milliseconds after the first ring, as `ends`."""
    ends: int
    callback: bool

    def ms(self, at: datetime) -> int:
        return (at - self.rang) // timedelta(milliseconds=1)

    def at(self, ms: int) -> datetime:
        return self.rang + timedelta(milliseconds=ms)


def became(story: Story, now: datetime) -> tuple[str, int | None]:
    """In which bucket it is at `now`, and the milliseconds to its answer."""
    here = story.ms(now)
    over = story.ends <= here
    for talk in story.talks:
        end = min(talk.begin + talk.length, story.ends)
        if talk.begin <= here and (min(end, here) - talk.begin >= 1000 or (end > here and not over)):
            return "answered", talk.begin
    if story.backup is not None and story.backup <= here:
        return "rolled_over", None
    return ("callback" if story.callback else "abandoned") if over else "open", None


def rows(number: int, story: Story, now: datetime) -> Iterator[Any]:
    """What is on record of it at `now`."""
    here = story.ms(now)
    over = story.ends <= here
    begun = [talk for talk in story.talks if talk.begin <= here]
    together = [talk for talk in begun if talk.begin + talk.length > here and not over]
    word, took = became(story, now)
    state = "closed" if over else "talking" if together else "waiting"
    yield Call(
        id=f"c{number:020}",
        line=story.line,
        arrived_at=story.rang,
        state=state,
        outcome=word if over else None,
        talking_at=story.at(begun[0].begin) if begun else None,
        answered_at=story.at(took) if over and took is not None else None,
        backup_answered_at=story.at(story.backup) if story.backup is not None and story.backup <= here else None,
        ended_at=story.at(story.ends) if over else None,
    )
    for index, talk in enumerate(begun):
        now_in = talk in together
        about = {"id": f"e{number}-{index}", "call_id": f"c{number:020}", "role": talk.role}
        yield Engagement(**about, state="talking" if now_in else "wrapping", talking_at=story.at(talk.begin))
    known = [index for index, talk in enumerate(begun) if talk.told or talk not in together]
    told = [one for index in known for one in _told(number, story, index, begun[index])]
    for n, (at, kind, data) in enumerate(sorted((one for one in told if one[0] <= min(here, story.ends)), key=_when)):
        ms = round(story.at(at).timestamp() * 1000)
        about = {"epoch": "1", "id": number * 100 + n, "n": n, "payload_hash": "", "call_id": f"c{number:020}"}
        yield CallEvent(**about, at=story.at(at), kind=kind, data=data | {"at_ms": ms})


def _when(one: tuple[int, str, dict[str, str]]) -> int:
    return one[0]


def _told(number: int, story: Story, index: int, talk: Talk) -> Iterator[tuple[int, str, dict[str, str]]]:
    end = min(talk.begin + talk.length, story.ends)
    stays = (("caller", talk.begin, end), (talk.role, talk.begin - talk.owner_before, end + talk.owner_after))
    for role, came, went in stays:
        leg = {"sid": f"CA{number}{role}{index}", "role": role, "label": f"{role}_x_{index}"}
        yield came, "leg.joined", leg | {"room": f"room{index}"}
        yield went, "leg.left", leg


def _ms(least_s: float, most_s: float) -> st.SearchStrategy[int]:
    return st.integers(round(least_s * 1000), round(most_s * 1000))


@st.composite
def _talks(draw: st.DrawFn) -> list[Talk]:
    talks: list[Talk] = []
    begin = draw(st.sampled_from((20_000, 20_001)) | _ms(5, 60))
    for _ in range(draw(st.integers(0, 3))):
        length = draw(st.sampled_from((200, 999, 1000, 1001)) | _ms(0.001, 900))
        before, after = draw(_ms(0, 5)), draw(_ms(0, 5))
        role, told = draw(st.sampled_from(("owner", "relief"))), draw(st.booleans())
        talks.append(Talk(begin, length, before, after, role, told))
        begin += length + after + 5_000 + draw(_ms(0.001, 120))
    return talks


@st.composite
def stories(draw: st.DrawFn, now: datetime) -> Story:
    """A call that rang up to two days before `now`: mostly not long ago, so that it goes on."""
    talks = draw(_talks())
    ends_of_talks = [talk.begin + talk.length for talk in talks]
    after = ends_of_talks[-1] + 1000 if talks else draw(_ms(0, 100))
    turns = [0, 1000, 20_000, 20_001, after, *ends_of_talks, *(end + 500 for end in ends_of_talks)]
    ago = draw(st.sampled_from([*turns, *(talk.begin for talk in talks)]) | _ms(0, 1500) | _ms(0, 172_800))
    return Story(
        rang=now - timedelta(milliseconds=ago),
        line=draw(st.sampled_from(("main", "youth"))),
        talks=tuple(talks),
        backup=draw(st.none() | st.just(after)),
        ends=draw(st.sampled_from([after + 30_000, 7_200_000, *ends_of_talks]) | _ms(0, 100)),
        callback=draw(st.booleans()),
    )


#: A day on which something happens to the clock, or nothing; some days begin without a midnight, or have two.
DAYS = (
    ("UTC", "2026-02-28"),
    ("Asia/Kathmandu", "2026-05-01"),
    ("Europe/Berlin", "2026-03-29"),
    ("Europe/Berlin", "2026-10-25"),
    ("America/New_York", "2026-03-08"),
    ("America/New_York", "2026-11-01"),
    ("America/Havana", "2026-03-08"),
    ("America/Havana", "2026-11-01"),
    ("Africa/Cairo", "2026-04-24"),
    ("Africa/Cairo", "2026-10-30"),
    ("America/Nuuk", "2026-03-28"),
    ("Australia/Lord_Howe", "2026-04-05"),
    ("Australia/Lord_Howe", "2026-10-04"),
    ("Pacific/Chatham", "2026-09-27"),
)


@st.composite
def days(draw: st.DrawFn) -> tuple[str, datetime, list[Story]]:
    """A viewer's zone, a moment around such a day, and the calls before it."""
    zone, day = draw(st.sampled_from(DAYS))
    now = datetime.fromisoformat(day).replace(tzinfo=UTC) + timedelta(milliseconds=draw(_ms(-12 * 3600, 36 * 3600)))
    return zone, now, draw(st.lists(stories(now), max_size=6))
