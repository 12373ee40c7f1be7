"""A leg: one call between the carrier and a telephone or softphone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from telephony.emulator.forms import progress_form

if TYPE_CHECKING:
    from telephony.emulator.asks import Ask
    from telephony.emulator.network import Network
    from telephony.emulator.rooms import Participant, Room
    from telephony.emulator.twiml_run import Script
    from telephony.emulator.webhooks import Posted

FINAL = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
#: Events of a call-progress callback.
EVENTS = frozenset({"initiated", "ringing", "answered", "completed"})
#: SIP codes that go with endings, sent as `SipResponseCode`.
_SIP = {"completed": 200, "busy": 486, "failed": 404, "no-answer": 487, "canceled": 487}
#: Documents a leg may ask for in one instant of domain time, and the seconds that each further one takes: a document
#: that redirects to itself would stop a virtual clock for ever.
REQUESTS_AT_ONCE = 10
BREATH_S = 0.1
#: Seconds (domain) from dialling to the far telephone's first ring.
SETUP_S = 0.2


@dataclass(frozen=True)
class Callback:
    """Where and for which events callbacks go."""

    url: str
    method: str = "POST"
    events: frozenset[str] = frozenset({"completed"})


@dataclass(frozen=True)
class Heard:
    """Something a leg heard, from its beginning: `say`, `play` or `error`, the words or the medium's URL."""

    at: float
    what: str
    text: str


class Device(Protocol):
    """What is at the far end: a telephone or a softphone."""

    def rings(self, leg: Leg) -> None:
        """A leg begins to ring here: `leg.accept()` or `leg.decline()` in its own time, or nothing."""
        ...

    def leg_over(self, leg: Leg) -> None:
        """A leg of this device has ended."""
        ...


@dataclass
class Keys:
    """Keys pressed on a leg, and whether a Gather listens."""

    listening: bool = False
    buffer: list[str] = field(default_factory=list[str])
    pressed: asyncio.Event = field(default_factory=asyncio.Event)


