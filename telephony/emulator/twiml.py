"""TwiML read as the carrier reads it: names and attributes are case-sensitive, what is not known is not run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.etree import ElementTree

from telephony.emulator.webhooks import Answer, FetchFailed

#: Bytes: a longer document is error 11750.
MAX_BYTES = 64 * 1024
_XML_TYPES = frozenset({"text/xml", "application/xml", "text/html"})
#: Elements of the speech mark-up that Say may contain; they only shape the voice.
_SSML = frozenset({"break", "emphasis", "lang", "p", "phoneme", "prosody", "s", "say-as", "sub", "w"})
_BOOL = frozenset({"true", "false"})
_METHOD = frozenset({"GET", "POST"})

#: Verb or noun: its attributes with the values allowed (None: any; int: a number not below it).
_ATTRIBUTES: dict[str, dict[str, frozenset[str] | int | None]] = {
    "Response": {},
    "Say": {"voice": None, "language": None, "loop": 0},
    "Play": {"loop": 0, "digits": None},
    "Pause": {"length": 0},
    "Redirect": {"method": _METHOD},
    "Reject": {"reason": frozenset({"rejected", "busy"})},
    "Hangup": {},
    "Gather": {
        "action": None,
        "method": _METHOD,
        "input": frozenset({"dtmf", "speech", "dtmf speech", "speech dtmf"}),
        "timeout": None,
        "numDigits": 1,
        "finishOnKey": None,
        "actionOnEmptyResult": _BOOL,
        "speechTimeout": None,
        "speechModel": None,
        "language": None,
        "hints": None,
        "profanityFilter": _BOOL,
        "partialResultCallback": None,
        "partialResultCallbackMethod": _METHOD,
        "enhanced": _BOOL,
        "debug": _BOOL,
    },
    "Dial": {
        "action": None,
        "method": _METHOD,
        "timeout": 1,
        "timeLimit": 1,
        "callerId": None,
        "answerOnBridge": _BOOL,
        "hangupOnStar": _BOOL,
        "record": None,
        "recordingStatusCallback": None,
        "recordingStatusCallbackMethod": _METHOD,
        "recordingStatusCallbackEvent": None,
        "recordingTrack": None,
        "trim": None,
        "ringTone": None,
        "sequential": _BOOL,
    },
    "Conference": {
        "muted": _BOOL,
        "beep": frozenset({"true", "false", "onEnter", "onExit"}),
        "startConferenceOnEnter": _BOOL,
        "endConferenceOnExit": _BOOL,
        "participantLabel": None,
        "jitterBufferSize": frozenset({"off", "small", "medium", "large"}),
        "waitUrl": None,
        "waitMethod": _METHOD,
        "maxParticipants": 2,
        "record": None,
        "region": None,
        "trim": None,
        "coach": None,
        "statusCallback": None,
        "statusCallbackEvent": None,
        "statusCallbackMethod": _METHOD,
        "recordingStatusCallback": None,
        "recordingStatusCallbackMethod": _METHOD,
        "recordingStatusCallbackEvent": None,
        "eventCallbackUrl": None,
    },
    "Number": {
        "url": None,
        "method": _METHOD,
        "sendDigits": None,
        "statusCallback": None,
        "statusCallbackEvent": None,
        "statusCallbackMethod": _METHOD,
        "byoc": None,
    },
    "Client": {
        "url": None,
        "method": _METHOD,
        "statusCallback": None,
        "statusCallbackEvent": None,
        "statusCallbackMethod": _METHOD,
    },
    "Identity": {},
    "Parameter": {"name": None, "value": None},
}

_NESTING: dict[str, frozenset[str]] = {
    "Response": frozenset({"Say", "Play", "Pause", "Redirect", "Reject", "Hangup", "Gather", "Dial"}),
    "Gather": frozenset({"Say", "Play", "Pause"}),
    "Dial": frozenset({"Conference", "Number", "Client"}),
    "Client": frozenset({"Identity", "Parameter"}),
}

#: The carrier runs these and this emulator does not: a document that uses them is warned about, in words of its own.
_NOT_EMULATED = frozenset(
    {
        "Record",
        "Enqueue",
        "Leave",
        "Queue",
        "Sip",
        "Sim",
        "Application",
        "WhatsApp",
        "Sms",
        "Pay",
        "Prompt",
        "Connect",
        "Start",
        "Stop",
        "Stream",
        "Refer",
    }
)


@dataclass(frozen=True)
class Verb:
    """An element that may be run: its attributes are valid, its children are allowed here."""

    name: str
    attributes: dict[str, str] = field(default_factory=dict[str, str])
    text: str = ""
    children: tuple[Verb, ...] = ()

    def flag(self, name: str, default: bool) -> bool:
        """A `true`/`false` attribute."""
        return self.attributes[name] == "true" if name in self.attributes else default

    def number(self, name: str, default: int) -> int:
        """A numeric attribute."""
        return int(self.attributes.get(name, default))


@dataclass(frozen=True)
class Document:
    """What a leg is to do. `url` is where it came from, the base of relative URLs."""

    url: str
    verbs: tuple[Verb, ...] = ()
    warnings: tuple[str, ...] = ()


def read(answer: Answer) -> Document:
    """A document from an answer; raises `FetchFailed` with the carrier's code where it is none."""
    kind = answer.content_type.partition(";")[0].strip().lower()
    if len(answer.body) > MAX_BYTES and not kind.startswith("audio/"):
        raise FetchFailed(11750, answer.url, "too long")
    if not kind:
        raise FetchFailed(11200, answer.url, "no content type (shown as 502)")
    if kind.startswith("audio/"):
        return Document(answer.url, (Verb("Play", text=answer.url), Verb("Hangup")))
    if kind == "text/plain" and not answer.body.lstrip().startswith((b"<?xml", b"<Response")):
        return Document(answer.url, (Verb("Say", text=answer.body.decode("utf-8", "replace")),))
    if kind not in _XML_TYPES and kind != "text/plain":
        raise FetchFailed(12300, answer.url, kind)
    return parse(answer.body, answer.url)


