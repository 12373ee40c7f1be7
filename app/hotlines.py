"""Many hotlines on one installation: each with its own people, lines, plans, data and keys (docs/hotlines.md).

A folder holds a file `<name>.env` for each; what a file does not say is that hotline's default, never the environment's
or a neighbour's. What two hotlines must not share is refused before any of them starts.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from sqlalchemy import make_url

from app import lines
from app.embedded import Stores, running
from app.secrets import Secrets
from app.serve import environment
from app.settings import Settings, wrong_numbers

NAME = r"[a-z][a-z0-9_]{0,30}"
"""A hotline's name here: also a folder's and, after `hotline_`, a database's (63 characters at most)."""
PREFIX = "HOTLINE_"


class BadHotlines(ValueError):
    """What is wrong with an installation's files, in the operator's words."""


class _OfFile(Settings):
    """Settings out of one file alone."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore")

    @classmethod
    def settings_customise_sources(  # its signature is the library's
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, dotenv_settings


def read(base: Settings) -> tuple[tuple[Settings, ...], tuple[str, ...]]:
    """The hotlines of an installation in the order of their names, and what is wrong with those left out: one bad file
    keeps no other hotline from starting. `BadHotlines` where nothing at all can start."""
    folder = Path(base.hotlines)
    files = sorted(folder.glob("*.env"))
    if not files:
        raise BadHotlines(f"HOTLINE_HOTLINES: no file <name>.env in the folder {folder.name!r}")
    if base.database_url:
        raise BadHotlines("HOTLINE_DATABASE_URL: every hotline has a database of its own; name it in its file")
    good: list[Settings] = []
    wrong: list[str] = []
    for file in files:
        try:
            made = _read(file, base)
            _refuse_shared(good, made)
            good.append(made)
        except BadHotlines as problem:
            wrong.append(f"{file.name}: {problem}")
    return tuple(good), tuple(wrong)


def _read(file: Path, base: Settings) -> Settings:
    if not re.fullmatch(NAME, file.stem):
        raise BadHotlines("a hotline is named by small letters, digits and _, at most 31")
    try:
        given = _OfFile(_env_file=file)  # type: ignore[call-arg]
    except ValidationError as wrong:
        names = ", ".join(sorted({PREFIX + str(error["loc"][0]).upper() for error in wrong.errors()}))
        raise BadHotlines(f"{names} cannot be used as it is") from None
    if given.hotlines or given.name not in (file.stem, Settings.model_fields["name"].default):
        raise BadHotlines("the file's name is the hotline's name, and it holds one hotline")
    mine = {
        "name": file.stem,
        "data_dir": given.data_dir if "data_dir" in given.model_fields_set else base.data_dir / file.stem,
        "redis_url": given.redis_url or base.redis_url,
        "lines_file": given.lines_file or lines.SHIPPED,
    }
    made = Settings.model_construct(**{**given.model_dump(), **mine})
    try:
        Secrets(made)
    except ValueError as short:
        raise BadHotlines(str(short)) from None
    if wrong := next(wrong_numbers(made), ""):
        raise BadHotlines(wrong)
    return made


def _numbers(settings: Settings) -> Iterator[str]:
    """Whom callers and agencies ring; lines that cannot be read are the hotline's own affair (S5)."""
    yield settings.emergency_caller_id
    try:
        raw = json.loads((settings.lines_file or lines.SHIPPED).read_text())
        yield from (str(line["number"]) for line in raw["lines"].values())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return


APART: Mapping[str, Callable[[Settings], Iterator[str]]] = {
    "HOTLINE_SECRET_KEY": lambda s: iter((s.secret_key.get_secret_value(), s.secret_key_previous.get_secret_value())),
    "HOTLINE_PUBLIC_URL": lambda s: iter((s.public_url.rstrip("/"),)),
    "HOTLINE_PORT": lambda s: iter((f"{s.host} {s.port}",)),
    "HOTLINE_DATA_DIR": lambda s: iter((str(s.data_dir.resolve()),)),
    "HOTLINE_DATABASE_URL": lambda s: iter((s.database_url,)),
    "HOTLINE_TWILIO_ACCOUNT_SID": lambda s: iter((s.twilio_account_sid,)),
    "HOTLINE_TWILIO_APP_SID": lambda s: iter((s.twilio_app_sid,)),
    "the lines' numbers and HOTLINE_EMERGENCY_CALLER_ID": _numbers,
}
"""What belongs to one hotline alone; an empty value is nobody's."""


def _refuse_shared(others: Sequence[Settings], made: Settings) -> None:
    for what, of in APART.items():
        mine = set(of(made)) - {""}
        for other in others:
            if mine & set(of(other)):  # the value itself may be a secret, or a number
                raise BadHotlines(f"it shares {what} with {other.name}.env; each hotline needs its own")


def database(name: str) -> str:
    """The hotline's database on the embedded server."""
    return f"hotline_{name}"


def stores_of(base: Settings, hotlines: Sequence[Settings]) -> Stores | None:
    """The embedded stores that the hotlines share, a database each; None where all of them have addresses."""
    names = [database(settings.name) for settings in hotlines if not settings.database_url]
    valkey = any(not settings.redis_url for settings in hotlines)
    if not names and not valkey:
        return None
    return Stores(base.data_dir, postgres=bool(names), valkey=valkey, databases=names or ("hotline",))


def with_addresses(settings: Settings, stores: Stores | None) -> Settings:
    """The hotline with the addresses of the shared stores where it names none."""
    if stores is None:
        return settings
    urls = {
        "database_url": settings.database_url or stores.postgres.url_of(database(settings.name)),
        "redis_url": settings.redis_url or stores.redis_url,
    }
    return settings.model_copy(update=urls)


def apart(settings: Settings) -> dict[str, str]:
    """The environment of one hotline's processes: nothing of the installation's other settings is in it."""
    bare = {name: value for name, value in os.environ.items() if not name.upper().startswith(PREFIX)}
    return environment(settings, bare)


def beside(base: Settings, name: str) -> Settings:
    """One hotline, with the addresses of the stores that a running installation owns."""
    found = next((settings for settings in read(base)[0] if settings.name == name), None)
    if found is None:
        raise BadHotlines(f"there is no hotline {name!r} in this installation, or its file is wrong")
    urls = running(base.data_dir)
    server = urls.get("database_url")
    own = make_url(server).set(database=database(name)).render_as_string(hide_password=False) if server else ""
    update = {"database_url": found.database_url or own, "redis_url": found.redis_url or urls.get("redis_url", "")}
    if not all(update.values()):
        raise BadHotlines("no stores: start `hotline serve` first, or name their addresses in the hotline's file")
    return found.model_copy(update=update)
