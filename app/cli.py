"""`hotline …`: one command for everything an operator does. Each command imports what it needs when it runs."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Annotated, Any

import typer

from app.settings import Settings, wrong_numbers

cli = typer.Typer(name="hotline", no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)


def main() -> None:
    cli()


def _fail(text: str) -> typer.Exit:
    typer.echo(text, err=True)
    return typer.Exit(1)


def _settings(**given: Any) -> Settings:
    """Settings from the environment, with what was given on the command line."""
    return Settings(**{name: value for name, value in given.items() if value is not None})


@cli.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on.")] = None,
    workers: Annotated[int | None, typer.Option(help="Web processes, at least 2.", min=2)] = None,
    data_dir: Annotated[Path | None, typer.Option(help="Folder of the embedded stores.")] = None,
) -> None:
    """Answer calls: web workers on one socket, and embedded stores where no URLs are set."""
    from app import logs
    from app.embedded import EmbeddedError
    from app.serve import serve as run

    settings = _settings(host=host, port=port, workers=workers, data_dir=data_dir)
    if settings.hotlines:
        _serve_all(settings)
        return
    _need_secret_key(settings)
    _need_good_numbers(settings)
    logs.configure(settings.log_level)
    try:
        asyncio.run(run(settings))
    except (EmbeddedError, OSError) as error:
        raise _fail(str(error)) from None


def _serve_all(settings: Settings) -> None:
    """Every hotline of an installation, each with a parent of its own."""
    from app import installation, logs
    from app.embedded import EmbeddedError
    from app.hotlines import BadHotlines

    logs.configure(settings.log_level)
    try:
        asyncio.run(installation.serve(settings, tell=lambda wrong: typer.echo(wrong, err=True)))
    except (BadHotlines, EmbeddedError, OSError) as error:
        raise _fail(str(error)) from None


@cli.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def of(
    name: Annotated[str, typer.Argument(help="A hotline of this installation.")],
    command: Annotated[list[str], typer.Argument(help="What to do there: `user ada --name Ada`, `check`, ...")],
) -> None:
    """Do something for one hotline of an installation of many (HOTLINE_HOTLINES)."""
    import os
    import sys

    from app.hotlines import BadHotlines, apart, beside

    try:
        environment = apart(beside(Settings(), name))
    except BadHotlines as error:
        raise _fail(str(error)) from None
    os.execve(sys.executable, [sys.executable, "-m", "app.cli", *command], environment)


def _need_secret_key(settings: Settings) -> None:
    from app.secrets import Secrets

    try:
        Secrets(settings)
    except ValueError as error:
        hint = "python -c 'import secrets; print(secrets.token_urlsafe(48))'"
        raise _fail(f"{error}. Make one with: {hint}") from None


def _need_good_numbers(settings: Settings) -> None:
    """What would fail on a live call is said now. Lines alone do not keep us from starting where good ones are kept."""
    from app import lines

    found = list(lines.problems(settings))
    for problem in found:
        typer.echo(problem, err=True)
    if found and not (lines.has_snapshot(settings) and not list(wrong_numbers(settings))):
        raise _fail("Put this right and start again.")


def _beside_stores() -> Settings:
    """Settings for work beside a running service: the URLs that are set, or those of its embedded stores."""
    from app.commands.stores import beside

    settings = beside(Settings())
    _need_secret_key(settings)
    if not settings.database_url or not settings.redis_url:
        raise _fail("no stores: set HOTLINE_DATABASE_URL and HOTLINE_REDIS_URL, or start `hotline serve` first")
    return settings


@cli.command()
def worker() -> None:
    """Run only the background work (timers, outbox, recorder, reconciler) beside the web processes."""
    from app.commands.background import run

    asyncio.run(run(_beside_stores()))


@cli.command()
def migrate() -> None:
    """Bring the database's schema up to date."""
    from app.commands.stores import reachable
    from app.records.migrate import upgrade

    async def run() -> None:
        async with reachable(Settings(), valkey=False) as settings:
            await upgrade(settings.database_url)

    _run(run())
    typer.echo("The schema is up to date.")


