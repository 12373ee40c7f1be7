"""Each counter of section T on ledgers made by hand, edge by edge."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from app.demo.evidence import Evidence, Row, Rows
from app.demo.judge import assigned, buckets, record
from app.demo.log import Log, Shown, Told, Won
from telephony.emulator import Ledger, Span

T0 = 1_800_000_000.0
CALL, CALLER, ROOM = "c1", "CA1", "CF1"


def stamp(second: float) -> datetime:
    return datetime.fromtimestamp(T0 + second, UTC)


class Story:
    """Writes a ledger as the network does: facts and who hears whom, at the second `at`."""

    def __init__(self) -> None:
        self.now = 0.0
        self.ledger = Ledger(lambda: T0 + self.now)
        self.log = Log()
        self.rows: dict[str, list[Row]] = {}

    def at(self, second: float) -> Story:
        self.now = second
        return self

    def leg(self, sid: str, person: str = "", direction: str = "inbound") -> Story:
        facts = {"direction": direction, "from": f"client:{person}" if person else "+12035550101", "to": "+12025550100"}
        self.ledger.add("leg.created", sid, **facts, parent="")
        self.ledger.add("leg.answered", sid, **facts)
        self.ledger.air.set(sid, live=True)
        return self

    def enters(self, sid: str, label: str, room: str = ROOM, call: str = CALL) -> Story:
        self.ledger.add("room.joined", sid, room, label=label)
        self.ledger.add("room.started", sid, room, name=f"{call}-n")
        self.ledger.air.start(room)
        self.ledger.air.set(sid, place=room)
        return self

    def leaves(self, sid: str, room: str = ROOM) -> Story:
        self.ledger.add("room.left", sid, room, reason="")
        self.ledger.air.set(sid, place="")
        return self

    def ends(self, sid: str, by: str = "caller") -> Story:
        self.ledger.air.set(sid, live=False, place="")
        self.ledger.add("leg.ended", sid, by=by, cause="", status="completed")
        return self

    def told(self, sid: str = CALLER) -> Story:
        self.ledger.add("webhook.answered", sid, kind="status", event="completed", status=204)
        return self

    def row(self, table: str, **fields: Any) -> Story:
        self.rows.setdefault(table, []).append(fields)
        return self

    def evidence(self, second: float = 200.0, **more: Any) -> Evidence:
        self.now = second
        known = {"drained": T0 + second, "now": T0 + second} | more
        return Evidence(self.ledger, self.log, Rows(**self.rows), **known)


def conversation(seconds: float, *, ended_by: str = "caller") -> Story:
    """Rings at 0, is with a specialist from 10 for so long, and then the caller's leg ends."""
    story = Story().at(0).leg(CALLER)
    with_music(story, 0, 10)
    story.at(10).leg("CA2", "s1").enters("CA2", "owner_s1_a").enters(CALLER, f"caller_{CALL}_2")
    return story.at(10 + seconds).leaves(CALLER).ends(CALLER, ended_by).leaves("CA2").ends("CA2")


def with_music(story: Story, begin: float, end: float, sid: str = CALLER) -> Story:
    story.at(begin).ledger.air.play(sid, 1)
    story.at(end).ledger.air.play(sid, -1)
    return story


def verdict(story: Story, **more: Any) -> buckets.Verdict:
    evidence = story.evidence(**more)
    return buckets.bucket(evidence, evidence.callers[0])


# ---------------------------------------------------------------- buckets


def test_a_second_together_is_answered_and_less_is_not() -> None:
    assert verdict(conversation(1.0)).bucket == "answered"
    assert verdict(conversation(0.9)).bucket == "abandoned"


def test_together_counts_only_unmuted_and_unheld() -> None:
    story = Story().at(0).leg(CALLER).leg("CA2", "s1").enters("CA2", "owner_s1_a").enters(CALLER, f"caller_{CALL}_2")
    story.ledger.air.set("CA2", muted=True)
    story.at(9).ends(CALLER)
    assert verdict(story).bucket == "abandoned"


