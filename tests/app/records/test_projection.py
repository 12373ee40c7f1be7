"""What stands in the record when a stream has been read: stamps, owners, risk, contacts."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker

from app.recorder import Recorder
from app.records import queries
from tests.app.records.stream import (
    EPOCH,
    START_MS,
    Stream,
    arrives,
    drain,
    ends,
    goes,
    is_answered,
    is_rolled_over,
)

pytestmark = pytest.mark.anyio

Make = Callable[..., Recorder]
Rows = Callable[..., Awaitable[list[Any]]]


def at(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


def tell(stream: Stream, story: Any, call: str, seed: int = 1) -> None:
    for _ in story(stream, call, random.Random(seed)):
        pass


async def test_S3_an_answered_call_is_whole(recorder_of: Make, engine: AsyncEngine) -> None:
    stream = Stream()
    tell(stream, is_answered, "c1")
    await drain(recorder_of(stream))
    async with async_sessionmaker(engine)() as session:
        whole = await queries.whole_call(session, "c1")
    assert whole is not None
    call, by_kind = whole.call, {(e.kind, e.data.get("to")): e.at for e in whole.events}
    assert (call.outcome, call.side, call.state) == ("answered", "caller", "closed")
    assert call.arrived_at is not None
    assert call.arrived_at < call.waiting_at < call.first_offer_at < call.first_accept_at < call.answered_at
    assert call.talking_at <= by_kind["call.state", "talking"]
    assert call.ended_at == call.caller_left_at
    assert [(o.from_spec, o.to_spec, o.reason) for o in whole.owners] == [(None, call.owner, "accept")]
    (offer,) = whole.offers
    assert offer.state == "connected"
    assert offer.made_at < offer.acked_at < offer.accepted_at < offer.connected_at
    assert [(leg.role, leg.ended_at is not None) for leg in whole.legs] == [("caller", True), ("owner", False)]
    assert whole.legs[1].joined_at < whole.legs[1].left_at
    (engagement,) = whole.engagements
    assert engagement.state == "done"
    assert engagement.started_at < engagement.talking_at < engagement.wrapping_at < engagement.done_at
    (risk,) = whole.risk
    assert (risk.screened, risk.judged, risk.imminent) == ("moderate", None, False)
    assert [event.n for event in whole.events] == list(range(1, len(whole.events) + 1))


async def test_H5_the_backup_line_answered(recorder_of: Make, rows: Rows) -> None:
    stream = Stream()
    tell(stream, is_rolled_over, "c1")
    await drain(recorder_of(stream))
    (call,) = await rows("SELECT * FROM calls")
    assert (call["outcome"], call["side"], call["answered_at"]) == ("rolled_over", "backup", None)
    assert call["backup_ringing_at"] < call["backup_answered_at"] < call["ended_at"]
    assert [leg["role"] for leg in await rows("SELECT * FROM legs ORDER BY sid")] == ["caller", "backup"]


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, (None, None, None)),
        ({"screened": "unknown", "judged": "", "imminent": None}, (None, None, None)),
        ({"screened": "none", "imminent": False}, ("none", None, False)),
        ({"judged": "high", "imminent": True}, (None, "high", True)),
        ([], (None, None, None)),  # an empty table of a script
    ],
)
async def test_unknown_risk_stays_unknown(recorder_of: Make, rows: Rows, facts: Any, expected: tuple) -> None:
    stream = Stream()
    arrives(stream, "c1")
    stream.add("clinical", "c1", "talking", id="f1", spec="s1", kind="risk", facts=facts, cipher="")
    await drain(recorder_of(stream))
    (risk,) = await rows("SELECT * FROM risk_assessments")
    assert (risk["screened"], risk["judged"], risk["imminent"]) == expected
    assert risk["rationale_cipher"] is None


async def test_C4_safe_to_call_is_unknown_until_said(recorder_of: Make, rows: Rows) -> None:
    stream = Stream()
    seen = []
    arrives(stream, "c1")
    recorder = recorder_of(stream)
    for said in (None, "yes", "unknown", "no"):
        if said:
            stream.add("clinical", "c1", "talking", id=f"f{said}", spec="s1", kind="safe_to_call",
                       facts={"safe_to_call": said}, cipher="")  # fmt: skip
        await drain(recorder)
        seen.append((await rows("SELECT safe_to_call FROM calls"))[0]["safe_to_call"])
    assert seen == [None, "yes", None, "no"]


async def test_C8_a_return_within_two_hours_is_the_same_contact(recorder_of: Make, rows: Rows) -> None:
    stream, hour = Stream(), 3_600_000
    for call, after_ms, number in (("c1", 0, "h"), ("c2", hour, "h"), ("c3", 2 * hour, "other"), ("c4", hour, "h")):
        stream.now_ms += after_ms
        arrives(stream, call, number_hash=number, withheld=False)
        ends(stream, call, "abandoned")
    await drain(recorder_of(stream))
    contacts = {row["id"]: row["contact_id"] for row in await rows("SELECT id, contact_id FROM calls")}
    assert contacts == {"c1": "kc1", "c2": "kc1", "c3": "kc3", "c4": "kc4"}
    (contact,) = await rows("SELECT * FROM contacts WHERE id = 'kc1'")
    assert timedelta(hours=1) < contact["last_at"] - contact["first_at"] < timedelta(hours=1, seconds=1)


async def test_C8_withheld_callers_are_all_different_people(recorder_of: Make, rows: Rows) -> None:
    stream = Stream()
    for call in ("c1", "c2"):
        arrives(stream, call)
    await drain(recorder_of(stream))
    assert len({row["contact_id"] for row in await rows("SELECT contact_id FROM calls")}) == 2
    assert {row["number_hash"] for row in await rows("SELECT number_hash FROM contacts")} == {None}


async def test_an_end_without_its_callback_is_earliest_and_latest_until_the_callback(
    recorder_of: Make, rows: Rows
) -> None:
    stream = Stream()
    arrives(stream, "c1")
    now = stream.now_ms
    leg = {"sid": "CAc1", "role": "caller", "label": ""}
    stream.add("leg.ended", "c1", "closed", status="", at_ms=now, earliest_ms=now - 50, latest_ms=now, **leg)
    recorder = recorder_of(stream)
    await drain(recorder)
    (call,) = await rows("SELECT * FROM calls")
    assert (call["ended_earliest_at"], call["ended_latest_at"]) == (at(now - 50), at(now))
    stream.add("leg.ended", "c1", "closed", status="completed", at_ms=now - 20, **leg)
    await drain(recorder)
    ((leg_row,), (call,)) = await rows("SELECT * FROM legs"), await rows("SELECT * FROM calls")
    assert (leg_row["ended_at"], leg_row["ended_earliest_at"], leg_row["status"]) == (at(now - 20), None, "completed")
    assert (call["caller_left_at"], call["ended_latest_at"]) == (at(now - 20), None)


SPAN = {"earliest_ms": START_MS + 20_000, "latest_ms": START_MS + 30_000}
EXACT_MS = START_MS + 22_000


@pytest.mark.parametrize("what", ["joined", "left"])
@pytest.mark.parametrize("supplied_first", [True, False])
async def test_T5_the_carriers_own_stamp_of_a_coming_or_going_stands_over_a_supplied_one(
    recorder_of: Make, rows: Rows, what: str, supplied_first: bool
) -> None:
    stream, leg = Stream(), {"sid": "CA2", "role": "owner", "who": "s1", "label": "owner_s1_a"}
    arrives(stream, "c1")
    recorder = recorder_of(stream)
    told = [{"at_ms": SPAN["latest_ms"], **SPAN}, {"at_ms": EXACT_MS}]
    for number, stamp in enumerate(told if supplied_first else reversed(told)):
        stream.add(f"leg.{what}", "c1", "talking", **leg, **stamp)
        await drain(recorder)
        (row,) = await rows("SELECT * FROM legs WHERE sid = 'CA2'")
        if supplied_first and not number:
            assert (row[f"{what}_earliest_at"], row[f"{what}_latest_at"]) == tuple(map(at, SPAN.values()))
    assert (row[f"{what}_at"], row[f"{what}_earliest_at"], row[f"{what}_latest_at"]) == (at(EXACT_MS), None, None)
    assert row["joins"] == (what == "joined")


async def test_T5_another_stay_is_no_better_stamp_of_the_first(recorder_of: Make, rows: Rows) -> None:
    stream, leg = Stream(), {"sid": "CAc1", "role": "caller", "who": "c1"}
    arrives(stream, "c1")
    stream.add("leg.joined", "c1", "talking", **leg, label="caller_c1_2", at_ms=SPAN["latest_ms"], **SPAN)
    stream.add("leg.left", "c1", "talking", **leg, label="caller_c1_2", at_ms=START_MS + 29_000)
    stream.add("leg.joined", "c1", "talking", **leg, label="caller_c1_5", at_ms=START_MS + 29_500)
    last = {"earliest_ms": START_MS + 28_000, "latest_ms": START_MS + 70_000, "at_ms": START_MS + 70_000}
    stream.add("leg.left", "c1", "talking", **leg, label="caller_c1_5", **last)
    await drain(recorder_of(stream))
    (row,) = await rows("SELECT * FROM legs WHERE sid = 'CAc1'")
    assert (row["joined_latest_at"], row["joins"]) == (at(SPAN["latest_ms"]), 2)
    assert (row["left_at"], row["left_earliest_at"]) == (at(START_MS + 70_000), at(START_MS + 28_000))


async def test_T5_an_answer_that_rests_on_a_supplied_coming_has_its_span(recorder_of: Make, rows: Rows) -> None:
    stream = Stream()
    arrives(stream, "c1")
    leg = {"sid": "CA2", "role": "owner", "who": "s1", "label": "owner_s1_a"}
    stream.add("leg.joined", "c1", "talking", **leg, at_ms=SPAN["latest_ms"], **SPAN)
    recorder = recorder_of(stream)
    await drain(recorder)
    stream.now_ms = START_MS + 60_000
    ends(stream, "c1", "answered", answered_ms=SPAN["latest_ms"])
    await drain(recorder)
    (call,) = await rows("SELECT * FROM calls")
    assert (call["answered_earliest_at"], call["answered_latest_at"]) == tuple(map(at, SPAN.values()))
    stream.add("leg.joined", "c1", "closed", **leg, at_ms=EXACT_MS)
    await drain(recorder)
    (call,) = await rows("SELECT * FROM calls")
    assert (call["answered_at"], call["answered_latest_at"]) == (at(EXACT_MS), None)


async def test_T5_a_late_coming_is_no_answer_before_the_other_side_has_come(recorder_of: Make, rows: Rows) -> None:
    stream = Stream()
    arrives(stream, "c1")
    owner = {"sid": "CA2", "role": "owner", "who": "s1", "label": "owner_s1_a"}
    caller = {"sid": "CAc1", "role": "caller", "who": "c1", "label": "caller_c1_2"}
    stream.add("leg.joined", "c1", "talking", **caller, at_ms=EXACT_MS + 2_000)
    stream.add("leg.joined", "c1", "talking", **owner, at_ms=EXACT_MS + 3_000, **SPAN)
    stream.now_ms = START_MS + 60_000
    ends(stream, "c1", "answered", answered_ms=EXACT_MS + 3_000)
    await drain(recorder := recorder_of(stream))
    stream.add("leg.joined", "c1", "closed", **owner, at_ms=EXACT_MS)
    await drain(recorder)
    (call,) = await rows("SELECT * FROM calls")
    assert (call["answered_at"], call["answered_latest_at"]) == (at(EXACT_MS + 2_000), None)


async def test_C1_a_handoff_keeps_its_facts_and_derives_its_state(recorder_of: Make, rows: Rows) -> None:
    stream, states = Stream(), []
    arrives(stream, "c1")
    stream.add("handoff.opened", "c1", "talking", handoff="h1", spec="s1", to_cipher="a.k.n", cipher="a.k.t",
               facts={"why": "attempt_in_progress", "consent": "unable"})  # fmt: skip
    recorder = recorder_of(stream)
    steps = [{"contact": "no_answer"}, {"contact": "reached"}, {"dispatched": True}, {"outcome": "contact_confirmed"},
             {"closed": True}]  # fmt: skip
    for i, facts in enumerate([{}, *steps]):
        if facts:
            stream.add("handoff.fact", "c1", "talking", handoff="h1", id=f"f{i}", who="s1", facts=facts, cipher="")
        await drain(recorder)
        (handoff,) = await rows("SELECT * FROM emergency_handoffs")
        states.append(handoff["state"])
    assert states == ["decided", "agency_unanswered", "agency_contacted", "agency_contacted", "contact_confirmed",
                      "closed"]  # fmt: skip
    assert (handoff["why"], handoff["consent"], handoff["contact"]) == ("attempt_in_progress", "unable", "reached")
    assert len(await rows("SELECT * FROM handoff_facts")) == 5


async def test_S2_a_new_epoch_is_the_same_call_and_remembers_the_conversation(recorder_of: Make, rows: Rows) -> None:
    """Redis emptied while they talk; the board finds the call again in its room, loses the person, the caller ends."""
    stream = Stream()
    story = is_answered(stream, "c1", random.Random(1))
    for _ in range(4):
        next(story)
    recorder = recorder_of(stream)
    await drain(recorder)
    (before,) = await rows("SELECT * FROM calls")
    stream.renew(f"{START_MS + 60_000}-bbbb")
    stream.now_ms = START_MS + 60_000
    arrives(stream, "c1", resurrected=True, arrived_ms=START_MS, withheld=True)
    owner = {"from_spec": "", "to_spec": before["owner"], "reason": "accept", "engagement": "e9"}
    stream.add("engagement.owner", "c1", "talking", **owner)
    goes(stream, "c1", "talking", "waiting", "lost")
    ends(stream, "c1", "abandoned")
    await drain(recorder)
    (call,) = await rows("SELECT * FROM calls")
    assert call["outcome"] == "answered"
    assert call["number_hash"] == before["number_hash"]
    assert (call["withheld"], call["resurrected"]) == (False, True)
    assert call["answered_at"] == before["talking_at"]
    assert len(await rows("SELECT * FROM ownerships")) == 1


@pytest.mark.parametrize("after_ms", [500, 60_000])
async def test_S2_a_conversation_that_goes_on_in_a_new_epoch_was_answered_when_it_began(
    recorder_of: Make, rows: Rows, after_ms: int
) -> None:
    """The emptied board knows of it only from its own beginning; who had come, and when, is on record."""
    stream = Stream()
    story = is_answered(stream, "c1", random.Random(1))
    for _ in range(4):
        next(story)
    caller = {"sid": "CAc1", "role": "caller", "who": "c1", "label": "caller_c1_1"}
    stream.add("leg.joined", "c1", "talking", room="r", room_sid="CF1", at_ms=START_MS, **caller)
    recorder = recorder_of(stream)
    await drain(recorder)
    ((begun,),) = [tuple(row.values()) for row in await rows("SELECT max(joined_at) FROM legs")]
    stream.now_ms += after_ms
    restored = stream.now_ms + 800
    stream.renew(f"{stream.now_ms}-bbbb")
    arrives(stream, "c1", resurrected=True, arrived_ms=START_MS, withheld=True)
    goes(stream, "c1", "doubtful", "talking", "joined")
    stream.now_ms += 10_000
    ends(stream, "c1", "answered", answered_ms=restored)
    await drain(recorder)
    (call,) = await rows("SELECT * FROM calls")
    assert (call["outcome"], call["answered_at"]) == ("answered", begun)


@pytest.mark.parametrize(("side", "late_ms"), [("caller", 0), ("caller", 900), ("specialist", 8000)])
async def test_S2_an_end_that_an_emptied_board_tells_again_changes_nothing(
    recorder_of: Make, rows: Rows, side: str, late_ms: int
) -> None:
    """The last callback is repeated, or comes after a person has ended the call: the board knows no more than that."""
    stream = Stream()
    story = is_answered(stream, "c1", random.Random(1))
    for _ in range(4):
        next(story)
    ends(stream, "c1", "answered", side=side)
    recorder = recorder_of(stream)
    await drain(recorder)
    (before,) = await rows("SELECT outcome, side, ended_at, answered_at, end_cause FROM calls")
    stream.now_ms += late_ms - 30
    stream.renew(f"{START_MS + 60_000}-bbbb")
    arrives(stream, "c1", resurrected=True, arrived_ms=START_MS, withheld=True)
    ends(stream, "c1", "abandoned", resurrected=True)
    await drain(recorder)
    (after,) = await rows("SELECT outcome, side, ended_at, answered_at, end_cause FROM calls")
    assert after == before


async def test_S2_a_caller_who_was_there_after_all_ends_when_they_go(recorder_of: Make, rows: Rows) -> None:
    """The first end was a mistake: the board was rebuilt around a living caller."""
    stream = Stream()
    arrives(stream, "c1")
    ends(stream, "c1", "abandoned")
    recorder = recorder_of(stream)
    await drain(recorder)
    stream.now_ms += 90_000
    stream.renew(f"{START_MS + 60_000}-bbbb")
    arrives(stream, "c1", resurrected=True, arrived_ms=START_MS, withheld=True)
    stream.now_ms += 30_000
    ended = at(stream.now_ms)
    ends(stream, "c1", "rolled_over", side="backup", resurrected=True)
    await drain(recorder)
    (call,) = await rows("SELECT * FROM calls")
    assert (call["side"], call["ended_at"]) == ("backup", ended)


async def test_S2_a_call_is_merged_by_its_sid_when_ids_have_changed(
    recorder_of: Make, rows: Rows, engine: AsyncEngine
) -> None:
    stream = Stream()
    arrives(stream, "c1")
    recorder = recorder_of(stream)
    await drain(recorder)
    arrives(stream, "cnew", sid="CAc1")
    await drain(recorder)
    ends(stream, "cnew", "abandoned")
    await drain(recorder)
    ((call,), events) = await rows("SELECT * FROM calls"), await rows("SELECT * FROM call_events")
    assert (call["id"], call["outcome"]) == ("c1", "abandoned")
    async with async_sessionmaker(engine)() as session:
        whole = await queries.whole_call(session, "cnew")
    assert whole is not None
    assert len(whole.events) == len(events)


async def test_S3_an_older_entry_fills_in_and_never_overwrites(recorder_of: Make, rows: Rows) -> None:
    """A spilled file of another host comes late."""
    stream = Stream()
    arrives(stream, "c1")
    goes(stream, "c1", "greeting", "waiting")
    ends(stream, "c1", "abandoned")
    late = stream.entries.pop(1)
    recorder = recorder_of(stream)
    await drain(recorder)
    recorder._file.append([vars(late)])
    await drain(recorder)
    (call,) = await rows("SELECT * FROM calls")
    assert (call["state"], call["waiting_at"]) == ("closed", at(late.at_ms))
    assert call["last_epoch"] == EPOCH
