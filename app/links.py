"""Our own addresses in the carrier's hands: enough to rebuild a caller's place (H1), and nothing personal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from app.prompts import PIECE_S, PIECES
from app.settings import Settings
from routing.board import CallView

#: Connection overrides on routes that a caller hears (H3): the fallback speaks within 8 s.
OVERRIDES = "#ct=1000&rt=2500&rc=2&tt=7500&rp=ct,rt,5xx"
#: Longest accepted text in a hold URL's field.
FIELD_MAX = 64


class BadPlace(ValueError):
    """A hold URL without what a hold URL carries."""


@dataclass(frozen=True)
class Place:
    """A caller's place, as every hold URL carries it."""

    call: str
    line: str
    language: str
    cls: str
    at: int
    """First arrival, ms."""
    n: int
    """Arrival counter, which orders equal scores."""
    turn: int
    dialled: int | None = None
    """The backup number whose ringing or talk this request ends."""
    nostore: int | None = None
    """Since when this caller is held without the board, ms."""
    asked: int = 0
    """How often "do you still need someone" has been asked without an answer."""
    ask: str = ""
    """What this turn's words were about: `safe` (may we ring this number?), `leaving` (the goodbye of a callback)."""

    @classmethod
    def of(cls, view: CallView, turn: int) -> Place:
        return cls(view.id, view.line, view.language, view.cls, view.arrived_ms, view.counter, turn)

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Place:
        try:
            call, line, language, grade = (query[name] for name in ("call", "line", "lang", "cls"))
            if not call or any(len(text) > FIELD_MAX for text in (call, line, language, grade)):
                raise BadPlace("a field is empty or too long")
            at, n, turn = (int(query[name]) for name in ("at", "n", "turn"))
            dialled, nostore = _number(query, "dialled"), _number(query, "nostore")
            asked, ask = _number(query, "asked") or 0, query.get("ask", "")[:FIELD_MAX]
            return cls(call, line, language, grade, at, n, turn, dialled, nostore, asked, ask)
        except (KeyError, ValueError) as error:
            raise BadPlace("not a hold URL") from error

    def next(
        self, turn: int, *, dialled: int | None = None, nostore: int | None = None, asked: int = 0, ask: str = ""
    ) -> Place:
        return replace(self, turn=turn, dialled=dialled, nostore=nostore, asked=asked, ask=ask)


def _number(query: Mapping[str, str], name: str) -> int | None:
    return int(query[name]) if query.get(name) else None


def held_since(query: Mapping[str, str]) -> int | None:
    """Since when a caller is held without the board, ms, as a return or hold URL says."""
    try:
        return _number(query, "since") or _number(query, "nostore")
    except ValueError:
        return None


def way_out(settings: Settings) -> str:
    """The fallback of a caller's leg that we move: the static document, for when all of ours is down (H5)."""
    return settings.fallback_url or Links(settings.public_url).home()


@dataclass(frozen=True)
class Links:
    """The routes under the public address."""

    public_url: str

    def hold(self, place: Place) -> str:
        fields = {
            "call": place.call,
            "line": place.line,
            "lang": place.language,
            "cls": place.cls,
            "at": place.at,
            "n": place.n,
            "turn": place.turn,
            **{k: v for k, v in (("dialled", place.dialled), ("nostore", place.nostore)) if v is not None},
            **({"asked": place.asked} if place.asked else {}),
            **({"ask": place.ask} if place.ask else {}),
        }
        return self._url("hold", fields) + OVERRIDES

    def home(self, since: int | None = None) -> str:
        """The return route: knows a caller by the leg alone. `since`: when this caller was first held without the
        board, ms, so that this way too is bounded (H5)."""
        return self._url("return", {"since": since} if since else None) + OVERRIDES

    def voice(self) -> str:
        return self._url("voice") + OVERRIDES

    def room(self) -> str:
        return self._url("room")

    def status(self, **fields: str | int) -> str:
        return self._url("status", fields)

    def leg(self, **fields: str | int) -> str:
        return self._url("leg", fields)

    def leg_out(self) -> str:
        return self._url("leg-out")

    def screen(self, call: str, index: int) -> str:
        return self._url("screen", {"call": call, "i": index})

    def screen_key(self, call: str, index: int) -> str:
        return self._url("screen-key", {"call": call, "i": index})

    def rung(self, call: str, label: str) -> str:
        """Who is rung back answers, and presses the key: the same address, which the leg falls back to as well."""
        return self._url("rung", {"call": call, "label": label}) + OVERRIDES

    def say(self, what: str, line: str, language: str) -> str:
        return self._url("say", {"what": what, "line": line, "lang": language})

    def music(self, turn: int, seconds: int = PIECE_S) -> str:
        """The piece for a turn; `seconds` also tells who cannot listen how long it is."""
        return self._url(f"music/{turn % PIECES}.wav", {"seconds": seconds})

    def _url(self, path: str, fields: Mapping[str, str | int] | None = None) -> str:
        return f"{self.public_url}/twilio/{path}" + (f"?{urlencode(fields)}" if fields else "")
