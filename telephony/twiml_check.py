"""Our own check of TwiML before it leaves: verbs, nesting, attributes and their values.

The official writers pass misspelt attributes and lists turned into text, and the carrier answers an invalid document
with a warning in a log, or by ending the call. The tables below are the carrier's documented language, without what
we never send: nothing that records, transcribes or forwards audio is in it, so calls cannot be recorded by mistake.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit
from xml.etree import ElementTree

from telephony.carrier import BadDocument
from telephony.numbers import NotDiallable, check_diallable

SIZE_MAX = 64 * 1024
"""Bytes of a document (error 11750)."""
SAY_MAX = 4096
"""Characters of one Say."""

Use = Literal["call", "room", "screen"]
"""Who plays it: a leg; a whole room (wait, hold, announcement: no keys, no dialling); a telephone being screened."""

Rule = Callable[[str], bool]


def _one_of(*words: str) -> Rule:
    return lambda value: value in words


def _integer(low: int, high: int) -> Rule:
    return lambda value: bool(re.fullmatch(r"0|[1-9][0-9]{0,8}", value)) and low <= int(value) <= high


def _matches(pattern: str) -> Rule:
    compiled = re.compile(pattern)
    return lambda value: bool(compiled.fullmatch(value))


def _list_of(*words: str) -> Rule:
    """Space-separated, each word once."""
    return lambda value: (
        bool(value) and set(value.split(" ")) <= set(words) and len(set(value.split(" "))) == len(value.split(" "))
    )


_OVERRIDES: Mapping[str, Rule] = {
    "ct": _integer(100, 10_000),
    "rt": _integer(100, 15_000),
    "tt": _integer(100, 15_000),
    "rc": _integer(0, 5),
    "rp": lambda value: _list_of("4xx", "5xx", "ct", "rt", "all")(value.replace(",", " ")),
    "sni": _one_of("y", "n"),
    "e": _matches(r"[a-z0-9\-]+(,[a-z0-9\-]+)*"),
}
"""Connection overrides in a URL's fragment (H3): a wrong one is silently ignored by the carrier."""


def url(value: str) -> bool:
    """Absolute, https (http on loopback only), no credentials, and its fragment a list of connection overrides."""
    if not re.fullmatch(r"[\x21-\x7e]{1,4000}", value):
        return False
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:
        return False
    if not parts.hostname or "@" in parts.netloc:
        return False
    loopback = parts.hostname in ("127.0.0.1", "localhost", "::1")
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
        return False
    return not parts.fragment or all(_override(part) for part in parts.fragment.split("&"))


def _override(part: str) -> bool:
    name, _, value = part.partition("=")
    return name in _OVERRIDES and _OVERRIDES[name](value)


def _diallable(value: str) -> bool:
    try:
        return check_diallable(value) == value
    except NotDiallable:
        return False


_bool = _one_of("true", "false")
_post = _one_of("POST", "GET")
_language = _matches(r"[a-z]{2,3}(-[A-Za-z0-9]{2,4})?")
_name = _matches(r"[A-Za-z0-9_\-]{1,128}")
_nothing: Rule = lambda value: not value.strip()  # noqa: E731


@dataclass(frozen=True)
class _Verb:
    attributes: Mapping[str, Rule] = field(default_factory=dict[str, Rule])
    required: frozenset[str] = frozenset()
    children: frozenset[str] = frozenset()
    text: Rule = _nothing
    ends: bool = False
    """Nothing after it is ever run."""


_SPOKEN = frozenset({"Say", "Play", "Pause"})

