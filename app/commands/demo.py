"""`hotline demo`: a run with simulated people and its verdict, or a hotline that stays up to be used."""

from __future__ import annotations

import asyncio
import importlib
import json
import os
import signal
import sys
import webbrowser
from collections.abc import Sequence
from typing import Any

from rich.console import Console as Terminal
from rich.table import Table

from app.console import BUILT, NOT_BUILT
from app.demo.callers import Caller
from app.demo.director import Director
from app.demo.judge.summary import COUNTERS, verdict
from app.demo.play import PASSWORD, sample_people
from app.demo.run import Options, own_stores, simulate
from app.demo.scripts import LINE
from app.demo.world import Sabotage, own_processes

#: People who can sign in at a demo that stays up, beside the lead.
SPECIALISTS = 3


def sabotage_named(name: str) -> Sabotage:
    """`module:function`; `ValueError` where there is none (the switches live in the test tree)."""
    module, _, function = name.partition(":")
    try:
        return getattr(importlib.import_module(module), function)
    except (ImportError, AttributeError, ValueError):
        raise ValueError(f"there is no sabotage {name!r}; give module:function") from None


async def run(options: Options, *, as_json: bool) -> int:
    """The exit code: 0 when nothing was lost or false and everything scripted has happened."""
    terminal = Terminal(stderr=True)
    with terminal.status("starting …") as status:

        def tell(director: Director, callers: Sequence[Caller]) -> None:
            over = sum(caller.over for caller in callers)
            live = sum(part.leg.live for part in director.parts.values())
            status.update(f"{over} of {len(callers)} callers have ended, {live} are on the line")

        result = await simulate(options, None if as_json else tell)
    if as_json:
        print(json.dumps(result, default=str), flush=True)
    else:
        show(result)
    return 0 if verdict(result) else 1


def show(result: dict[str, Any]) -> None:
    """The summary for people: what was counted, how long callers waited, and what happened."""
    terminal = Terminal()
    tables = {"Callers": _counted(result), "What happened": result["happened"]}
    if "faults" in result:
        tables |= {"Faults": result["faults"], "Right again after, s (p99)": result["recovered_p99_s"]}
    for title, rows in tables.items():
        table = Table("what", "", title=title, title_justify="left")
        for name, value in rows.items():
            must_be_0 = name in COUNTERS and value
            table.add_row(name.replace("_", " "), f"[red]{value}[/red]" if must_be_0 else str(value))
        terminal.print(table)
    for name, found in result["details"].items():
        terminal.print(f"[red]{name}[/red]: {found}")
    for kind in result["did_not_happen"]:
        terminal.print(f"[red]scripted, but did not happen:[/red] {kind}")
    terminal.print("[green]good[/green]" if verdict(result) else "[red]not good[/red]")


def _counted(result: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in result.items() if isinstance(value, int | float)}


async def stay_up(seed: int, port: int) -> None:
    """A hotline with its carrier and sample people, until Ctrl-C."""
    stop = asyncio.Event()
    for signal_ in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signal_, stop.set)
    terminal = Terminal()
    terminal.print("starting …")
    async with own_stores(durable=True) as (folder, stores):
        urls: dict[str, Any] = {"database_url": stores.database_url, "redis_url": stores.redis_url}
        async with own_processes(folder / "data", seed=seed, port=port, audio=True, **urls) as world:
            people = await sample_people(world, SPECIALISTS)
            url = world.settings.public_url
            terminal.print(f"[bold]The hotline is up[/bold] at {url}; its line is {LINE}")
            terminal.print(f"  [bold]begin here[/bold]          {url}/welcome")
            terminal.print(f"  console             {url}/")
            if not (BUILT / "index.html").is_file():
                terminal.print(f"[red]{NOT_BUILT.strip()}[/red]")
            terminal.print(f"  API description     {url}/api/openapi.json")
            terminal.print(f"  health              {url}/readyz")
            terminal.print(f"  emulated carrier    {world.settings.twilio_api_url}")
            terminal.print(f"  its account         {world.net.account_sid}")
            terminal.print(f"  sign-ins            {', '.join(login for _, login in people)}")
            terminal.print(f"  password of all     {PASSWORD}")
            terminal.print("Ctrl-C ends it; its data go with it.")
            await asyncio.to_thread(open_page, f"{url}/welcome")
            await stop.wait()


def open_page(url: str) -> bool:
    """Show the first page where a person sits in front of a screen; a terminal over the network has none."""
    screen = sys.platform in ("darwin", "win32") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    return bool(sys.stdout.isatty() and screen and webbrowser.open(url))
