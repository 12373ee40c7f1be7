"""What is unrecorded, and what is mismatched, on ledgers and records made by hand."""

from __future__ import annotations

from typing import Any

import pytest

from app.demo.judge import record
from app.demo.log import Told
from tests.demo.story import CALL, CALLER, T0, Story, conversation, stamp


def recorded(**changes: Any) -> Story:
    """A conversation from 10 to 15 with everything on record; `changes` to the call's row."""
    story = conversation(5).told()
    call = {
        "id": CALL,
        "sid": CALLER,
        "outcome": "answered",
        "side": "caller",
        "arrived_at": stamp(0),
        "answered_at": stamp(10),
        "caller_left_at": stamp(15),
        "ended_earliest_at": None,
        "ended_latest_at": None,
    }
    story.row("calls", **call | changes)
    unknown = {"ended_earliest_at": None, "ended_latest_at": None}
    ends = {"joined_at": stamp(10), "left_at": stamp(15), "ended_at": stamp(15)} | unknown
    story.row("legs", sid=CALLER, asked_at=stamp(0), **ends).row("legs", sid="CA2", asked_at=stamp(10), **ends)
    story.row("ownerships", call_id=CALL, to_spec="s1").row("ownerships", call_id=CALL, to_spec=None)
    for sid in (CALLER, "CA2"):
        for what in ("joined", "left", "ended"):
            event(story, f"leg.{what}", sid=sid)
    return story


def event(story: Story, kind: str, fact_id: str | None = None, **data: Any) -> None:
    story.row("events", kind=kind, data=data, fact_id=fact_id, call_id=CALL, spec=None)


def test_a_whole_record_is_neither_short_nor_wrong() -> None:
    evidence = recorded().evidence()
    assert record.unrecorded(evidence) == []
    assert record.mismatched(evidence) == []


@pytest.mark.parametrize("table", ["calls", "legs"])
def test_a_missing_row_is_unrecorded(table: str) -> None:
    story = recorded()
    del story.rows[table][0]
    assert len(record.unrecorded(story.evidence())) == 1


def test_a_missing_outcome_end_join_or_leave_is_unrecorded() -> None:
    assert record.unrecorded(recorded(outcome=None).evidence()) == ["outcome of c1"]
    story = recorded()
    story.rows["legs"][1] = {**story.rows["legs"][1], "ended_at": None}
    assert record.unrecorded(story.evidence()) == ["end of leg CA2 (owner)"]
    for what in ("joined", "left"):
        story = recorded()
        story.rows["events"] = [
            e for e in story.rows["events"] if e["kind"] != f"leg.{what}" or e["data"]["sid"] != "CA2"
        ]
        assert record.unrecorded(story.evidence()) == [f"leg CA2 {what} (owner), 0 of 1"]


def test_a_fact_that_a_console_was_told_is_saved_must_be_there() -> None:
    story = recorded()
    story.log.told = [Told("x1", "risk", CALL, "s1", T0 + 12)]
    assert record.unrecorded(story.evidence()) == ["risk x1"]
    event(story, "clinical", fact_id="x1")
    assert record.unrecorded(story.evidence()) == ["risk x1"], "the log alone is not its row"
    story.row("risk", id="x1")
    assert record.unrecorded(story.evidence()) == []


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("outcome", "abandoned"),
        ("side", "specialist"),
        ("arrived_at", stamp(1.1)),
        ("answered_at", stamp(8.9)),
        ("caller_left_at", stamp(16.1)),
    ],
)
def test_a_column_that_says_otherwise_is_mismatched(column: str, value: Any) -> None:
    assert len(record.mismatched(recorded(**{column: value}).evidence())) == 1


@pytest.mark.parametrize("second", [14.0, 16.0])
def test_a_stamp_may_be_off_by_a_second(second: float) -> None:
    assert record.mismatched(recorded(caller_left_at=stamp(second)).evidence()) == []


