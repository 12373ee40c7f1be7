"""Settings: one class, read once from `HOTLINE_*`, passed on."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What an operator can set. Empty store URLs mean the embedded ones, in `data_dir`."""

    model_config = SettingsConfigDict(env_prefix="HOTLINE_", env_file=".env", extra="ignore")

    name: str = "main"
    """Which hotline of an installation this is: the hash tag of its keys."""
    public_url: str = "http://127.0.0.1:8000"
    """Where the carrier reaches us, without a trailing slash. Signatures are checked against it."""
    database_url: str = ""
    """`postgresql://…`; empty: embedded PostgreSQL."""
    redis_url: str = ""
    """`redis://…`; empty: embedded Valkey."""
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
    backup_numbers: list[str] = Field(default_factory=list)
    """Telephones of the backup line, in order (H5)."""
    lines_file: Path | None = None
    """Lines, prompts, wait plans and head starts as JSON; none: `app/lines.json`, the one that ships."""

    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = Field(default=2, ge=2)
    log_level: str = "info"