_VERBS: Mapping[str, _Verb] = {
    "Response": _Verb(children=_SPOKEN | {"Gather", "Redirect", "Dial", "Reject", "Hangup"}),
    "Say": _Verb(
        {"language": _language, "voice": _matches(r"[A-Za-z0-9.\-]{1,80}"), "loop": _integer(0, 1000)},
        text=lambda value: len(value.strip()) > 0 and len(value) <= SAY_MAX,
    ),
    "Play": _Verb({"loop": _integer(0, 1000)}, text=url),
    "Pause": _Verb({"length": _integer(1, 600)}),
    "Redirect": _Verb({"method": _post}, text=lambda value: not value or url(value), ends=True),
    "Hangup": _Verb(ends=True),
    "Reject": _Verb({"reason": _one_of("busy", "rejected")}, ends=True),
    "Gather": _Verb(
        {
            "input": _one_of("dtmf"),
            "action": url,
            "method": _post,
            "timeout": _integer(1, 60),
            "numDigits": _integer(1, 32),
            "finishOnKey": _matches(r"[0-9*#]?"),
            "actionOnEmptyResult": _bool,
        },
        required=frozenset({"action", "timeout", "finishOnKey"}),
        children=_SPOKEN,
    ),
    "Dial": _Verb(
        {
            "action": url,
            "method": _post,
            "timeout": _integer(1, 600),
            "timeLimit": _integer(1, 86_400),
            "callerId": _matches(r"\+[1-9][0-9]{6,14}"),
            "answerOnBridge": _bool,
            "hangupOnStar": _one_of("false"),
        },
        required=frozenset({"action", "timeLimit"}),
        children=frozenset({"Conference", "Number"}),
    ),
    "Conference": _Verb(
        {
            "participantLabel": _name,
            "startConferenceOnEnter": _bool,
            "endConferenceOnExit": _one_of("false"),
            "muted": _bool,
            "beep": _one_of("true", "false", "onEnter", "onExit"),
            "coach": _matches(r"CA[0-9a-fA-F]{32}"),
            "waitUrl": lambda value: not value or url(value),
            "waitMethod": _post,
            "maxParticipants": _integer(2, 250),
            "jitterBufferSize": _one_of("small", "medium", "large", "off"),
            "statusCallback": url,
            "statusCallbackMethod": _post,
            "statusCallbackEvent": _list_of(
                "start", "end", "join", "leave", "hold", "mute", "modify", "announcement", "speaker"
            ),
        },
        required=frozenset(
            {"participantLabel", "endConferenceOnExit", "waitUrl", "beep", "statusCallback", "statusCallbackEvent"}
        ),
        text=_name,
    ),
    "Number": _Verb(
        {
            "url": url,
            "method": _post,
            "statusCallback": url,
            "statusCallbackMethod": _post,
            "statusCallbackEvent": _list_of("initiated", "ringing", "answered", "completed"),
        },
        required=frozenset({"statusCallback", "statusCallbackEvent"}),
        text=_diallable,
    ),
}

_ALLOWED: Mapping[Use, frozenset[str]] = {
    "call": _VERBS["Response"].children,
    "room": _SPOKEN | {"Redirect"},
    "screen": _SPOKEN | {"Gather", "Redirect", "Hangup"},
}


def check(xml: bytes, use: Use = "call") -> None:
    """Nothing when the carrier will run all of it; otherwise `BadDocument` with the element and the rule, no values."""
    if len(xml) >= SIZE_MAX:
        raise BadDocument("64 kB or more")
    if xml[:1].isspace() or b"<!" in xml:
        raise BadDocument("leading white space, doctype or comment")
    try:
        root = ElementTree.fromstring(xml)
    except (ElementTree.ParseError, ValueError):
        raise BadDocument("not XML") from None
    if root.tag != "Response":
        raise BadDocument("the root is not Response")
    _check_element(root)
    for child in root:
        if child.tag not in _ALLOWED[use]:
            raise BadDocument(f"{child.tag} in a document for a {use}")
        if use != "room" and child.tag == "Redirect" and not child.text:
            raise BadDocument("Redirect to nowhere")


def _check_element(element: ElementTree.Element) -> None:
    verb = _VERBS[element.tag]
    _check_attributes(element, verb)
    if not verb.text(element.text or ""):
        raise BadDocument(f"{element.tag}: content")
    if element.tag == "Dial" and len(element) != 1:
        raise BadDocument("Dial: exactly one target")
    for position, child in enumerate(element):
        if child.tag not in verb.children:
            raise BadDocument(f"{child.tag} inside {element.tag}")
        if (child.tail or "").strip():
            raise BadDocument(f"{element.tag}: text between verbs")
        _check_element(child)
        if position + 1 < len(element) and _ends(child):
            raise BadDocument(f"{element.tag}: verbs after {child.tag} are never run")


def _check_attributes(element: ElementTree.Element, verb: _Verb) -> None:
    for name, value in element.attrib.items():
        if name not in verb.attributes:
            raise BadDocument(f"{element.tag}: no attribute {name[:40]}")
        if not verb.attributes[name](value):
            raise BadDocument(f"{element.tag}: value of {name}")
    missing = verb.required - element.attrib.keys()
    if missing:
        raise BadDocument(f"{element.tag}: without {min(missing)}")


def _ends(element: ElementTree.Element) -> bool:
    """A Gather that answers silence too ends the document (H4); a Dial does not: a taken label lets it go on."""
    if element.tag == "Gather":
        return element.get("actionOnEmptyResult") == "true"
    return _VERBS[element.tag].ends
