"""Forms into events: what real networks send, blank, missing and unheard of."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.carrier import BadBody
from telephony.twilio import leg_progress, leg_request, room_event

LEG = "CA" + "0a" * 16
ROOM = "CF" + "0b" * 16

INCOMING = {
    "AccountSid": "AC" + "0" * 32,
    "ApiVersion": "2010-04-01",
    "CallSid": LEG,
    "CallStatus": "ringing",
    "Called": "+12025550100",
    "Caller": "+12025550123",
    "Direction": "inbound",
    "From": "+12025550123",
    "FromZip": "",
    "StirVerstat": "TN-Validation-Passed-A",
    "To": "+12025550100",
    "SomethingNew": "1",
}


def test_an_incoming_call() -> None:
    request = leg_request(INCOMING, {"turn": "3"}, idempotency_token="t")
    assert (request.sid, request.from_, request.to) == (LEG, "+12025550123", "+12025550100")
    assert (request.status, request.direction, request.verification) == ("ringing", "inbound", "TN-Validation-Passed-A")
    assert (request.query, request.idempotency_token, request.digits) == ({"turn": "3"}, "t", None)
    assert request.custom == {}, "a telephone sends no parameters of its own, whatever the form holds"


@pytest.mark.parametrize(
    "sender",
    [
        "anonymous",
        "ANONYMOUS",
        "unknown",
        "Restricted",
        "",
        " ",
        "+266696687",
        "266696687",
        "+7378742833",
        "12",
        "x" * 500,
    ],
)
def test_withheld_and_unreadable_callers_have_no_number(sender: str) -> None:
    assert leg_request(INCOMING | {"From": sender}, {}).from_ is None


def test_a_caller_without_the_field_at_all() -> None:
    assert leg_request({"CallSid": LEG}, {}).from_ is None


@pytest.mark.parametrize(
    ("sender", "read"),
    [
        ("client:s0123456789ab", "client:s0123456789ab"),
        ("sip:desk@agency.example.org", "sip:desk@agency.example.org"),
        ("2025550123", "+12025550123"),
        (" 12025550123", "+12025550123"),
        ("+44 20 7946 0958", "+442079460958"),
    ],
)
def test_other_senders(sender: str, read: str) -> None:
    assert leg_request(INCOMING | {"From": sender}, {}).from_ == read


def test_a_softphones_own_parameters_are_told_apart() -> None:
    form = INCOMING | {"From": "client:s1", "To": "", "offer": "o1", "token": "t" * 200}
    assert leg_request(form, {}).custom == {"offer": "o1", "token": "t" * 200, "SomethingNew": "1"}


@pytest.mark.parametrize(("sent", "read"), [("1", "1"), ("", ""), ("*#", "*#"), ("hangup", None), ("١", None)])
def test_keys(sent: str, read: str | None) -> None:
    assert leg_request(INCOMING | {"Digits": sent}, {}).digits == read


def test_dial_and_fallback_fields() -> None:
    form = INCOMING | {"DialCallStatus": "no-answer", "DialCallSid": LEG, "ErrorCode": "11200", "ParentCallSid": LEG}
    request = leg_request(form, {})
    assert (request.dial_status, request.dial_sid, request.error_code, request.parent_sid) == (
        "no-answer",
        LEG,
        "11200",
        LEG,
    )


def test_progress() -> None:
    form = {
        "CallSid": LEG,
        "CallStatus": "completed",
        "SequenceNumber": "3",
        "Timestamp": "Sat, 02 May 2026 10:00:00 +0000",
        "CallDuration": "12",
        "SipResponseCode": "487",
    }
    progress = leg_progress(form, {})
    assert (progress.status, progress.sequence, progress.at) == ("completed", 3, 1_777_716_000.0)
    assert (progress.duration, progress.sip_code, progress.final) == (12, 487, True)


@pytest.mark.parametrize("garbage", ["", "x", "-1", "1_0", "²", "9" * 5000, "1.5"])
def test_garbage_in_numbers_and_stamps_is_left_out(garbage: str) -> None:
    form = {"CallSid": LEG, "CallStatus": "ringing", "SequenceNumber": garbage, "Timestamp": garbage}
    progress = leg_progress(form, {})
    assert (progress.sequence, progress.at, progress.final) == (None, None, False)


def test_room_events() -> None:
    form = {
        "ConferenceSid": ROOM,
        "FriendlyName": "c0123-0a1b2c3d",
        "StatusCallbackEvent": "participant-leave",
        "CallSid": LEG,
        "ParticipantLabel": "owner_s1_n1",
        "ParticipantCallStatus": "completed",
        "ReasonParticipantLeft": "participant_hung_up",
        "Muted": "false",
        "Hold": "true",
        "SequenceNumber": "7",
    }
    event = room_event(form, {})
    assert (event.room, event.room_sid, event.event) == ("c0123-0a1b2c3d", ROOM, "participant-leave")
    assert (event.sid, event.label, event.leg_status) == (LEG, "owner_s1_n1", "completed")
    assert (event.reason, event.muted, event.hold, event.sequence) == ("participant_hung_up", False, True, 7)


def test_a_room_event_with_a_strange_label_is_still_an_event() -> None:
    form = {"ConferenceSid": ROOM, "FriendlyName": "c1-2", "StatusCallbackEvent": "participant-join"}
    assert room_event(form | {"ParticipantLabel": "Jane\nDoe", "CallSid": "x"}, {}).label is None


@pytest.mark.parametrize(
    "form", [{}, {"CallSid": ""}, {"CallSid": "CA1"}, {"CallSid": LEG + "\n"}, {"CallSid": "../x"}]
)
def test_events_that_identify_nothing_are_bad_bodies(form: dict[str, str]) -> None:
    for reader in (leg_request, leg_progress, room_event):
        with pytest.raises(BadBody):
            reader(form, {})


NAMES = st.sampled_from(
    [*INCOMING, "SequenceNumber", "Timestamp", "FriendlyName", "ConferenceSid", "StatusCallbackEvent"]
)


@given(st.dictionaries(NAMES, st.text(max_size=60)))
def test_no_values_whatever_crash_a_reader(form: dict[str, str]) -> None:
    for extra in ({}, {"CallSid": LEG, "CallStatus": "ringing"}):
        for reader in (leg_request, leg_progress, room_event):
            with suppress(BadBody):
                reader(form | extra, {})


def test_a_bad_body_names_the_field_and_never_its_value() -> None:
    with pytest.raises(BadBody, match=r"^CallSid$"):
        leg_request({"CallSid": "+12025550123"}, {})