class Leg:
    """One call as the carrier sees it. Times are seconds of the network's clock."""

    def __init__(
        self, net: Network, *, direction: str, from_: str, to: str, device: Device | None = None, parent: str = ""
    ) -> None:
        self.net = net
        self.sid = net.new_sid("CA")
        self.direction = direction
        """`inbound`, `outbound-api` or `outbound-dial`."""
        self.from_ = from_
        self.to = to
        self.device = device
        self.status = "queued"
        self.parent_sid = parent
        self.phone_number_sid = ""
        self.extras: dict[str, str] = {}
        """More parameters of every request about it (attestation, and what the carrier adds unannounced)."""
        self.callback: Callback | None = None
        self.fallback: tuple[str, str] | None = None
        """URL and method of where its documents' failures go."""
        self.created_at = self.updated_at = net.clock.now()
        self.started_at: float | None = None
        """When it was dialled, or reached the carrier."""
        self.answered_at: float | None = None
        self.ended_at: float | None = None
        self.queue_time_ms = 0
        self.sip_code = 0
        self.dead = False
        self.participant: Participant | None = None
        self.awaited: Participant | None = None
        """Where REST is dialling it into a room: that participant, until the entry."""
        self.keys = Keys()
        self.heard: list[Heard] = []
        self.cookies: dict[str, str] = {}
        self.final_callback: Posted | None = None
        self.gate_final_callback = False
        """The last callback waits until the parent's Dial action has been answered."""
        self.settled = asyncio.Event()
        """It has asked for its first document, is over, or waits for domain time (a create may answer)."""
        self.held_back: list[Posted] = []
        """Callbacks that wait for the answer to a Dial's action; sent at once where it is not asked after all."""
        self._sequence = 0
        self._asked_at = (0.0, 0)
        self._scripts: list[Script] = []
        self._timers: list[asyncio.Task[None]] = []
        self._news = asyncio.Event()
        self._answered = asyncio.Event()
        self._over = asyncio.Event()
        net.legs[self.sid] = self
        self._note("leg.created", parent=parent)

    # ------------------------------------------------------------ what is known of it

    @property
    def live(self) -> bool:
        """The carrier still holds it."""
        return self.status not in FINAL

    @property
    def duration(self) -> int | None:
        """Whole seconds from answer to end; None while it lives."""
        if self.ended_at is None:
            return None
        return round(self.ended_at - (self.answered_at or self.ended_at))

    @property
    def room(self) -> Room | None:
        """The room it is in."""
        return self.participant.room if self.participant else None

    def can_hear(self) -> set[str]:
        """The SIDs of the legs it hears now."""
        return self.net.ledger.air.heard_by(self.sid)

    async def wait_ended(self) -> None:
        """Return when the leg is over."""
        await self._over.wait()

    async def wait_answered(self) -> None:
        """Return when the leg is answered or over."""
        await self._answered.wait()

    async def wait_in_room(self) -> Room:
        """Return its room as soon as it is in one; an error if it ends before."""
        while self.room is None:
            if not self.live:
                raise AssertionError(f"the leg ended ({self.status}) without entering a room")
            await self.news()
        return self.room

    async def news(self) -> None:
        """Return when something has happened to this leg: heard, entered, left, answered, ended."""
        await self._news.wait()

    def changed(self) -> None:
        """Wake those who wait for news."""
        self.updated_at = self.net.clock.now()
        news, self._news = self._news, asyncio.Event()
        news.set()

    # ------------------------------------------------------------ life

    async def dial(self, timeout_s: float) -> None:
        """Ring the far end until it answers, refuses or the time is over."""
        self.started_at = self.net.clock.now()
        self.tell("initiated")
        if self.awaited is not None:
            self.awaited.status = "connecting"
        if not self.net.assumptions.created_leg_asks_first:  # else a create would wait for time, inside its request
            await self.net.clock.sleep(SETUP_S)
        if not self.live:
            return
        if self.device is None:
            self.finish(by="network", cause="nobody has this number", status="failed")
            return
        self.ring()
        self.device.rings(self)
        self.later(timeout_s, self._unanswered)
        await self._answered.wait()

    def later(self, seconds: float, what: Callable[[], None]) -> None:
        """Do something in so many seconds (domain), if the leg still lives."""

        async def wait() -> None:
            await self.net.clock.sleep(seconds)
            if self.live:
                what()

        self._timers.append(self.net.spawn(wait()))

    def limit(self, seconds: float) -> None:
        """End it after so long."""
        self.later(seconds, lambda: self.finish(by="network", cause="time limit"))

    def ring(self) -> None:
        """The leg rings (an inbound one: at the carrier)."""
        self.status = "ringing"
        if self.awaited is not None:
            self.awaited.status = "ringing"
        self.started_at = self.started_at or self.net.clock.now()
        self._note("leg.ringing")
        self.tell("ringing")
        self.changed()

    def _unanswered(self) -> None:
        if self.status == "ringing":
            self.finish(by="network", cause="no answer in time", status="no-answer")

    def accept(self) -> None:
        """The call is answered: by the far end, or by the carrier for an inbound one."""
        if self.status != "ringing":
            return
        self.status = "in-progress"
        self.answered_at = self.net.clock.now()
        self._note("leg.answered")
        self.net.ledger.air.set(self.sid, live=True)
        self.tell("answered")
        self._answered.set()
        self.changed()

    def decline(self, status: str = "busy") -> None:
        """The far end refuses: `busy`, or `failed`."""
        self.finish(by="callee", cause=status, status=status)

    def finish(self, *, by: str, cause: str, status: str = "", reason: str = "participant_hung_up") -> None:
        """End the leg. `by`: caller, callee, api, network or document; `reason` is told where it leaves a room."""
        if not self.live:
            return
        dialled = self.started_at is not None
        self.cut()
        for timer in self._timers:
            if timer is not asyncio.current_task():
                timer.cancel()
        self.status = status or ("completed" if self.answered_at else "no-answer")
        self.ended_at = self.net.clock.now()
        self.sip_code = _SIP[self.status]
        self.leave_place(reason)
        self.net.ledger.air.set(self.sid, live=False, place="")
        self._note("leg.ended", by=by, cause=cause, status=self.status)
        if dialled:  # one that is cancelled while queued tells nobody
            self.final_callback = self.tell("completed", gated=self.gate_final_callback)
        for event in (self._over, self._answered, self.settled):
            event.set()
        self.changed()
        if self.device is not None:
            self.device.leg_over(self)

    async def hangs_up(self) -> None:
        """The person at the far end hangs up; nothing where the call is over or the device dead."""
        if not self.dead:
            self.finish(by="caller" if self.direction == "inbound" else "callee", cause="hung up")

    def dies(self) -> None:
        """The device stops without a goodbye: from now on nobody is there, and the carrier notices late or never."""
        if not self.live or self.dead:
            return
        self.dead = True
        self.net.ledger.add("leg.died", self.sid, self.room.sid if self.room else "")
        self.net.ledger.air.set(self.sid, dead=True)
        seconds = self.net.assumptions.crashed_leg_ends_after_s
        if seconds is not None:
            self.later(seconds, lambda: self.finish(by="network", cause="device died"))

    def tell(self, event: str, *, gated: bool = False) -> Posted | None:
        """Send a progress callback, if asked for."""
        if self.callback is None or event not in self.callback.events:
            return None
        status = {"initiated": "initiated", "ringing": "ringing", "answered": "in-progress"}.get(event, self.status)
        form = progress_form(self, status, self._sequence)
        self._sequence += 1
        return self.net.webhooks.post(self.sid, "status", event, self.callback, form, sid=self.sid, gated=gated)

    def _note(self, kind: str, **data: str) -> None:
        facts = {"direction": self.direction, "from": self.from_, "to": self.to, **data}
        self.net.ledger.add(kind, self.sid, **facts)

    # ------------------------------------------------------------ documents

    def begin(self, ask: Ask) -> None:
        """Ask for a document and run it."""
        script = self.net.new_script(self, ask)
        self._scripts.append(script)
        script.start()
        self.changed()

    async def screen(self, ask: Ask) -> None:
        """Run a document on a leg that somebody dials, before the two are put through."""
        script = self.net.new_script(self, ask, screening=True)
        self._scripts.append(script)
        running = script.start()
        try:
            await asyncio.wait({running})
        finally:
            running.cancel()

    @property
    def has_scripts(self) -> bool:
        """It runs documents of its own."""
        return bool(self._scripts)

    def move(self, ask: Ask) -> None:
        """A REST update: leave whatever it does and wherever it is, and ask for another document."""
        keep_asking = self.net.assumptions.stale_answer_runs
        self.cut(keep_asking=keep_asking)
        self.leave_place("participant_updated_via_api")
        self.begin(ask)

    def cut(self, *, keep_asking: bool = False, but: Script | None = None) -> None:
        """Stop the documents it runs; with `keep_asking`, not those whose request is still in flight."""
        for posted in self.held_back:
            posted.gate.set()
        self.held_back.clear()
        for script in list(self._scripts):
            if script is not but and not (keep_asking and script.asking):
                self._scripts.remove(script)
                script.cut()

    async def breathe(self) -> None:
        """Let time pass before a request, where too many were made in this instant."""
        now = self.net.clock.now()
        at, count = self._asked_at
        self._asked_at = (now, count + 1 if at == now else 1)
        if self._asked_at[1] > REQUESTS_AT_ONCE:
            await self.net.clock.sleep(BREATH_S)

    def takes(self, script: Script) -> None:
        """A document has come for this leg: it runs, and what ran before does not."""
        others = [s for s in self._scripts if s is not script and not s.asking]
        if others:
            self.cut(keep_asking=True, but=script)
            self.leave_place("participant_updated_via_api")

    def script_over(self, script: Script, *, ends: bool) -> None:
        """A document has been run to its end: so ends the leg, unless another document is on its way."""
        if script in self._scripts:
            self._scripts.remove(script)
        if ends and not self._scripts:
            self.finish(by="document", cause="end of document")

    def leave_place(self, reason: str) -> None:
        """Leave the room, if it is in one."""
        if self.participant is not None:
            self.participant.room.leave(self.participant, reason, goes_on=False)

    # ------------------------------------------------------------ ears and keys

    def hears(self, what: str, text: str, **data: object) -> None:
        """Words or a medium begin to be heard; at a dead device nobody hears them."""
        if self.dead:
            return
        self.heard.append(Heard(self.net.clock.now(), what, text))
        self.net.ledger.add("heard", self.sid, self.room.sid if self.room else "", what=what, text=text, **data)
        self.changed()

    @contextmanager
    def sound(self, tone: str = "") -> Generator[None]:
        """Something is playing to this leg inside: one of the network's own tones (`music`, `ringing`), or whatever."""
        audio = self.net.audio if tone else None
        self.net.ledger.air.play(self.sid, 1)
        try:
            with audio.tone(self, tone) if audio is not None else nullcontext():
                yield
        finally:
            self.net.ledger.air.play(self.sid, -1)

    async def presses(self, digits: str) -> None:
        """Keys are pressed at the far end."""
        for digit in digits:
            if not self.live or self.dead:
                return
            self.net.ledger.add("key", self.sid, digit=digit, listening=self.keys.listening)
            if self.keys.listening or self.net.assumptions.keys_kept:
                self.keys.buffer.append(digit)
            self.keys.pressed.set()
            self.changed()