@cli.command()
def check() -> None:
    """Say what is missing or wrong before callers find out; exit code 1 if anything is."""
    from app.commands.check import check as run

    settings = Settings()
    findings = asyncio.run(run(settings))
    for finding in findings:
        typer.echo(f"{'ok  ' if finding.ok else 'FAIL'}  {finding.subject}: {finding.text}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


@cli.command()
def provision(
    number: Annotated[list[str] | None, typer.Option(help="A number of the account; none: those of the lines.")] = None,
    fallback_url: Annotated[
        str, typer.Option(help="Where the static fallback document lives; else HOTLINE_FALLBACK_URL.")
    ] = "",
) -> None:
    """Point the carrier's numbers and the softphones' application here, and print the static fallback document."""
    from app.commands.provision import ProvisionError
    from app.commands.provision import provision as run

    settings = Settings()
    _need_secret_key(settings)
    try:
        report = asyncio.run(run(settings, number or (), fallback_url))
    except ProvisionError as error:
        raise _fail(str(error)) from None
    typer.echo(report)


@cli.command()
def user(
    login: Annotated[str, typer.Argument(help="What the person signs in with.")],
    name: Annotated[str, typer.Option(help="Shown to colleagues.", prompt=True)],
    role: Annotated[str, typer.Option(help="specialist, lead, admin or auditor.")] = "admin",
    password: Annotated[str, typer.Option(prompt=True, hide_input=True, confirmation_prompt=True)] = "",
    level: Annotated[str, typer.Option(help="junior, intermediate or senior.")] = "intermediate",
    language: Annotated[list[str] | None, typer.Option(help="Languages; repeat for more.")] = None,
) -> None:
    """Add somebody who can sign in."""
    from app.commands.user import add

    details = {"name": name, "role": role, "password": password, "level": level, "languages": language or ["en"]}
    settings = Settings()
    _need_secret_key(settings)
    try:
        person = _run(add(settings, login, **details))
    except ValueError as error:
        raise _fail(str(error)) from None
    typer.echo(f"{login} can sign in; id {person}")


@cli.command()
def reconcile() -> None:
    """Compare carrier, board and record once, now, and heal what differs."""
    from app.commands.background import reconcile_once

    asyncio.run(reconcile_once(_beside_stores()))


@cli.command()
def emulator(
    host: Annotated[str, typer.Option()] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="0 picks one.")] = 0,
    telephone: Annotated[list[str] | None, typer.Option(help="A number that answers when rung; repeat.")] = None,
    seed: Annotated[int | None, typer.Option()] = None,
) -> None:
    """Run the emulated carrier; prints the settings with which a hotline uses it."""
    from telephony.emulator.serve import run

    asyncio.run(run(host, port, telephones=telephone or (), seed=seed))


@cli.command()
def demo(
    callers: Annotated[int, typer.Option(help="Simulated callers; none: the hotline stays up to be used.", min=0)] = 0,
    specialists: Annotated[int, typer.Option(help="Simulated specialists.", min=1)] = 8,
    seconds: Annotated[float, typer.Option("--for", help="Seconds in which the callers ring.")] = 60,
    seed: Annotated[int, typer.Option(help="Fixes who the people are, not who is faster.")] = 7,
    virtual: Annotated[bool, typer.Option("--virtual", help="One process, on a clock that jumps.")] = False,
    chaos: Annotated[
        bool, typer.Option("--chaos", help="Kill workers, stop and empty stores, lose callbacks meanwhile.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="The summary as one object on the last line.")] = False,
    assume: Annotated[
        list[str] | None, typer.Option("--assumptions", help="A switch of the emulated carrier: name=value.")
    ] = None,
    sabotage: Annotated[str, typer.Option(help="Break one thing: module:function, with --virtual (tests).")] = "",
    port: Annotated[int, typer.Option(help="Of the hotline that stays up.")] = 8000,
) -> None:
    """The whole hotline on one machine, with an emulated carrier and simulated people who ring and answer."""
    from app.commands import demo as command
    from app.demo.play import Run
    from app.demo.run import Options, read_assumptions

    if not callers:
        asyncio.run(command.stay_up(seed, port))
        return
    try:
        options = Options(
            Run(callers, specialists, seconds, seed),
            virtual=virtual or bool(sabotage),
            assumptions=read_assumptions(assume or ()),
            sabotage=command.sabotage_named(sabotage) if sabotage else None,
            chaos=chaos,
        )
    except ValueError as error:
        raise _fail(str(error)) from None
    raise typer.Exit(asyncio.run(command.run(options, as_json=as_json)))


@cli.command()
def bench(
    what: Annotated[str, typer.Argument(help="webhook, match or console.")],
    json: Annotated[bool, typer.Option("--json", help="The figures as one object on the last line.")] = False,
) -> None:
    """Measure this machine against a yardstick in the same run."""
    from app.bench import show

    try:
        typer.echo(asyncio.run(show(what, as_json=json)))
    except KeyError:
        raise _fail(f"there is no bench called {what}; there are webhook, match, route and console") from None


def _run(work: Any) -> Any:
    from app.embedded import EmbeddedError

    try:
        return asyncio.run(work)
    except EmbeddedError as error:
        raise _fail(str(error)) from None


if __name__ == "__main__":
    main()
