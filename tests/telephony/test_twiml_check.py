"""The check itself, on documents that our writers cannot even make: it holds whoever wrote them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twilio.twiml.voice_response import Dial, VoiceResponse

from telephony.carrier import BadDocument
from telephony.twiml_check import SIZE_MAX, check

ROOM = (
    '<Conference participantLabel="a" endConferenceOnExit="false" waitUrl="" beep="false" '
    'statusCallback="https://h/b" statusCallbackEvent="start end"{more}>r</Conference>'
)
DIAL = '<Response><Dial action="https://h/a" timeLimit="86400"{more}>{target}</Dial></Response>'


def _dial(target: str = ROOM.format(more=""), more: str = "") -> bytes:
    return DIAL.format(target=target, more=more).encode()


def test_the_plain_document_passes() -> None:
    check(_dial())


@pytest.mark.parametrize(
    "attribute",
    [
        'record="record-from-start"',
        'record="do-not-record"',
        'recordingStatusCallback="https://h/r"',
        'recordingTrack="both"',
        'statuscallback="https://h/r"',
        'status_callback="https://h/r"',
        'endConferenceOnexit="false"',
        'eventCallbackUrl="https://h/r"',
    ],
)
def test_record_attributes_and_misspelt_ones_are_refused(attribute: str) -> None:
    with pytest.raises(BadDocument):
        check(_dial(ROOM.format(more=" " + attribute)))
    with pytest.raises(BadDocument):
        check(_dial(more=" " + attribute))


@pytest.mark.parametrize(
    "attribute",
    ['muted="yes"', 'muted="True"', 'maxParticipants="1"', 'maxParticipants="1e2"', 'coach="CA1"', 'waitMethod="PUT"'],
)
def test_values_are_checked(attribute: str) -> None:
    with pytest.raises(BadDocument):
        check(_dial(ROOM.format(more=" " + attribute)))


@pytest.mark.parametrize(
    "events", ["['start', 'end']", "start,end", "start  end", "start start", "started", "", "begin"]
)
def test_event_lists_are_words_between_single_spaces(events: str) -> None:
    with pytest.raises(BadDocument):
        check(_dial(ROOM.replace("start end", events).format(more="")))


def test_the_list_that_the_official_writer_turns_into_text() -> None:
    response, dial = VoiceResponse(), Dial(action="https://h/a", time_limit=86_400)
    dial.conference(
        "r",
        participant_label="a",
        end_conference_on_exit=False,
        wait_url="",
        beep="false",
        status_callback="https://h/b",
        status_callback_event=["start", "end"],
    )
    response.append(dial)
    with pytest.raises(BadDocument, match="statusCallbackEvent"):
        check(str(response).encode())


@pytest.mark.parametrize(
    "xml",
    [
        "",
        " <Response/>",
        "<response/>",
        "<Response",
        "<Say>hello</Say>",
        "<Response>hello</Response>",
        "<Response><say>hello</say></Response>",
        "<Response><Say>hello</Say>between<Hangup/></Response>",
        "<Response><Record/></Response>",
        "<Response><Start><Stream url='wss://h'/></Start></Response>",
        "<Response><Enqueue>q</Enqueue></Response>",
        "<Response><Leave/></Response>",
        "<Response><Conference>r</Conference></Response>",
        "<Response><Say>a<Pause/></Say></Response>",
        "<Response><Gather action='https://h/a' timeout='3' finishOnKey=''><Dial/></Gather></Response>",
        "<Response><Gather action='https://h/a' timeout='3' finishOnKey=''><Redirect>https://h</Redirect></Gather></Response>",
        "<Response><Gather timeout='3' finishOnKey=''/></Response>",
        "<Response><Gather action='https://h/a' timeout='3'/></Response>",
        "<Response><Gather action='https://h/a' timeout='3' finishOnKey='' input='speech'/></Response>",
        "<Response><Hangup/><Say>never heard</Say></Response>",
        "<Response><Redirect>https://h/a</Redirect><Hangup/></Response>",
        "<Response><Redirect/></Response>",
        "<Response><Dial action='https://h/a' timeLimit='1'/></Response>",
        "<Response><Dial action='https://h/a' timeLimit='1'>+12025550123</Dial></Response>",
        "<Response><Dial action='https://h/a' timeLimit='1'><Client>s1</Client></Dial></Response>",
        "<!DOCTYPE x [<!ENTITY e 'x'>]><Response><Say>&e;</Say></Response>",
        "<Response><!-- a --></Response>",
    ],
)
def test_forbidden_verbs_nesting_and_order(xml: str) -> None:
    with pytest.raises(BadDocument):
        check(xml.encode())


@pytest.mark.parametrize("limit", ["0", "86401", "-1", "", "24h"])
def test_time_limits(limit: str) -> None:
    with pytest.raises(BadDocument):
        check(_dial().replace(b'timeLimit="86400"', f'timeLimit="{limit}"'.encode()))


def test_L1_no_leg_may_end_a_room() -> None:
    with pytest.raises(BadDocument):
        check(_dial().replace(b'endConferenceOnExit="false"', b'endConferenceOnExit="true"'))
    with pytest.raises(BadDocument):
        check(_dial().replace(b'endConferenceOnExit="false" ', b""))


def test_size() -> None:
    say = "<Say>" + "x" * 4000 + "</Say>"
    with pytest.raises(BadDocument, match="64 kB"):
        check(f"<Response>{say * (SIZE_MAX // len(say) + 1)}</Response>".encode())
    check(f"<Response>{say * (SIZE_MAX // len(say) - 1)}</Response>".encode())


def test_a_rooms_document_may_start_again_by_an_empty_redirect() -> None:
    check(b"<Response><Play>https://h/a.wav</Play><Redirect/></Response>", "room")


@given(st.binary(max_size=300) | st.text(alphabet="<>/= \"'SayDialResponse&;x", max_size=80).map(str.encode))
def test_no_bytes_whatever_crash_it(xml: bytes) -> None:
    try:
        check(xml)
    except BadDocument:
        return
    assert b"Response" in xml


def test_a_refusal_names_the_place_and_never_the_value() -> None:
    with pytest.raises(BadDocument) as refusal:
        check(b"<Response><Dial action='+12025550123' timeLimit='1'/></Response>")
    assert str(refusal.value) == "Dial: value of action"
