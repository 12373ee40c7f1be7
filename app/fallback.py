"""The document for when all of ours is down: static TwiML that lives on other infrastructure (H5).

It knows nothing but telephone numbers: words, each backup telephone in turn, and at the end the way back to us, never
an end of document. `hotline provision` prints it and sets its address as the numbers' fallback.
"""

from __future__ import annotations

from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from app.lines import Line
from app.links import Links
from app.prompts import say
from app.settings import Settings
from telephony.numbers import check_diallable

#: Seconds that each telephone rings.
RING_S = 25
#: Seconds that a conversation may last: the carrier's longest.
LIMIT_S = 86_400
#: Seconds of silence before the way back where no telephone is known, so that nothing spins.
PAUSE_S = 5


def static_document(settings: Settings, line: Line) -> str:
    """TwiML without a single address of ours but the last redirect. `NotDiallable` for a wrong backup number."""
    return f"<Response>{''.join(_verbs(settings, line))}</Response>"


def _verbs(settings: Settings, line: Line) -> Iterator[str]:
    yield _words(line, "fallback")
    for position, number in enumerate(settings.backup_numbers):
        if position:
            yield _words(line, "fallback_next")
        yield _dial(check_diallable(number), settings.outbound_caller_id or line.number)
    if not settings.backup_numbers:
        yield f'<Pause length="{PAUSE_S}"/>'
    yield f'<Redirect method="POST">{escape(Links(settings.public_url).home())}</Redirect>'


def _words(line: Line, key: str) -> str:
    spoken = (say(line, language, key) for language in line.languages)
    return "".join(f"<Say language={quoteattr(s.language)}>{escape(s.text)}</Say>" for s in spoken)


def _dial(number: str, caller_id: str) -> str:
    return (
        f'<Dial timeout="{RING_S}" timeLimit="{LIMIT_S}" callerId={quoteattr(caller_id)}>'
        f"<Number>{escape(number)}</Number></Dial>"
    )
