"""A leg's documents run verb by verb, as the carrier does, with fallback and the carrier's error at the end."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urljoin

from telephony.emulator import sounds, twiml, twiml_dial
from telephony.emulator.asks import Ask, Failed, Over
from telephony.emulator.forms import leg_form
from telephony.emulator.twiml import Document, Verb
from telephony.emulator.waits import within
from telephony.emulator.webhooks import FetchFailed

if TYPE_CHECKING:
    from telephony.emulator.legs import Leg

#: Kinds of request whose failure always goes to the fallback URL; of the others an assumption decides.
_ALWAYS = frozenset({"voice", "update"})


class Script:
    """The documents of one leg, one after the other, until there is no next one."""

    def __init__(self, leg: Leg, ask: Ask, *, screening: bool = False) -> None:
        self.leg = leg
        self.net = leg.net
        self.screening = screening
        """It runs on a leg that somebody dials: its end is not the leg's."""
        self.asking = True
        self.ask = ask
        self.document = Document("")
        self._task: asyncio.Task[None] | None = None

    def start(self) -> asyncio.Task[None]:
        self._task = self.net.spawn(self.run())
        return self._task

    def cut(self) -> None:
        """Stop it; a request in flight goes on, but its answer is not run."""
        if self._task is not None and self._task is not asyncio.current_task():
            self._task.cancel()

    async def run(self) -> None:
        """Run until the documents end, then (unless it screens) end the leg."""
        try:
            await self._run()
        except Over as over:
            self.leg.finish(by=over.by, cause=over.cause, status=over.status)
        else:
            self.leg.script_over(self, ends=not self.screening)

    async def _run(self) -> None:
        ask: Ask | None = self.ask
        while ask is not None:
            try:
                self.document = await self._asked(ask)
                ask = await self._performed(self.document)
            except Failed as failed:
                ask = self._fallback(Ask(failed.url, kind="step"), failed.code) or await self._error(failed.code)

    # ------------------------------------------------------------ asking

    async def _asked(self, ask: Ask) -> Document:
        self.asking = True
        try:
            document = await self._fetched(ask)
        except FetchFailed as failure:
            instead = self._fallback(ask, failure.code) or await self._error(failure.code)
            document = await self._fetched_instead(instead)
        finally:
            if ask.told_after is not None:
                ask.told_after.gate.set()
        self.asking = False
        self.leg.settled.set()
        self.leg.takes(self)
        for warning in document.warnings:
            self.net.ledger.add("warning", self.leg.sid, code=12200, words=warning)
        return document

    async def _fetched_instead(self, ask: Ask) -> Document:
        try:
            return await self._fetched(ask)
        except FetchFailed as failure:
            return await self._error(failure.code)

    async def _fetched(self, ask: Ask) -> Document:
        if ask.inline:
            return twiml.parse(ask.inline.encode(), ask.url)
        await self.leg.breathe()
        # Not cut off with the script: the far server has the request, and its answer is simply of no use any more.
        fetching = self.net.spawn(self._fetch(ask))
        result = await asyncio.shield(fetching)
        if isinstance(result, FetchFailed):
            self.net.ledger.add("document.failed", self.leg.sid, code=result.code, why=result.why, asked=ask.kind)
            raise result
        return result

    async def _fetch(self, ask: Ask) -> Document | FetchFailed:
        form = leg_form(self.leg) | ask.extra
        try:
            answer = await self.net.webhooks.fetch(
                ask.url, ask.method, form, kind=ask.kind, sid=self.leg.sid, cookies=self.leg.cookies
            )
            return twiml.read(answer)
        except FetchFailed as failure:
            return failure

    def _fallback(self, ask: Ask, code: int) -> Ask | None:
        allowed = ask.kind in _ALWAYS or self.net.assumptions.failed_step_uses_fallback
        if self.leg.fallback is None or self.screening or not allowed:
            return None
        url, method = self.leg.fallback
        more = {"ErrorCode": str(code), "ErrorUrl": ask.url.partition("#")[0]}
        return Ask(url, method, "fallback", ask.extra | more)

    async def _error(self, code: int) -> NoReturn:
        self.asking = False
        self.leg.takes(self)
        self.leg.accept()
        self.leg.settled.set()
        await sounds.error(self.net, self.leg, code)
        raise Over("network", f"error {code}")

    # ------------------------------------------------------------ verbs

    async def _performed(self, document: Document) -> Ask | None:
        for index, verb in enumerate(document.verbs):
            self.net.ledger.add("verb", self.leg.sid, name=verb.name, **verb.attributes)
            if verb.name == "Reject" and index == 0 and self.leg.status == "ringing":
                busy = verb.attributes.get("reason") == "busy"
                raise Over("document", "rejected", "busy" if busy else "no-answer")
            if verb.name not in ("Pause", "Redirect", "Reject") and not verb.flag("answerOnBridge", False):
                self.leg.accept()
            ask = await self._verb(verb)
            if ask is not None:
                return ask
        return None

    async def _verb(self, verb: Verb) -> Ask | None:
        match verb.name:
            case "Say" | "Play" | "Pause":
                await self._sound(verb)
            case "Gather":
                return await self._gather(verb)
            case "Redirect":
                return self.next(verb.text, verb.attributes.get("method", "POST"), "redirect")
            case "Dial":
                return await twiml_dial.dial(self, verb)
            case "Hangup" | "Reject":
                raise Over("document", verb.name.lower())
            case _:
                raise AssertionError(verb.name)
        return None

    def next(self, url: str, method: str, kind: str, extra: dict[str, str] | None = None) -> Ask:
        """The request for another document; an empty URL is the current one."""
        return Ask(urljoin(self.document.url, url) if url else self.document.url, method, kind, extra or {})

    async def _sound(self, verb: Verb) -> None:
        if verb.name == "Play" and not (verb.text or verb.attributes.get("digits")):
            return
        try:
            await sounds.perform(self.net, verb, self.document.url, [self.leg])
        except FetchFailed as failure:
            raise Failed(failure.code, failure.url) from None

    # ------------------------------------------------------------ Gather

    async def _gather(self, verb: Verb) -> Ask | None:
        keys = self.leg.keys
        if not self.net.assumptions.keys_kept:
            keys.buffer.clear()
        keys.listening = "dtmf" in verb.attributes.get("input", "dtmf")
        try:
            digits, finished = await self._collect(verb)
        finally:
            keys.listening = False
        if not digits and not (verb.flag("actionOnEmptyResult", False)):
            return None
        extra = {"Digits": digits} | ({"FinishedOnKey": verb.attributes.get("finishOnKey", "#")} if finished else {})
        return self.next(verb.attributes.get("action", ""), verb.attributes.get("method", "POST"), "action", extra)

    async def _collect(self, verb: Verb) -> tuple[str, bool]:
        await self._prompts(verb.children)
        timeout = float(verb.attributes["timeout"]) if verb.attributes.get("timeout", "").isdigit() else 5.0
        most = verb.number("numDigits", 0)
        finish = verb.attributes.get("finishOnKey", "#")
        digits = ""
        while True:
            key = await self._key(timeout)
            if key is None:
                return digits, False
            if key in finish:
                return digits, True
            digits += key
            if most and len(digits) >= most:
                return digits, False

    async def _prompts(self, prompts: tuple[Verb, ...]) -> None:
        """Speak until all is said or a key is pressed (barge-in)."""
        if self.leg.keys.buffer or not prompts:
            return
        self.leg.keys.pressed.clear()
        speaking = self.net.spawn(self._speak(prompts))
        pressed = asyncio.ensure_future(self.leg.keys.pressed.wait())
        try:
            await asyncio.wait({speaking, pressed}, return_when=asyncio.FIRST_COMPLETED)
            if speaking.done():
                result = speaking.result()
                if result is not None:
                    raise result
        finally:
            speaking.cancel()
            pressed.cancel()

    async def _speak(self, prompts: tuple[Verb, ...]) -> Failed | None:
        try:
            for verb in prompts:
                self.net.ledger.add("verb", self.leg.sid, name=verb.name, within="Gather", **verb.attributes)
                await self._sound(verb)
        except Failed as failed:
            return failed
        return None

    async def _key(self, timeout: float) -> str | None:
        keys = self.leg.keys
        if not keys.buffer:
            keys.pressed.clear()
            if not await within(self.net.clock, timeout, keys.pressed.wait()):
                return None
        return keys.buffer.pop(0) if keys.buffer else None
