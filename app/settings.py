"""Settings: one class, read once from `HOTLINE_*`, passed on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from telephony.numbers import NotDiallable, check_diallable


class Settings(BaseSettings):
    """What an operator can set. Empty store URLs mean the embedded ones, in `data_dir`."""

    model_config = SettingsConfigDict(env_prefix="HOTLINE_", env_file=".env", extra="ignore")

    name: str = Field(default="main", pattern=r"^[A-Za-z0-9_-]{1,40}$")
    """Which hotline of an installation this is: the hash tag of its keys."""
    hotlines: str = ""
    """A folder with a file of settings for each hotline of this installation (`app.hotlines`); empty: there is one."""
    public_url: str = "http://127.0.0.1:8000"
    """Where the carrier reaches us, without a trailing slash. Signatures are checked against it."""
    database_url: str = ""
    """`postgresql://…`; empty: embedded PostgreSQL."""
    redis_url: str = ""
    """`redis://…`, `redis+sentinel://…` or `redis+cluster://…`; empty: embedded Valkey."""
    data_dir: Path = Path("var")
    secret_key: SecretStr = SecretStr("")
    """Signs sessions, URLs and the local snapshot, and is the root of the record keys. At least 32 characters."""
    secret_key_previous: SecretStr = SecretStr("")
    """Still accepted while keys are rotated."""

    twilio_account_sid: str = ""
    twilio_auth_token: SecretStr = SecretStr("")
    twilio_auth_token_previous: SecretStr = SecretStr("")
    """The secondary token, accepted in signatures during rotation."""
    twilio_api_key: str = ""
    twilio_api_secret: SecretStr = SecretStr("")
    twilio_app_sid: str = ""
    """TwiML App that softphones dial."""
    twilio_api_url: str = ""
    """Another REST address: the emulator's. Empty: the carrier's own."""

    emergency_caller_id: str = ""
    """The number agencies see and ring back (C2)."""
    outbound_caller_id: str = ""
    fallback_url: str = ""
    """Where the static document lives that `hotline provision` prints: infrastructure that shares nothing with
    ours. The numbers fall back to it, and so does every caller's leg that we move (H5)."""
    backup_numbers: list[str] = Field(default_factory=list)
    """Telephones of the backup line, in order (H5)."""
    partner_keys: SecretStr = SecretStr("")
    """The keys shared with partner hotlines as JSON, `{"<partner>": "<32 characters or more>"}` (docs/hotlines.md)."""
    lines_file: Path | None = None
    """Lines, prompts, wait plans and head starts as JSON; none: `app/lines.json`, the one that ships."""

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = Field(default=2, ge=2)
    log_level: str = "info"
    demo: bool = False
    """Sample people may be tried without a password. Only with an emulated carrier; never on a hotline for callers."""


def wrong_number(number: str) -> str:
    """What is wrong with a number that an operator has set, or nothing. Never the number itself."""
    try:
        right = check_diallable(number) == number
    except NotDiallable as refused:
        if refused.reason == "emergency":
            return "is an emergency number, which we never dial or show"
        right = False
    return "" if right else "is not written as + with country code and number (E.164), such as +12025550123"


def wrong_numbers(settings: Settings) -> Iterator[str]:
    """Each numbers setting that would fail on a live call, by its name."""
    for name in ("emergency_caller_id", "outbound_caller_id"):
        number = getattr(settings, name)
        if number and (wrong := wrong_number(number)):
            yield f"HOTLINE_{name.upper()} {wrong}"
    for position, number in enumerate(settings.backup_numbers, 1):
        if wrong := wrong_number(number):
            yield f"HOTLINE_BACKUP_NUMBERS, number {position} {wrong}"
