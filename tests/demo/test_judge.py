"""Each counter of section T on ledgers made by hand, edge by edge."""

from __future__ import annotations

from typing import Any

import pytest

from app.demo.evidence import Evidence
from app.demo.judge import assigned, buckets
from app.demo.log import Shown, Won
from telephony.emulator import Span
from tests.demo.story import CALL, CALLER, T0, Story, conversation, with_music


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


def chose_callback() -> Story:
    """Presses the key twice, hears that their place is kept, and the document ends the call."""
    story = with_music(Story().at(0).leg(CALLER), 0, 20)
    story.row("calls", id=CALL, sid=CALLER, outcome=None)
    for second in (5, 8):
        story.at(second).ledger.add("key", CALLER, digit="3")
    story.at(19).ledger.add("heard", CALLER, what="say", text="Your place is kept. Goodbye for now.")
    return story.at(20).ends(CALLER, "document")


def rung_back(story: Story, seconds: float, *, by: str = "callee") -> Story:
    """A specialist rings them at 40, and they talk for so long."""
    story.at(40).leg("CA2", "s1").enters("CA2", "owner_s1_a")
    story.at(50).leg("CA3", direction="outbound-api").enters("CA3", f"caller_{CALL}_9")
    return story.at(50 + seconds).leaves("CA3").ends("CA3", by).leaves("CA2").ends("CA2")


def test_C4_a_callback_that_nobody_has_kept_is_a_loss() -> None:
    assert verdict(chose_callback()) == buckets.Verdict("lost", "not helped")


def test_C4_spoken_with_by_the_second_leg_is_answered() -> None:
    assert verdict(rung_back(chose_callback(), 5)).bucket == "answered"
    assert verdict(rung_back(chose_callback(), 5, by="api")).why == "ended by somebody else"


def test_C4_closed_by_a_person_who_did_not_reach_them_is_a_callback() -> None:
    story = chose_callback()
    story.log.ended[CALL] = "s1"
    assert verdict(story).bucket == "callback"
