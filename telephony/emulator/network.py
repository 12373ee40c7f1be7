"""The carrier's network: its legs, rooms, numbers and the methods REST calls.

REST translates HTTP to these methods and their results to JSON. Each raises `Refusal` with the carrier's error code.
`telephony.emulator.rest` exports `create_app(net) -> ASGI application`; `start` serves it with uvicorn in this loop.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import TYPE_CHECKING

from telephony.clock import Clock
from telephony.emulator import rooms
from telephony.emulator.account import Account
from telephony.emulator.asks import Ask
from telephony.emulator.assumptions import Assumptions
from telephony.emulator.background import announce
from telephony.emulator.dialling import Dialler
from telephony.emulator.faults import Faults
from telephony.emulator.ledger import Ledger
from telephony.emulator.legs import Callback, Device, Leg
from telephony.emulator.phones import Phone
from telephony.emulator.refusal import Refusal, not_found
from telephony.emulator.rest_server import LoopServer
from telephony.emulator.rooms import Participant, Room
from telephony.emulator.softphones import Softphone
from telephony.emulator.sounds import Media
from telephony.emulator.tasks import Tasks
from telephony.emulator.twiml_run import Script
from telephony.emulator.webhooks import Webhooks

if TYPE_CHECKING:
    from telephony.emulator.media.exchange import Exchange

#: Seconds after which any call ends: the account's own limit.
CALL_LIMIT_S = 14_400


class Network(Account):
    """Twilio's far side in this process. `credentials`: account_sid, auth_token, api_key, api_secret."""

    def __init__(
        self,
        *,
        clock: Clock,
        rng: random.Random,
        assumptions: Assumptions | None = None,
        faults: Faults | None = None,
        cps: float = 1.0,
        call_limit_s: float = CALL_LIMIT_S,
        **credentials: str,
    ) -> None:
        super().__init__(clock=clock, rng=rng, **credentials)
        self.assumptions = assumptions or Assumptions()
        self.faults = faults or Faults()
        self._dialler = Dialler(self, cps)
        self.call_limit_s = call_limit_s
        self.ledger = Ledger(clock.now)
        self.webhooks = Webhooks(self)
        self.media = Media(self)
        self.audio: Exchange | None = None
        """Real sound, where `telephony.emulator.media.open_audio` has given it."""
        self.legs: dict[str, Leg] = {}
        """By CallSid, in the order of creation; ended ones stay."""
        self.rooms: dict[str, Room] = {}
        """By ConferenceSid, in the order of creation; completed ones stay."""
        self.extras = {"EdgeLocation": "emulator"}
        """Parameters that the carrier adds to its requests without notice."""
        self._tasks = Tasks()
        self.spawn = self._tasks.spawn
        self.crashes = self._tasks.crashes
        """Errors in the emulator's own tasks: none, or the run counts for nothing."""
        self.url = ""
        self._named: dict[str, list[Room]] = {}
        self._devices: dict[str, Device] = {}
        self._server: LoopServer | None = None

    async def create_call(
        self,
        *,
        to: str,
        from_: str,
        url: str = "",
        twiml: str = "",
        application_sid: str = "",
        method: str = "POST",
        fallback_url: str = "",
        fallback_method: str = "POST",
        status_callback: str = "",
        status_callback_method: str = "POST",
        status_callback_event: Iterable[str] = ("completed",),
        timeout: int = 60,
        time_limit: int | None = None,
    ) -> Leg:
        """POST Calls: dial a telephone and run a document on it. At most one a second leaves the queue."""
        leg = Leg(self, direction="outbound-api", from_=from_, to=to, device=self.device(to))
        ask = Ask(url, method, inline="" if url else twiml)
        if application_sid and not url and not twiml:
            ask, fallback_url, fallback_method = self._application_ask(application_sid)
        leg.fallback = (fallback_url, fallback_method) if fallback_url else None
        leg.callback = _callback(status_callback, status_callback_method, status_callback_event)
        await self._dialler.call(leg, ask, timeout, time_limit)
        return leg

    def _application_ask(self, sid: str) -> tuple[Ask, str, str]:
        application = self.applications.get(sid)
        if application is None:
            raise Refusal(400, 21218, "Invalid ApplicationSid")
        ask = Ask(application.voice_url, application.voice_method)
        return ask, application.voice_fallback_url, application.voice_fallback_method

    async def update_call(
        self,
        sid: str,
        *,
        url: str = "",
        twiml: str = "",
        method: str = "POST",
        fallback_url: str = "",
        fallback_method: str = "POST",
        status: str = "",
        status_callback: str = "",
        status_callback_method: str = "POST",
        time_limit: int | None = None,
    ) -> Leg:
        """POST Calls/{sid}: move a live leg to another document, or end it. 21220 when it is not in progress."""
        leg = self.legs.get(sid)
        if leg is None:
            raise not_found(f"/Calls/{sid}.json")
        early = leg.status in ("queued", "ringing")
        moves = bool(url or twiml)
        if not leg.live or (status == "canceled" and not early) or (moves and not status and early):
            raise Refusal(400, 21220, "Call is not in-progress. Cannot redirect.")
        if status_callback:
            leg.callback = Callback(status_callback, status_callback_method)
        if time_limit is not None:
            leg.limit(time_limit)
        if status:
            how = "canceled" if early else "completed"
            leg.finish(by="api", cause=status, status=how, reason="participant_updated_via_api")
        elif moves:
            self.ledger.add("leg.moved", sid, leg.room.sid if leg.room else "")
            if fallback_url:
                leg.fallback = (fallback_url, fallback_method)
            elif not self.assumptions.update_inherits_fallback:
                leg.fallback = None
            leg.move(Ask(url, method, "update", inline="" if url else twiml))
        return leg

    async def create_participant(
        self,
        room: str,
        *,
        to: str,
        from_: str,
        label: str = "",
        muted: bool = False,
        beep: str = "true",
        start_conference_on_enter: bool = True,
        end_conference_on_exit: bool = False,
        coaching: bool = False,
        call_sid_to_coach: str = "",
        wait_url: str | None = None,
        wait_method: str = "POST",
        max_participants: int = 250,
        timeout: int = 60,
        time_limit: int | None = None,
        status_callback: str = "",
        status_callback_method: str = "POST",
        status_callback_event: Iterable[str] = ("completed",),
        conference_status_callback: str = "",
        conference_status_callback_method: str = "POST",
        conference_status_callback_event: Iterable[str] = ("start", "end"),
        caller_id: str = "",
    ) -> Participant:
        """POST Conferences/{room}/Participants: dial somebody into a room, by its SID or its name."""
        into = self._room_for_rest(room, max_participants)
        if not into.participants and not into.pending and into.callback is None:
            names = [e for n in conference_status_callback_event for e in rooms.EVENTS.get(n, ())]
            into.callback = _callback(conference_status_callback, conference_status_callback_method, names)
        leg = Leg(self, direction="outbound-api", from_=caller_id or from_, to=to, device=self.device(to))
        leg.callback = _callback(status_callback, status_callback_method, status_callback_event)
        participant = Participant(
            leg,
            into,
            label=label,
            muted=muted,
            coaching=coaching,
            call_sid_to_coach=call_sid_to_coach,
            start_conference_on_enter=start_conference_on_enter,
            end_conference_on_exit=end_conference_on_exit,
            beep=beep,
            wait_url=wait_url,
            wait_method=wait_method,
            by_rest=True,
            status="queued",
            created_at=self.clock.now(),
            updated_at=self.clock.now(),
        )
        try:
            into.check(participant)
        except Refusal:
            del self.legs[leg.sid]
            self.forget_unused(into)
            raise
        into.pending.append(participant)
        await self._dialler.participant(participant, timeout, time_limit)
        return participant

    def _room_for_rest(self, room: str, max_participants: int) -> Room:
        known = self.rooms.get(room)
        if known is None and is_room_sid(room):
            raise not_found(f"/Conferences/{room}.json")
        if known is not None and known.status == "completed":
            raise Refusal(400, 16022, "Conference does not exist or is completed")
        into = known or self.room_to_join(room, None)
        into.max_participants = min(into.max_participants, max_participants)
        return into

    async def update_participant(
        self,
        room_sid: str,
        sid_or_label: str,
        *,
        muted: bool | None = None,
        hold: bool | None = None,
        hold_url: str = "",
        hold_method: str = "GET",
        announce_url: str = "",
        announce_method: str = "POST",
        end_conference_on_exit: bool | None = None,
        beep_on_exit: bool | None = None,
        coaching: bool | None = None,
        call_sid_to_coach: str = "",
        wait_url: str | None = None,
        wait_method: str = "POST",
    ) -> Participant:
        """POST Conferences/{CF}/Participants/{CA or label}."""
        participant = self.find_participant(room_sid, sid_or_label)
        room = participant.room
        if participant not in room.participants:
            raise Refusal(400, 16023, "Participant is not in the conference yet")
        if coaching is not None or call_sid_to_coach:
            room.set_coaching(participant, coaching is not False, call_sid_to_coach or participant.call_sid_to_coach)
        if end_conference_on_exit is not None and not participant.hold:  # silently ignored while on hold
            participant.end_conference_on_exit = end_conference_on_exit
            room.modified(participant)
        if beep_on_exit is not None:
            room.modified(participant)
        if wait_url is not None:
            participant.wait_url, participant.wait_method = wait_url, wait_method
        if muted is not None:
            room.set_muted(participant, muted)
        if hold is not None:
            room.set_hold(participant, hold, hold_url, hold_method)
        if announce_url:
            self.spawn(announce(room, announce_url, announce_method, participant))
        return participant

    def find_participant(self, room_sid: str, sid_or_label: str) -> Participant:
        """Somebody inside (or being dialled into) a room of that SID."""
        room = self.rooms.get(room_sid)
        everybody = [*room.participants, *room.pending] if room else []
        found = next((p for p in everybody if sid_or_label in (p.leg.sid, p.label)), None)
        if found is None:
            raise not_found(f"/Conferences/{room_sid}/Participants/{sid_or_label}.json")
        return found

    async def remove_participant(self, room_sid: str, sid_or_label: str) -> None:
        """DELETE: kick."""
        participant = self.find_participant(room_sid, sid_or_label)
        participant.room.kick(participant)

    async def update_room(
        self, room_sid: str, *, status: str = "", announce_url: str = "", announce_method: str = "POST"
    ) -> Room:
        """POST Conferences/{CF}: complete it, or announce something to everybody inside."""
        room = self.rooms.get(room_sid)
        if room is None:
            raise not_found(f"/Conferences/{room_sid}.json")
        if room.status == "completed":
            raise Refusal(400, 16022, "Conference is already completed")
        if status == "completed":
            room.end("conference-ended-via-api", "conference_ended_via_api")
        elif announce_url:
            self.spawn(announce(room, announce_url, announce_method))
        return room

    async def end_room(self, room_sid: str) -> None:
        """Complete a room: whoever is inside leaves it."""
        await self.update_room(room_sid, status="completed")

    # ------------------------------------------------------------ rooms

    def active_room(self, name: str) -> Room | None:
        """The room of that name that is not completed."""
        return next((r for r in reversed(self._named.get(name, [])) if r.status != "completed"), None)

    def room_to_join(self, name: str, callback: Callback | None) -> Room:
        """The active room of that name, or a new one, which the first who comes gives its callback."""
        room = self.active_room(name)
        if room is None:
            now = self.clock.now()
            room = Room(self, self.new_sid("CF"), name, callback, created_at=now, updated_at=now)
            self.rooms[room.sid] = room
            self._named.setdefault(name, []).append(room)
        return room

    def forget_unused(self, room: Room) -> None:
        """Drop a room that nobody could enter."""
        if not room.participants and not room.pending and room.status == "init":
            del self.rooms[room.sid]
            self._named[room.name].remove(room)

    # ------------------------------------------------------------ devices

    def phone(self, number: str) -> Phone:
        """The telephone with this number."""
        known = self._devices.setdefault(number, Phone(self, number))
        assert isinstance(known, Phone)
        return known

    def softphone(self, identity: str) -> Softphone:
        """The softphone with this identity."""
        known = self._devices.setdefault(f"client:{identity}", Softphone(self, identity))
        assert isinstance(known, Softphone)
        return known

    def device(self, address: str) -> Device | None:
        """What rings at an address; None where nobody has it (or is not registered)."""
        device = self._devices.get(address.partition("?")[0])
        return None if isinstance(device, Softphone) and not device.registered else device

    def may_show(self, caller_id: str, leg: Leg) -> bool:
        """Whether a Dial may show this caller ID."""
        return caller_id in (leg.from_, leg.to) or caller_id in self.verified or self.number(caller_id) is not None

    def connect(self, number: str, device: Device) -> None:
        """Give a number that is none of the account's to a device: another account's line, say."""
        self._devices[number] = device

    def incoming(self, phone: Device, from_: str, to: str, extras: dict[str, str]) -> Leg:
        """A telephone dials one of the account's numbers."""
        number = self.number(to)
        if number is None:
            raise AssertionError("nobody has the number that was dialled")
        urls = self.applications.get(number.voice_application_sid) or number
        leg = Leg(self, direction="inbound", from_=from_, to=to, device=phone)
        leg.phone_number_sid = number.sid
        leg.extras = {**self.extras, **extras}
        leg.callback = _callback(urls.status_callback, urls.status_callback_method, ("completed",))
        leg.fallback = (urls.voice_fallback_url, urls.voice_fallback_method) if urls.voice_fallback_url else None
        leg.ring()
        leg.limit(self.call_limit_s)
        leg.begin(Ask(urls.voice_url, urls.voice_method))
        return leg

    # ------------------------------------------------------------ running

    def open_audio(self) -> bool:
        """Give it real sound, before it is started; False where the package's extra `audio` is not installed."""
        try:
            from telephony.emulator.media import open_audio
        except ImportError:
            return False
        open_audio(self)
        return True

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> str:
        """Serve the REST API; returns its base URL."""
        from telephony.emulator.rest import create_app  # it is written on top of this module

        self._server = LoopServer(create_app(self))
        self.url = await self._server.start(host, port)
        return self.url

    async def stop(self) -> None:
        """Stop serving, and everything that runs."""
        if self._server is not None:
            await self._server.stop()
        await self._tasks.stop()
        if self.audio is not None:
            await self.audio.stop()
        await self.webhooks.aclose()

    def new_script(self, leg: Leg, ask: Ask, *, screening: bool = False) -> Script:
        """What runs a leg's documents."""
        return Script(leg, ask, screening=screening)


def is_room_sid(text: str) -> bool:
    """Whether this is a ConferenceSid rather than a name."""
    return len(text) == 34 and text.startswith("CF")


def _callback(url: str, method: str, events: Iterable[str]) -> Callback | None:
    return Callback(url, method, frozenset(events)) if url else None
