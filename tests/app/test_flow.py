"""What a caller hears is a pure function of the board's state, and always has a way on (L2, promise 1)."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import product
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app import nostore
from app.documents import ASK_TIMES, BELIEVED_GONE, Turn, Voice, document_for
from app.fallback import static_document
from app.flow import CALLBACK
from app.lines import SHIPPED, parse
from app.links import OVERRIDES, BadPlace, Links, Place
from app.prompts import AFTER_WORDS_S, PIECE_S, PIECES, RATE, music, say
from app.settings import Settings
from routing.board import CallView
from routing.states import Call
from telephony.carrier import DialNumber, Document, Gather, Hangup, JoinRoom, Play, Redirect, Say
from telephony.twilio import write

LINE = parse(json.loads(SHIPPED.read_text())).line("main")
VOICE = Voice(LINE, Links("https://hotline.example"), ("+12025550190", "+12025550191"), "+12025550100")
NOBODY_RINGS = replace(VOICE, backup_numbers=())
T0 = 1_800_000_000_000
VIEW = CallView(
    id="c0123456789abcdef0123",
    state=Call.waiting,
    line="main",
    language="en",
    cls="standard",
    arrived_ms=T0,
    counter=3,
    turn=4,
    sid="CA" + "0" * 32,
    room="",
    room_sid="",
    room_open=False,
    caller_in_room=False,
    owner="",
    since_ms=T0,
    cause="arrived",
    backup_index=0,
    backup_done=False,
    handoff_open=False,
    returning=False,
    fresh=False,
    now_ms=T0 + 60_000,
)

views = st.builds(
    replace,
    st.just(VIEW),
    state=st.sampled_from(list(Call)),
    language=st.sampled_from(["en", "es", "xx"]),
    turn=st.integers(0, 500),
    room=st.just("c0123456789abcdef0123-0a1b2c3d"),
    room_open=st.booleans(),
    caller_in_room=st.booleans(),
    cause=st.sampled_from(["arrived", "lost", "left", "backup_failed", "done", "caller_gone", "agency_left"]),
    since_ms=st.sampled_from([T0, T0 + 59_000]),
    backup_index=st.integers(0, 3),
    backup_done=st.booleans(),
    may_callback=st.booleans(),
    callback_from=st.integers(0, 9),
)
turns = st.builds(
    Turn,
    st.integers(0, 600),
    st.sampled_from(["", "danger", "language", "still_needed", "callback", *CALLBACK]),
    st.integers(0, 4),
)


def ways_on(document: Document) -> list[object]:
    return [v for v in document.verbs if isinstance(v, Redirect | JoinRoom | DialNumber | Hangup | Gather)]


def said(document: Document) -> str:
    inside = [p for v in document.verbs for p in (v.prompts if isinstance(v, Gather) else (v,))]
    return " ".join(p.text for p in inside if isinstance(p, Say))


def place(document: Document) -> Place:
    url = next(v.action for v in document.verbs if isinstance(v, Gather | DialNumber | JoinRoom))
    return Place.read({k: v[0] for k, v in parse_qs(urlsplit(url).query).items()})


@given(views, turns, st.sampled_from([VOICE, NOBODY_RINGS]))
def test_L2_every_state_has_words_or_a_way_on_and_is_valid_twiml(view: CallView, turn: Turn, voice: Voice) -> None:
    document = document_for(view, turn, voice)
    assert ways_on(document)
    write(document)


@given(views, turns)
def test_no_machine_hangs_up_on_a_caller(view: CallView, turn: Turn) -> None:
    document = document_for(view, turn, VOICE)
    by_a_person = view.state == Call.closed and view.cause not in BELIEVED_GONE
    own_choice = view.backup_done and turn.asked >= ASK_TIMES
    to_be_rung = view.state == Call.callback and turn.key != "callback_yes"
    if not (by_a_person or own_choice or to_be_rung):
        assert not any(isinstance(v, Hangup) for v in document.verbs)


@given(views, turns)
def test_L2_a_repeated_request_gets_the_same_document(view: CallView, turn: Turn) -> None:
    assert document_for(view, turn, VOICE) == document_for(view, turn, VOICE)


@given(views, turns)
def test_L2_a_call_with_somebody_in_its_room_gets_the_room_not_music(view: CallView, turn: Turn) -> None:
    document = document_for(view, turn, VOICE)
    inside = view.room_open and view.state != Call.closed
    assert any(isinstance(v, JoinRoom) for v in document.verbs) == inside


@given(views, turns)
def test_H1_the_next_turn_carries_the_place_and_comes_after_all_others(view: CallView, turn: Turn) -> None:
    document = document_for(view, turn, VOICE)
    if any(isinstance(v, Hangup) for v in document.verbs):
        return
    there = place(document)
    assert (there.call, there.line, there.cls, there.at, there.n) == (view.id, "main", "standard", T0, 3)
    assert there.turn > max(view.turn, turn.number)


def test_H3_caller_routes_carry_the_overrides_and_nothing_personal() -> None:
    url = VOICE.links.hold(Place.of(VIEW, 5))
    assert url.endswith(OVERRIDES)
    assert set(parse_qs(urlsplit(url).query)) == {"call", "line", "lang", "cls", "at", "n", "turn"}


def test_H4_music_goes_on_from_piece_to_piece() -> None:
    """After words a shorter one: a turn with words takes no longer than another (R3 waits for a turn)."""
    pieces, lengths = set(), {}
    for turn in range(1, PIECES + 1):
        document = document_for(replace(VIEW, turn=turn), Turn(turn), VOICE)
        (gather,) = document.verbs
        assert isinstance(gather, Gather)
        *words, played = gather.prompts
        assert isinstance(played, Play)
        piece, _, lengths[bool(words)] = played.url.partition("?seconds=")
        pieces.add(piece)
    assert len(pieces) == PIECES
    assert lengths == {False: str(PIECE_S), True: str(AFTER_WORDS_S)}


def test_H4_a_piece_is_18_s_of_sound_and_the_same_each_time() -> None:
    body = music(2)
    assert len(body) - 44 == PIECE_S * RATE
    assert len(music(2, AFTER_WORDS_S)) - 44 == AFTER_WORDS_S * RATE
    music.cache_clear()
    assert music(2) == body


@pytest.mark.parametrize("language", ["en", "es"])
def test_H6_the_danger_key_is_answered_with_words_and_the_local_number(language: str) -> None:
    document = document_for(replace(VIEW, language=language, cls="danger"), Turn(5, "danger"), VOICE)
    assert "9 1 1" in said(document)


def test_the_greeting_is_short_and_names_the_keys() -> None:
    words = said(document_for(replace(VIEW, state=Call.greeting, turn=0), Turn(), VOICE))
    assert "press 1" in words
    assert "oprima 2" in words
    assert len(words.split()) <= 35


def test_a_waiting_caller_is_not_talked_at_every_turn() -> None:
    spoken = [bool(said(document_for(replace(VIEW, turn=n), Turn(n), VOICE))) for n in range(2, 22)]
    assert sum(spoken) == 5


def test_H5_the_end_of_the_backup_asks_and_only_then_says_goodbye() -> None:
    done = replace(VIEW, backup_done=True)
    asked = document_for(done, Turn(9), VOICE)
    assert "press 1" in said(asked)
    assert place(asked).asked == 1
    assert document_for(done, Turn(11, asked=ASK_TIMES), VOICE).verbs[-1] == Hangup()


def test_H5_a_backup_whose_dial_has_ended_is_reported_by_the_next_turn() -> None:
    assert place(document_for(replace(VIEW, state=Call.backup_talking, backup_index=1), Turn(9), VOICE)).dialled == 1


def test_L9_a_call_that_a_person_ended_says_goodbye() -> None:
    document = document_for(replace(VIEW, state=Call.closed, cause="conversation_over"), Turn(9), VOICE)
    assert "Goodbye" in said(document)
    assert document.verbs[-1] == Hangup()


def test_a_caller_believed_gone_who_asks_reaches_a_human() -> None:
    document = document_for(replace(VIEW, state=Call.closed, cause="caller_gone"), Turn(9), VOICE)
    assert any(isinstance(v, DialNumber) for v in document.verbs)


# ---------------------------------------------------------------- without the board


PLACE = Place.of(VIEW, 5)


def test_S1_without_the_board_a_caller_is_held_a_minute_and_then_a_telephone_rings() -> None:
    first = nostore.turn(VOICE, PLACE, "", T0)
    assert "technical problem" in said(first)
    held = place(first)
    assert held.nostore == T0
    assert any(isinstance(v, Gather) for v in nostore.turn(VOICE, held, "", T0 + 59_000).verbs)
    assert any(isinstance(v, DialNumber) for v in nostore.turn(VOICE, held, "", T0 + 60_000).verbs)


def test_S1_danger_goes_to_the_backup_line_at_once() -> None:
    document = nostore.turn(VOICE, PLACE, "danger", T0)
    assert any(isinstance(v, DialNumber) for v in document.verbs)
    assert place(document).cls == "danger"


def test_H5_without_the_board_the_second_number_follows_the_first_and_then_hold() -> None:
    held = replace(PLACE, nostore=T0)
    second = nostore.turn(VOICE, replace(held, dialled=0), "", T0 + 90_000)
    assert [v.number for v in second.verbs if isinstance(v, DialNumber)] == ["+12025550191"]
    after = nostore.turn(VOICE, replace(held, dialled=1), "", T0 + 120_000)
    assert place(after).nostore == T0 + 120_000
    assert not any(isinstance(v, DialNumber | Hangup) for v in after.verbs)


@given(st.integers(0, 300_000), st.sampled_from(["", "danger", "language"]), st.sampled_from([None, 0, 1, 7]))
def test_without_the_board_no_document_ends(late: int, key: str, dialled: int | None) -> None:
    for voice, cls in product((VOICE, NOBODY_RINGS), ("standard", "danger")):
        document = nostore.turn(voice, replace(PLACE, nostore=T0, dialled=dialled, cls=cls), key, T0 + late)
        assert ways_on(document)
        assert not any(isinstance(v, Hangup) for v in document.verbs)
        write(document)


# ---------------------------------------------------------------- words and addresses


def test_every_language_has_the_same_prompts() -> None:
    raw = json.loads(SHIPPED.read_text())
    assert len({frozenset(words) for words in raw["words"].values()}) == 1


@pytest.mark.parametrize("key", sorted(LINE.words["en"]))
@pytest.mark.parametrize("language", ["en", "es"])
def test_every_prompt_can_be_said(language: str, key: str) -> None:
    spoken = say(LINE, language, key, digit="2")
    assert "{" not in spoken.text
    assert len(spoken.text.split()) <= 40


@given(
    st.dictionaries(
        st.sampled_from(["call", "line", "lang", "cls", "at", "n", "turn", "dialled", "nostore", "asked"]), st.text()
    )
)
def test_a_hold_url_that_is_none_is_said_to_be_none(query: dict[str, str]) -> None:
    try:
        Place.read(query)
    except BadPlace:
        return
    assert {"call", "line", "lang", "cls", "at", "n", "turn"} <= set(query)


# ---------------------------------------------------------------- all of ours is down


def test_H5_the_static_document_rings_each_number_and_leads_back() -> None:
    settings = Settings(public_url="https://hotline.example", backup_numbers=["+12025550190", "+12025550191"])
    root = ElementTree.fromstring(static_document(settings, LINE))
    assert [dial.findtext("Number") for dial in root.iter("Dial")] == ["+12025550190", "+12025550191"]
    assert all("action" not in dial.attrib for dial in root.iter("Dial")), "an action of ours would be down too"
    assert root[-1].tag == "Redirect"
    assert (root[-1].text or "").startswith("https://hotline.example/twilio/return")


def test_H5_without_numbers_it_still_speaks_and_leads_back() -> None:
    root = ElementTree.fromstring(static_document(Settings(public_url="https://hotline.example"), LINE))
    assert next(verb.tag for verb in root) == "Say"
    assert root[-1].tag == "Redirect"