def test_somebody_who_hangs_up_before_is_abandoned_for_their_own_reason() -> None:
    story = with_music(Story().at(0).leg(CALLER), 0, 8)
    story.log.reasons[CALLER] = "hangs_up_waiting"
    assert verdict(story.at(8).ends(CALLER)) == buckets.Verdict("abandoned", "hangs_up_waiting")


def test_the_carriers_error_is_a_loss_even_after_an_answer() -> None:
    story = conversation(5)
    story.at(3).ledger.add("heard", CALLER, what="error", text="")
    assert verdict(story).why == "heard the carrier's error"


@pytest.mark.parametrize("by", ["api", "document", "network"])
def test_ended_by_anybody_but_the_caller_is_a_loss(by: str) -> None:
    assert verdict(conversation(5, ended_by=by)).why == "ended by somebody else"


def test_a_persons_end_call_is_no_loss() -> None:
    story = conversation(5, ended_by="document")
    story.log.ended[CALL] = "s1"
    assert verdict(story).bucket == "answered"


def test_goodbye_after_the_backups_human_is_no_loss_and_rolled_over() -> None:
    story = with_music(Story().at(0).leg(CALLER), 0, 9)
    story.at(5).ledger.add("bridge.begin", CALLER, child="CA9")
    story.ledger.add("heard", CALLER, what="say", text="Thank you for calling. Goodbye.")
    assert verdict(story.at(9).ends(CALLER, "document")).bucket == "rolled_over"


def test_answered_comes_before_rolled_over() -> None:
    story = conversation(5)
    story.ledger.add("bridge.begin", CALLER, child="CA9")
    assert verdict(story).bucket == "answered"


def test_ten_seconds_of_nothing_are_borne_and_more_are_a_loss() -> None:
    assert verdict(Story().at(0).leg(CALLER).at(10).ends(CALLER)).bucket == "abandoned"
    assert verdict(Story().at(0).leg(CALLER).at(10.1).ends(CALLER)).why == "silence"


def test_a_dead_device_is_nobody() -> None:
    story = with_music(Story().at(0).leg(CALLER), 0, 10)
    story.at(10).leg("CA2", "s1").enters("CA2", "owner_s1_a").enters(CALLER, f"caller_{CALL}_2")
    story.at(15).ledger.air.set("CA2", dead=True)
    assert verdict(story.at(26).ends(CALLER)).why == "silence"


def test_a_stores_absence_excuses_a_silence() -> None:
    story = Story().at(0).leg(CALLER).at(30).ends(CALLER)
    assert verdict(story, excused=[Span(T0 + 5, T0 + 29)]).bucket == "abandoned"


def test_still_waiting_when_the_drain_ends_is_a_loss() -> None:
    story = with_music(Story().at(0).leg(CALLER), 0, 200)
    assert verdict(story).why == "not helped"


def test_still_talking_when_the_drain_ends_is_none() -> None:
    story = Story().at(0).leg(CALLER).leg("CA2", "s1").enters("CA2", "owner_s1_a").enters(CALLER, f"caller_{CALL}_2")
    assert verdict(story).bucket == "answered"


def test_dropped_by_us_hangs_up_in_a_later_wait() -> None:
    story = conversation(5)
    evidence = story.evidence()
    assert not buckets.dropped_by_us(evidence, evidence.callers[0])
    story = Story().at(0).leg(CALLER).leg("CA2", "s1").enters("CA2", "owner_s1_a").enters(CALLER, f"caller_{CALL}_2")
    story.at(5).leaves(CALLER).at(12).ends(CALLER)
    evidence = story.evidence()
    assert buckets.dropped_by_us(evidence, evidence.callers[0])


# ---------------------------------------------------------------- double assigned


def two_rooms(first_left: float) -> Story:
    """One person in a first room from 0, and in another call's from 10."""
    story = Story().at(0).leg("CA2", "s1").enters("CA2", "owner_s1_a").at(10).leg("CA3", "s1")
    story.enters("CA3", "owner_s1_b", "CF2", "c2")
    return story.at(first_left).leaves("CA2").at(20).leaves("CA3", "CF2")


