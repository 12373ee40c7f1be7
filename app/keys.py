"""What a caller's key means, by the data of the line that they rang. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from app.lines import Line
from app.links import Place
from routing.states import CallClass

#: What keys mean while a question about ringing back stands, and what the board is told of them (C4).
CHOICES: Mapping[str, Mapping[str, str]] = {
    "": {"callback": "callback"},
    "safe": {"callback": "callback_yes", "not_safe": "callback_no"},
    "leaving": {"callback": "callback_stay"},
}
CALLBACK = {"callback_yes": "yes", "callback_no": "no", "callback_stay": "stay"}


def read_key(line: Line, digits: str | None, place: Place) -> tuple[str, Place]:
    """What a key means here: while we ask, the danger key says "yes". A wrong or retired key means nothing. From a warm
    line `crisis` and `danger` lead to its crisis line."""
    meaning = line.keys.get(digits or "", "")
    if meaning == "danger":
        return ("still_needed", place) if place.asked else ("danger", _up(line, place))
    if meaning == "crisis":
        return "crisis", _up(line, place)
    if chosen := CHOICES.get(place.ask, {}).get(meaning):
        return chosen, place
    if meaning.startswith("language:"):
        return "language", replace(place, language=meaning.partition(":")[2])
    return "", place


def _up(line: Line, place: Place) -> Place:
    """The place of a warm line's caller at its crisis line: where they are from now on, whoever forgets it (H1)."""
    if not line.crisis:
        return place
    return replace(place, line=line.crisis, cls=CallClass.standard if place.cls == CallClass.warm else place.cls)