@pytest.mark.parametrize(("earliest", "latest", "wrong"), [(5, 20, 0), (16.5, 30, 1), (-50, 20, 1)])
def test_an_end_supplied_without_its_callback_lies_in_its_span(earliest: float, latest: float, wrong: int) -> None:
    span = {"ended_earliest_at": stamp(earliest), "ended_latest_at": stamp(latest), "caller_left_at": stamp(latest)}
    assert len(record.mismatched(recorded(**span).evidence())) == wrong


@pytest.mark.parametrize("what", ["joined", "left"])
@pytest.mark.parametrize(("earliest", "latest", "wrong"), [(-5, 5, 0), (1.5, 15, 1), (-15, -1.5, 1), (-30, 31, 1)])
def test_T5_a_coming_or_going_supplied_without_its_callback_lies_in_its_span(
    what: str, earliest: float, latest: float, wrong: int
) -> None:
    story, truth = recorded(), {"joined": 10, "left": 15}[what]
    span = {f"{what}_earliest_at": stamp(truth + earliest), f"{what}_latest_at": stamp(truth + latest)}
    story.rows["legs"][1] = {**story.rows["legs"][1], f"{what}_at": stamp(truth + latest), **span}
    assert len(record.mismatched(story.evidence())) == wrong


def test_T5_a_lost_callback_excuses_no_stamp_without_a_span() -> None:
    story = recorded()
    story.ledger.add("webhook.dropped", "CA2", event="participant-leave")
    story.rows["legs"][1] = {**story.rows["legs"][1], "left_at": stamp(17)}
    assert record.mismatched(story.evidence()) == ["leg CA2 (owner) left by +2.00 s"]


def test_T5_a_supplied_stamp_and_the_callback_that_came_after_all_are_one_fact() -> None:
    story = recorded()
    event(story, "leg.left", sid="CA2", earliest_ms=1, latest_ms=2)
    assert record.mismatched(story.evidence()) == []
    event(story, "leg.left", sid="CA2", earliest_ms=1, latest_ms=2)
    assert len(record.mismatched(story.evidence())) == 1


def test_owners_in_another_order_are_mismatched() -> None:
    story = recorded()
    story.rows["ownerships"] = [{"call_id": CALL, "to_spec": "s9"}]
    assert record.mismatched(story.evidence()) == ["owners of c1: [], was ['s1']"]


def test_a_class_change_must_be_on_record_and_have_happened() -> None:
    story = recorded()
    story.log.told = [Told("x1", "class:urgent", CALL, "s1", T0 + 12)]
    assert len(record.mismatched(story.evidence())) == 1
    story.row("class_changes", call_id=CALL, who="s1", from_cls="standard", to_cls="urgent")
    assert record.mismatched(story.evidence()) == []
    story.row("class_changes", call_id=CALL, who="caller", from_cls="urgent", to_cls="danger")
    assert record.mismatched(story.evidence()) == ["class of c1 by a key that was not pressed"]
    story.ledger.add("key", CALLER, digit="1", listening=True)
    assert record.mismatched(story.evidence()) == []


def test_one_fact_twice_is_mismatched() -> None:
    for kind in ("leg.joined", "leg.left", "leg.ended"):
        story = recorded()
        event(story, kind, sid="CA2")
        assert len(record.mismatched(story.evidence())) == 1


def test_S2_an_end_that_a_rebuilt_board_tells_once_more_is_the_same_fact() -> None:
    story = recorded()
    event(story, "leg.ended", sid="CA2", resurrected=True)
    assert record.mismatched(story.evidence()) == []
    event(story, "leg.ended", sid="CA2", resurrected=True)
    assert record.mismatched(story.evidence()) == ["leg.ended of CA2 2 times"]


def test_H5_a_caller_whom_a_specialist_had_after_the_backup_has_hung_up_themselves() -> None:
    story = recorded()
    story.at(3).ledger.add("bridge.begin", CALLER, child="CA9")
    story.at(6).ledger.add("bridge.end", CALLER, child="CA9")
    assert record.mismatched(story.evidence()) == []
    story.at(14.5).ledger.add("bridge.end", CALLER, child="CA9")
    assert record.mismatched(story.evidence()) == ["side of c1: caller, was backup"]