def test_one_person_in_two_calls_rooms() -> None:
    assert assigned.double_assigned(two_rooms(10.0).evidence()) == []
    assert len(assigned.double_assigned(two_rooms(10.5).evidence())) == 1


def test_a_dead_devices_leg_in_another_room_is_nobody() -> None:
    story = two_rooms(15)
    story.at(9).ledger.add("leg.died", "CA2")
    assert assigned.double_assigned(story.evidence()) == []


def test_talking_while_another_callers_offer_is_on_screen() -> None:
    story = conversation(10)
    story.log.shown = [Shown("s1", "o2", "call", T0 + 12, T0 + 13), Shown("s1", "o3", "call", T0 + 20, T0 + 30)]
    assert assigned.double_assigned(story.evidence()) == ["s1 talks and is shown offer o2"]


def two_owners(*recorded: str) -> Evidence:
    story = (
        Story().at(0).leg("CA2", "s1").enters("CA2", "owner_s1_a").at(5).leg("CA3", "s2").enters("CA3", "owner_s2_b")
    )
    for spec in recorded:
        story.row("ownerships", call_id=CALL, to_spec=spec)
    return story.evidence()


def test_two_owners_need_a_record_between_them() -> None:
    assert assigned.double_assigned(two_owners("s1", "s2")) == []
    assert assigned.double_assigned(two_owners("s1")) == ["two owners of c1"]


def test_an_offer_connects_once_and_is_won_once() -> None:
    story = Story()
    for _ in range(2):
        story.row("events", kind="offer.connected", data={"offer": "o1"}, fact_id=None, call_id=CALL, spec=None)
    story.log.won = [Won("s1", "o2", CALL, T0), Won("s2", "o2", CALL, T0)]
    found = assigned.double_assigned(story.evidence())
    assert found == ["offer o1 connected 2 times", "offer o2 won by two people"]


# ---------------------------------------------------------------- ghosts


def shown_until(second: float, *, told: bool = True) -> Evidence:
    """A caller who hangs up at 10, of whom an offer is on screen from 8."""
    story = with_music(Story().at(0).leg(CALLER), 0, 10).ends(CALLER)
    story = story.told() if told else story
    story.row("calls", id=CALL, sid=CALLER).row("offers", id="o1", call_id=CALL)
    story.log.shown = [Shown("s1", "o1", "call", T0 + 8, T0 + second)]
    return story.evidence()


def test_an_offer_may_stand_a_second_after_the_end_was_told() -> None:
    assert assigned.ghost_offers(shown_until(11)) == []
    assert len(assigned.ghost_offers(shown_until(11.1))) == 1


def test_untold_it_may_stand_for_a_minute() -> None:
    assert assigned.ghost_offers(shown_until(70, told=False)) == []
    assert len(assigned.ghost_offers(shown_until(70.1, told=False))) == 1


def alone(seconds: float, *, accepted: float) -> Evidence:
    """A caller gone at 10; a specialist in that call's room from 12 for so long, after an accept at `accepted`."""
    story = with_music(Story().at(0).leg(CALLER), 0, 10).ends(CALLER).told()
    story.row("calls", id=CALL, sid=CALLER)
    story.log.won = [Won("s1", "o1", CALL, T0 + accepted)]
    story.at(12).leg("CA2", "s1").enters("CA2", "owner_s1_a").at(12 + seconds).leaves("CA2")
    return story.evidence()


def test_alone_in_the_room_of_a_caller_who_had_gone_before_the_accept() -> None:
    assert assigned.ghost_offers(alone(5, accepted=11)) == []
    assert len(assigned.ghost_offers(alone(5.1, accepted=11))) == 1
    assert assigned.ghost_offers(alone(30, accepted=9)) == [], "the caller went after the accept"


# ---------------------------------------------------------------- the record


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
