"""Many hotlines on one installation: what they must not share is refused, and each lives and dies by itself."""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import psutil
import pytest

from app.hotlines import BadHotlines, apart, database, read
from app.lines import SHIPPED
from app.settings import Settings

pytestmark = pytest.mark.anyio

#: Seconds for two hotlines to start on a machine that is busy with other tests.
START_S = 120.0


def lines_file(folder: Path, name: str, number: str) -> Path:
    raw = json.loads(SHIPPED.read_text())
    raw["lines"]["main"]["number"] = number
    path = folder / f"{name}.json"
    path.write_text(json.dumps(raw))
    return path


def a_file(folder: Path, name: str, n: int, **given: str) -> None:
    own = {
        "SECRET_KEY": f"the key of {name} " + "x" * 40,
        "PUBLIC_URL": f"http://{name}.example",
        "PORT": str(9000 + n),
        "LOG_LEVEL": "warning",
        "LINES_FILE": str(lines_file(folder, name, f"+120255501{n:02}")),
        **given,
    }
    (folder / f"{name}.env").write_text("".join(f"HOTLINE_{key}={value}\n" for key, value in own.items()))


def base(folder: Path) -> Settings:
    return Settings(hotlines=str(folder), data_dir=folder / "var", _env_file=None)  # type: ignore[call-arg]


def test_each_hotline_has_its_name_folder_and_nothing_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    a_file(tmp_path, "north", 1)
    a_file(tmp_path, "south", 2, LOG_LEVEL="error")
    monkeypatch.setenv("HOTLINE_TWILIO_AUTH_TOKEN", "of the installation")
    monkeypatch.setenv("HOTLINE_SECRET_KEY", "the installation's " + "y" * 40)
    (north, south), wrong = read(base(tmp_path))
    assert wrong == ()
    assert [north.name, south.name] == ["north", "south"]
    assert north.data_dir == tmp_path / "var" / "north"
    assert north.twilio_auth_token.get_secret_value() == ""
    environment = apart(south)
    assert environment["HOTLINE_TWILIO_AUTH_TOKEN"] == ""
    assert environment["HOTLINE_HOTLINES"] == ""
    assert environment["HOTLINE_SECRET_KEY"].startswith("the key of south")
    assert environment["HOTLINE_LOG_LEVEL"] == "error"


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"SECRET_KEY": "the key of north " + "x" * 40}, "SECRET_KEY"),
        ({"SECRET_KEY_PREVIOUS": "the key of north " + "x" * 40}, "SECRET_KEY"),
        ({"PUBLIC_URL": "http://north.example/"}, "PUBLIC_URL"),
        ({"PORT": "9001"}, "PORT"),
        ({"TWILIO_ACCOUNT_SID": "AC" + "1" * 32}, "TWILIO_ACCOUNT_SID"),
        ({"DATABASE_URL": "postgresql://host/one"}, "DATABASE_URL"),
        ({"EMERGENCY_CALLER_ID": "+12025550101"}, "numbers"),
        ({"SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"NAME": "north"}, "name"),
        ({"WORKERS": "1"}, "WORKERS"),
    ],
)
def test_what_two_hotlines_must_not_share_is_refused_and_the_others_start(
    tmp_path: Path, given: dict[str, str], named: str
) -> None:
    a_file(tmp_path, "north", 1, DATABASE_URL="postgresql://host/one", TWILIO_ACCOUNT_SID="AC" + "1" * 32)
    a_file(tmp_path, "south", 2, **given)
    a_file(tmp_path, "west", 3)
    good, wrong = read(base(tmp_path))
    assert [settings.name for settings in good] == ["north", "west"]
    (problem,) = wrong
    assert problem.startswith("south.env: ")
    assert named in problem
    assert all(value not in problem for value in given.values() if len(value) > 6)


def test_a_shared_database_and_an_empty_folder_are_said(tmp_path: Path) -> None:
    with pytest.raises(BadHotlines, match="no file"):
        read(base(tmp_path))
    a_file(tmp_path, "north", 1)
    with pytest.raises(BadHotlines, match="database of its own"):
        read(base(tmp_path).model_copy(update={"database_url": "postgresql://host/one"}))


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def _ready(url: str) -> bool:
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
            return (await client.get(f"{url}/readyz")).json().get("status") == "ok"
    except (httpx.HTTPError, ValueError):
        return False


async def _until_ready(*urls: str) -> None:
    async with asyncio.timeout(START_S):
        while not all([await _ready(url) for url in urls]):  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def test_one_hotline_dies_and_comes_back_while_its_neighbour_answers(store_folder: Path) -> None:
    ports = {name: _free_port() for name in ("north", "south")}
    urls = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    for n, (name, port) in enumerate(ports.items()):
        a_file(store_folder, name, n + 1, PORT=str(port), PUBLIC_URL=urls[name], SECRET_KEY=secrets.token_hex(24))
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HOTLINE_")}
    given = {"HOTLINE_HOTLINES": str(store_folder), "HOTLINE_DATA_DIR": str(store_folder / "var")}
    service = await asyncio.to_thread(subprocess.Popen, [sys.executable, "-m", "app.cli", "serve"], env=clean | given)
    try:
        await _until_ready(*urls.values())
        children = psutil.Process(service.pid).children()
        parents = {c.environ()["HOTLINE_NAME"]: c for c in children if "app.cli" in " ".join(c.cmdline())}
        assert {c.environ()["HOTLINE_DATABASE_URL"].count(database(name)) for name, c in parents.items()} == {1}
        parents["north"].kill()
        assert await _ready(urls["south"])
        await _until_ready(urls["north"])
        assert parents["south"].is_running()
        command = [sys.executable, "-m", "app.cli", "of", "south", "user", "ada", "--name", "Ada", "--role", "admin"]
        command += ["--password", "correct horse battery staple"]
        done = await asyncio.to_thread(subprocess.run, command, env=clean | given, check=False)
        assert done.returncode == 0
        sign_in = {"login": "ada", "password": "correct horse battery staple"}
        async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
            assert (await client.post(f"{urls['south']}/api/session", json=sign_in)).status_code == 200
            client.cookies.clear()
            assert (await client.post(f"{urls['north']}/api/session", json=sign_in)).status_code == 401
    finally:
        service.send_signal(signal.SIGTERM)
        await asyncio.to_thread(service.wait, 60)
