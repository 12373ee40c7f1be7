"""What the resources of the REST API share: the request as asked, the account's rows, and how a list is answered."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.responses import JSONResponse

from telephony.emulator import rest_errors as errors
from telephony.emulator.rest_errors import refuse
from telephony.emulator.rest_forms import Form
from telephony.emulator.rest_json import Json
from telephony.emulator.rest_paging import Ordinals, cut, list_body, read_page_request

if TYPE_CHECKING:
    from telephony.emulator.network import Network

T = TypeVar("T")


@dataclass
class Asked:
    """One request: its path, the names in the path, its query and its form."""

    path: str
    names: Mapping[str, str]
    pairs: Sequence[tuple[str, str]]
    """The query, in order."""
    fields: Sequence[tuple[str, str]]
    """The form, in order; a name may be repeated."""
    unknown: list[str] = field(default_factory=list[str])
    """Form fields that the resource does not define, for the ledger."""

    @property
    def query(self) -> dict[str, str]:
        return dict(self.pairs)

    @property
    def sid(self) -> str:
        return self.names["sid"]

    def form(self, known: frozenset[str]) -> Form:
        """The form, read as a resource that knows these fields; others are noted and ignored."""
        form = Form(self.fields, known)
        self.unknown += form.unknown
        return form

    def not_found(self) -> Exception:
        """The refusal for what is not there."""
        return refuse(errors.NOT_FOUND, self.path)


class Api:
    """The REST view of one network: what it keeps beyond the network's own model."""

    def __init__(self, net: Network) -> None:
        self.net = net
        self.deleted: set[str] = set()
        """SIDs of records that were deleted by REST; the network keeps its own history."""
        self.extras: dict[str, dict[str, Any]] = {}
        """Fields of numbers and applications that the network has no use for, by SID."""
        self._ordinals: dict[str, Ordinals] = {}

    def list_time(self) -> float:
        """The moment whose state the lists show."""
        return self.net.clock.now() - self.net.faults.rest.list_lag_s

    def fetch_time(self) -> float:
        """The moment whose state a call's fetch shows."""
        return self.net.clock.now() - self.net.faults.rest.fetch_lag_s

    def listed(
        self,
        asked: Asked,
        plural: str,
        rows: Sequence[T],
        *,
        key: Callable[[T], str],
        passes: Callable[[T], bool],
        render: Callable[[T], Json],
    ) -> JSONResponse:
        """One page of `rows` (oldest first) that pass the filters, newest first.

        A row keeps the place in which it was first seen, even where it comes back later (a leg that rejoins its room).
        """
        request = read_page_request(asked.query)
        ordinals = self._ordinals.setdefault(asked.path, Ordinals())
        ordinals.note([key(row) for row in rows])
        shown = [row for row in rows if key(row) not in self.deleted and passes(row)]
        shown.sort(key=lambda row: ordinals.of(key(row)) or 0, reverse=True)
        page = cut(shown, key, ordinals, request)
        return JSONResponse(list_body(plural, asked.path, asked.pairs, request, page.map(render)))
