"""Lists as the carrier serves them: newest first, page by page, each row once however the list grows meanwhile.

A page token names the row it stands beside (`PA<sid>`: after it, `PB<sid>`: before it). The position of a row is its
ordinal, kept for ever, so that a token stays good when its row has been deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from telephony.emulator import rest_errors as errors
from telephony.emulator.rest_errors import refuse

T = TypeVar("T")
U = TypeVar("U")

#: Rows on a page when the client does not say.
DEFAULT_PAGE_SIZE = 50
#: The most rows on a page; more are not given, however many are asked for.
MAX_PAGE_SIZE = 1000


class Ordinals:
    """The position of every row ever listed, in order of creation."""

    def __init__(self) -> None:
        self._by_key: dict[str, int] = {}

    def note(self, keys: Sequence[str]) -> None:
        """Give each new key the next position; `keys` in order of creation."""
        for key in keys:
            self._by_key.setdefault(key, len(self._by_key))

    def of(self, key: str) -> int | None:
        return self._by_key.get(key)


@dataclass(frozen=True)
class PageRequest:
    """Which page: its number, its size, and the row it starts after or ends before."""

    number: int
    size: int
    token: str | None


@dataclass(frozen=True)
class Page(Generic[T]):
    """The rows of one page, and the tokens of its neighbours (None: there is none)."""

    rows: list[T]
    next_token: str | None
    previous_token: str | None

    def map(self, render: Callable[[T], U]) -> Page[U]:
        """The same page with every row rendered."""
        return Page([render(row) for row in self.rows], self.next_token, self.previous_token)


def read_page_request(query: Mapping[str, str]) -> PageRequest:
    """`Page`, `PageSize` and `PageToken` of a list request."""
    size = _whole(query, "PageSize", DEFAULT_PAGE_SIZE)
    if size < 1:
        raise refuse(errors.BAD_PARAMETER, "PageSize")
    return PageRequest(_whole(query, "Page", 0), min(size, MAX_PAGE_SIZE), query.get("PageToken") or None)


def _whole(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit()):
        raise refuse(errors.BAD_PARAMETER, name)
    return int(text)


def cut(rows: Sequence[T], key: Callable[[T], str], ordinals: Ordinals, request: PageRequest) -> Page[T]:
    """The asked page of `rows`, newest first."""
    start, stop = _span(rows, key, ordinals, request)
    page = list(rows[start:stop])
    after = f"PA{key(rows[stop - 1])}" if page and stop < len(rows) else None
    before = f"PB{key(rows[start])}" if page and start > 0 else None
    return Page(page, after, before)


def _span(rows: Sequence[T], key: Callable[[T], str], ordinals: Ordinals, request: PageRequest) -> tuple[int, int]:
    if request.token is None:
        start = min(request.number * request.size, len(rows))
        return start, min(start + request.size, len(rows))
    anchor = ordinals.of(request.token[2:])
    if request.token[:2] not in ("PA", "PB") or anchor is None:
        raise refuse(errors.BAD_PARAMETER, "PageToken")
    positions = [ordinals.of(key(row)) or 0 for row in rows]
    if request.token.startswith("PA"):
        start = sum(at >= anchor for at in positions)
        return start, min(start + request.size, len(rows))
    stop = sum(at > anchor for at in positions)
    return max(0, stop - request.size), stop


def list_body(
    plural: str, path: str, query: Sequence[tuple[str, str]], request: PageRequest, page: Page[dict[str, Any]]
) -> dict[str, Any]:
    """The envelope of a list: the rows, where this page stands, and the addresses of its neighbours."""
    filters = [(name, value) for name, value in query if name not in ("Page", "PageSize", "PageToken")]

    def address(number: int, token: str | None) -> str:
        fields = [*filters, ("PageSize", str(request.size)), ("Page", str(number))]
        return f"{path}?{urlencode([*fields, ('PageToken', token)] if token else fields)}"

    start = request.number * request.size if page.rows else 0
    return {
        plural: page.rows,
        "page": request.number,
        "page_size": request.size,
        "start": start,
        "end": start + max(0, len(page.rows) - 1),
        "uri": address(request.number, request.token),
        "first_page_uri": address(0, None),
        "next_page_uri": address(request.number + 1, page.next_token) if page.next_token else None,
        "previous_page_uri": address(max(0, request.number - 1), page.previous_token) if page.previous_token else None,
    }