def parse(body: bytes, url: str = "") -> Document:
    """A document from TwiML; raises `FetchFailed` 12100 where it cannot be parsed."""
    if body[:1].isspace():
        raise FetchFailed(12100, url, "white space before the document")
    try:
        root = ElementTree.fromstring(body)
    except ElementTree.ParseError as error:
        raise FetchFailed(12100, url, str(error)) from None
    if root.tag != "Response":
        raise FetchFailed(12100, url, f"the root is not Response but {root.tag}")
    warnings: list[str] = []
    return Document(url, _read(root, warnings).children, tuple(warnings))


def _read(element: ElementTree.Element, warnings: list[str]) -> Verb:
    name = element.tag
    attributes = {k: v for k, v in element.attrib.items() if _allowed(name, k, v, warnings)}
    if name == "Say":
        stray = [child.tag for child in element if child.tag not in _SSML]
        warnings.extend(f"{tag} is not allowed in Say" for tag in stray)
        return Verb(name, attributes, " ".join("".join(_spoken(element)).split()))
    children = tuple(_read(child, warnings) for child in element if _nests(name, child.tag, warnings))
    return Verb(name, attributes, (element.text or "").strip(), children)


def _spoken(element: ElementTree.Element) -> Iterator[str]:
    yield element.text or ""
    for child in element:
        if child.tag in _SSML:
            yield from _spoken(child)
        yield child.tail or ""


def _nests(parent: str, child: str, warnings: list[str]) -> bool:
    if child in _NESTING.get(parent, ()):
        return True
    if child in _NOT_EMULATED:
        warnings.append(f"{child} is not emulated")
    elif child in _ATTRIBUTES:
        warnings.append(f"{child} is not allowed in {parent}")
    else:
        warnings.append(f"there is no verb or noun {child}")
    return False


def _allowed(name: str, attribute: str, value: str, warnings: list[str]) -> bool:
    known = _ATTRIBUTES[name]
    if attribute not in known:
        warnings.append(f"{name} has no attribute {attribute}")
        return False
    rule = known[attribute]
    valid = rule is None or (value.isdigit() and int(value) >= rule if isinstance(rule, int) else value in rule)
    if not valid:
        warnings.append(f"{name} {attribute} has an invalid value")
    return valid
