"""Documents as TwiML: what leaves is what the carrier runs, and a room is written one way for every role (L4)."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from telephony.carrier import (
    BadDocument,
    DialNumber,
    Document,
    Gather,
    Hangup,
    JoinRoom,
    Pause,
    Play,
    Redirect,
    Reject,
    Say,
    Verb,
)
from telephony.twilio import write

BASE = "https://line.example.org/twilio"
OVERRIDES = "#ct=1000&rt=2500&rc=2&tt=7500&rp=ct,rt,5xx"
COACHED = "CA" + "0c" * 16


def _xml(*verbs: Verb) -> str:
    return write(Document(verbs)).decode().removeprefix('<?xml version="1.0" encoding="UTF-8"?>')


def _room(label: str, *, start: bool, muted: bool = False, coach_sid: str | None = None) -> JoinRoom:
    return JoinRoom("c0-1", label, start, f"{BASE}/leg-out", f"{BASE}/room", muted, coach_sid)


ROLES = {
    "caller": _room("caller_c0_1", start=True),
    "owner": _room("owner_s1_a", start=True),
    "relief": _room("relief_s2_a", start=True),
    "agency": _room("agency_h1_a", start=True),
    "lead": _room("lead_s3_a", start=False, muted=True),
    "coach": _room("coach_s3_b", start=False, coach_sid=COACHED),
    "interpreter": _room("interpreter_s4_a", start=False),
}

GOLDEN = (
    '<Response><Dial action="https://line.example.org/twilio/leg-out" method="POST" timeLimit="86400">'
    '<Conference beep="false" {coach}endConferenceOnExit="false" muted="{muted}" participantLabel="{label}" '
    'startConferenceOnEnter="{start}" statusCallback="https://line.example.org/twilio/room" '
    'statusCallbackEvent="start end join leave hold mute modify announcement" statusCallbackMethod="POST" '
    'waitUrl="">c0-1</Conference></Dial></Response>'
)


@pytest.mark.parametrize("role", ROLES)
def test_L4_the_room_of_every_role(role: str) -> None:
    verb = ROLES[role]
    assert _xml(verb) == GOLDEN.format(
        coach=f'coach="{COACHED}" ' if verb.coach_sid else "",
        muted=str(verb.muted).lower(),
        label=verb.label,
        start=str(verb.start).lower(),
    )


def test_L1_L4_roles_differ_in_nothing_that_the_first_participant_fixes() -> None:
    own = {"participantLabel", "startConferenceOnEnter", "muted", "coach"}
    shared = set()
    for verb in ROLES.values():
        room = ElementTree.fromstring(_xml(verb))[0][0]
        shared.add(tuple(sorted((n, v) for n, v in room.attrib.items() if n not in own)))
    assert len(shared) == 1


def test_H4_a_gather_takes_one_key_at_once() -> None:
    verb = Gather(f"{BASE}/hold?turn=2&n=1{OVERRIDES}", (Say("Please stay."), Play(f"{BASE}/music/1.wav")), 3)
    assert _xml(verb) == (
        '<Response><Gather action="https://line.example.org/twilio/hold?turn=2&amp;n=1'
        '#ct=1000&amp;rt=2500&amp;rc=2&amp;tt=7500&amp;rp=ct,rt,5xx" actionOnEmptyResult="true" finishOnKey="" '
        'input="dtmf" method="POST" numDigits="1" timeout="3"><Say language="en-US">Please stay.</Say>'
        "<Play>https://line.example.org/twilio/music/1.wav</Play></Gather></Response>"
    )


def test_H4_silence_goes_to_the_action_or_to_a_redirect_not_both() -> None:
    with pytest.raises(BadDocument):
        _xml(Gather(f"{BASE}/hold", (), 3), Redirect(f"{BASE}/hold"))
    assert "actionOnEmptyResult" in _xml(Gather(f"{BASE}/hold", (), 3, action_on_empty=False), Redirect(f"{BASE}/hold"))


def test_H5_the_backup_line_is_screened_and_reports_all_four_events() -> None:
    verb = DialNumber(
        "+12025550140", "+12025550100", f"{BASE}/hold?dialled=0", f"{BASE}/screen?i=0", f"{BASE}/status", 25
    )
    assert _xml(verb) == (
        '<Response><Dial action="https://line.example.org/twilio/hold?dialled=0" callerId="+12025550100" method="POST" '
        'timeLimit="86400" timeout="25"><Number method="POST" statusCallback="https://line.example.org/twilio/status" '
        'statusCallbackEvent="initiated ringing answered completed" statusCallbackMethod="POST" '
        'url="https://line.example.org/twilio/screen?i=0">+12025550140</Number></Dial></Response>'
    )


@pytest.mark.parametrize("number", ["911", "+1911", "+44999", "112", "12025550140", "anonymous", ""])
def test_C7_no_document_dials_an_emergency_number(number: str) -> None:
    with pytest.raises(BadDocument):
        _xml(DialNumber(number, "+12025550100", f"{BASE}/a", f"{BASE}/s", f"{BASE}/c"))


def test_the_other_verbs() -> None:
    assert _xml(Say('A < B & "C" ñ', "es-US"), Pause(2), Redirect(f"{BASE}/return{OVERRIDES}")) == (
        '<Response><Say language="es-US">A &lt; B &amp; "C" ñ</Say><Pause length="2" />'
        '<Redirect method="POST">https://line.example.org/twilio/return#ct=1000&amp;rt=2500&amp;rc=2&amp;tt=7500'
        "&amp;rp=ct,rt,5xx</Redirect></Response>"
    )
    assert _xml(Say("Goodbye."), Hangup()).endswith("<Hangup /></Response>")
    assert _xml(Reject()) == '<Response><Reject reason="busy" /></Response>'
    assert _xml() == "<Response />"


def test_a_room_after_which_something_follows() -> None:
    """A taken label makes the carrier go on behind the Dial: there a caller must not fall out of the document."""
    assert _xml(ROLES["caller"], Redirect(f"{BASE}/return")).endswith("</Redirect></Response>")


@pytest.mark.parametrize(
    "verb",
    [
        Say("bell \x07"),
        Say("nul \x00"),
        Say(" "),
        Say("x" * 70_000),
        Say("hello", "english"),
        Play("/music.wav"),
        Play("http://line.example.org/music.wav"),
        Play("javascript:alert(1)"),
        Redirect(""),
        Redirect("https://user:word@line.example.org/"),
        Redirect("https://line.example.org/#rt=99999"),
        Redirect("https://line.example.org/#rp=ct,nope"),
        Redirect("https://line.example.org/a b"),
        Pause(0),
        Pause(-1),
        Gather(f"{BASE}/hold", (), 0),
        Reject("nobody home"),
        JoinRoom("c0 1", "owner_s1_a", True, f"{BASE}/a", f"{BASE}/b"),
        JoinRoom("c0-1", "Jane Doe", True, f"{BASE}/a", f"{BASE}/b"),
        JoinRoom("c0-1", "x" * 129, True, f"{BASE}/a", f"{BASE}/b"),
        JoinRoom("c0-1", "owner_s1_a", True, "", f"{BASE}/b"),
        JoinRoom("c0-1", "owner_s1_a", True, f"{BASE}/a", f"{BASE}/b", coach_sid="s1"),
    ],
)
def test_what_the_carrier_would_refuse_or_misread_never_leaves(verb: Verb) -> None:
    with pytest.raises(BadDocument):
        _xml(verb)


def test_a_loopback_address_may_be_plain_http() -> None:
    assert "http://127.0.0.1:8000/a" in _xml(Play("http://127.0.0.1:8000/a"))


def test_what_a_room_or_a_screened_telephone_may_hear() -> None:
    words = Document((Say("Stay with me."),))
    key = Document((Gather(f"{BASE}/screen-key", (Say("Press 1."),), 10), Hangup()))
    assert write(words, "room") == write(words, "screen") == write(words)
    with pytest.raises(BadDocument):
        write(key, "room")
    with pytest.raises(BadDocument):
        write(Document((ROLES["owner"],)), "screen")
