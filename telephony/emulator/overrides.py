"""Connection overrides: the fragment of a webhook URL, such as `#rc=2&rp=ct,rt`."""

from __future__ import annotations

from dataclasses import dataclass, replace

_CONDITIONS = frozenset({"4xx", "5xx", "ct", "rt", "all"})
#: Key: lowest and highest value (milliseconds, but `rc`: retries).
_RANGES = {"ct": (100, 10_000), "rt": (100, 15_000), "tt": (100, 15_000), "rc": (0, 5)}
_FIELDS = {"ct": "connect_ms", "rt": "read_ms", "tt": "total_ms", "rc": "retries"}


class BadOverride(Exception):
    """A fragment the carrier does not understand (its error 11243)."""


@dataclass(frozen=True)
class Overrides:
    """How long one request may take and what is tried again. Milliseconds of real time."""

    connect_ms: int = 5_000
    read_ms: int = 15_000
    total_ms: int = 15_000
    retries: int = 1
    retry_on: frozenset[str] = frozenset({"ct"})

    def retry_after(self, failure: str) -> bool:
        """Whether `failure` (`ct rt 4xx 5xx`) is to be tried again."""
        return failure in self.retry_on or ("all" in self.retry_on and failure != "")


def split(url: str) -> tuple[str, Overrides]:
    """The URL as it is requested and signed, and the overrides in its fragment."""
    plain, _, fragment = url.partition("#")
    overrides = Overrides()
    for part in filter(None, fragment.split("&")):
        name, _, value = part.partition("=")
        overrides = _with(overrides, name, value)
    return plain, overrides


def _with(overrides: Overrides, name: str, value: str) -> Overrides:
    if name == "rp":
        conditions = frozenset(value.split(","))
        if not conditions <= _CONDITIONS:
            raise BadOverride(f"rp={value}")
        return replace(overrides, retry_on=conditions)
    if name in _RANGES:
        low, high = _RANGES[name]
        if not value.isdigit() or not low <= int(value) <= high:
            raise BadOverride(f"{name}={value}")
        return replace(overrides, **{_FIELDS[name]: int(value)})
    return overrides  # `sni`, `e` and whatever else the fragment says
