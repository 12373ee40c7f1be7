"""The console is built from its sources, serves itself under a strict policy, and its types are the API's."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr

from app import console
from app.main import compose
from app.settings import Settings

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]
built = pytest.mark.skipif(
    not (console.BUILT / "index.html").is_file() and os.environ.get("HOTLINE_TEST_BROWSER") != "required",
    reason="the console was not built here: npm's packages could not be fetched",
)


async def get(path: str, **settings) -> httpx.Response:
    app = FastAPI()
    app.state.context = compose(Settings(secret_key=SecretStr("k" * 40), **settings))
    app.include_router(console.router)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://hotline") as http:
        return await http.get(path)


@built
async def test_the_page_has_no_inline_code_and_asks_nobody_else() -> None:
    page = await get("/")
    policy = page.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\son\w+=|style=", page.text)
    assert not re.search(r"(src|href)=\"(https?:)?//", page.text)
    for name in re.findall(r"/assets/[\w.-]+", page.text):
        asset = await get(name)
        assert asset.status_code == 200
        assert "immutable" in asset.headers["cache-control"]


@pytest.mark.parametrize(
    ("settings", "allowed"),
    [
        ({}, ""),
        ({"twilio_api_key": "SK1"}, " wss://voice-js.roaming.twilio.com"),
        ({"twilio_api_key": "SK1", "twilio_api_url": "http://127.0.0.1:8900"}, " ws://127.0.0.1:8900"),
        (
            {"twilio_api_key": "SK1", "twilio_api_url": "http://elsewhere.example:8900"},
            " wss://voice-js.roaming.twilio.com",
        ),
    ],
)
def test_the_only_foreign_address_is_the_carriers_signalling(settings, allowed) -> None:
    connect = console.policy(console.signalling(Settings(**settings)))
    assert f"connect-src 'self'{allowed};" in connect


async def test_a_file_outside_the_built_ones_is_not_served() -> None:
    for path in ("/assets/..%2f..%2f..%2fsettings.py", "/assets/nothing.js", "/sounds/..%2findex.html"):
        assert (await get(path)).status_code == 404


async def test_without_a_build_the_page_says_what_to_do(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(console, "BUILT", tmp_path)
    page = await get("/")
    assert (page.status_code, page.text) == (503, console.NOT_BUILT)


@built
def test_the_consoles_types_are_the_apis() -> None:
    done = subprocess.run(
        [sys.executable, ".ci/api_types.py", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_lock_names_packages_and_no_addresses() -> None:
    lock = (ROOT / "app" / "web" / "package-lock.json").read_text()
    assert "://" not in re.sub(r'"(url|homepage|funding)": "[^"]*"', "", lock)
    assert '"@twilio/voice-sdk": "2.18.5"' in lock
