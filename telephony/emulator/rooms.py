"""Rooms (conferences): who is in them, with which flags, and the events they tell."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from telephony.emulator.background import Background, refresh, silence
from telephony.emulator.forms import event_form, participant_form
from telephony.emulator.refusal import Refusal

if TYPE_CHECKING:
    from telephony.emulator.legs import Callback, Leg
    from telephony.emulator.network import Network
    from telephony.emulator.twiml import Document
    from telephony.emulator.webhooks import Posted

#: Value of a statusCallbackEvent attribute: the events that are then told.
EVENTS = {
    "start": ("conference-start",),
    "end": ("conference-end",),
    "join": ("participant-join",),
    "leave": ("participant-leave",),
    "mute": ("participant-mute", "participant-unmute"),
    "hold": ("participant-hold", "participant-unhold"),
    "modify": ("participant-modify",),
    "speaker": ("participant-speech-start", "participant-speech-stop"),
    "announcement": ("announcement-end", "announcement-fail"),
}
_KICKED = "participant_updated_via_api"
_CLOSED = frozenset({"conference_ended_via_api", "moderator_ended_conference"})


@dataclass(frozen=True)
class Left:
    """How a participant left its room."""

    reason: str
    told: Posted | None = None
    company: bool = False
    """Somebody else had been in the room with it."""
    by_rest: bool = False
    """Kicked, or the room was completed by REST."""


@dataclass(eq=False)
class Participant:
    """A leg in a room (or on its way into one, when REST has created it)."""

    leg: Leg
    room: Room
    label: str = ""
    muted: bool = False
    hold: bool = False
    coaching: bool = False
    call_sid_to_coach: str = ""
    start_conference_on_enter: bool = True
    end_conference_on_exit: bool = False
    beep: str = "true"
    wait_url: str | None = None
    """None: the carrier's own music; empty: silence."""
    wait_method: str = "POST"
    by_rest: bool = False
    has_action: bool = False
    """Its Dial has an action, which is asked when it has left."""
    status: str = "connected"
    """`queued connecting ringing connected complete failed`."""
    created_at: float = 0.0
    updated_at: float = 0.0
    queue_time_ms: int = 0
    company: bool = False
    left: Left | None = None
    left_at: float | None = None
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    hold_url: str = ""
    hold_method: str = "GET"
    prefetched: Document | None = None
    """The wait document, fetched before the entry."""
    music: Background | None = None
    """What is played to it while it waits or is held."""


@dataclass(eq=False)
class Room:
    """One conference. Its callback is fixed by whoever is first."""

    net: Network
    sid: str
    name: str
    callback: Callback | None = None
    status: str = "init"
    """`init in-progress completed`."""
    created_at: float = 0.0
    updated_at: float = 0.0
    ended_at: float | None = None
    reason_ended: str = ""
    sid_ending: str = ""
    region: str = "us1"
    max_participants: int = 250
    participants: list[Participant] = field(default_factory=list["Participant"])
    """Those inside, in the order of entry."""
    pending: list[Participant] = field(default_factory=list["Participant"])
    """Created by REST and not yet inside."""
    former: list[Participant] = field(default_factory=list["Participant"])
    """Those who have been inside and left, in the order of leaving; lagging lists still show them."""
    sequence: int = 0
    start_told: bool = False
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def started(self) -> bool:
        """Somebody with startConferenceOnEnter has entered."""
        return self.status != "init"

    def inside(self, sid_or_label: str) -> Participant | None:
        """Somebody inside, by CallSid or label."""
        return next((p for p in self.participants if sid_or_label in (p.leg.sid, p.label)), None)

    # ------------------------------------------------------------ entering

    def check(self, participant: Participant) -> None:
        """Refuse who may not enter: 16025 label taken, 16020 full, 13240 / 16027 nobody to coach."""
        label, others = participant.label, [*self.participants, *self.pending]
        if label and any(p.label == label for p in others if p is not participant):
            raise Refusal(400, 16025, "Participant label is already in use in this conference")
        if len(self.participants) >= self.max_participants:
            raise Refusal(400, 16020, "Conference is full")
        if participant.coaching or participant.call_sid_to_coach:
            self._check_coached(participant.call_sid_to_coach)

    def _check_coached(self, sid: str) -> None:
        coached = self.inside(sid) if sid else None
        if coached is None:
            raise Refusal(400, 13240, "The participant to coach is not in the conference")
        if coached.hold:
            raise Refusal(400, 16027, "The participant to coach is on hold")

    def join(self, participant: Participant) -> None:
        """Let a leg in; `check` has passed."""
        leg, now = participant.leg, self.net.clock.now()
        if participant in self.pending:
            self.pending.remove(participant)
        self.participants.append(participant)
        participant.status, participant.created_at, participant.updated_at = "connected", now, now
        leg.participant = participant
        self.net.ledger.add("room.joined", leg.sid, self.sid, **self._flags(participant))
        self._set_air(participant)
        self._tell("participant-join", participant)
        if participant.start_conference_on_enter and not self.started:
            self.status, self.updated_at = "in-progress", now
            self.net.ledger.add("room.started", leg.sid, self.sid, name=self.name)
            self.net.ledger.air.start(self.sid)
        if self.started and len(self.participants) >= 2 and not self.start_told:
            self.start_told = True
            self._tell("conference-start", participant)
        self._keep_company()
        leg.changed()

    def _flags(self, participant: Participant) -> dict[str, object]:
        return {
            "label": participant.label,
            "name": self.name,
            "muted": participant.muted,
            "hold": participant.hold,
            "coaching": participant.call_sid_to_coach if participant.coaching else "",
            "start": participant.start_conference_on_enter,
        }

    def _set_air(self, participant: Participant) -> None:
        coached = participant.call_sid_to_coach if participant.coaching else ""
        self.net.ledger.air.set(
            participant.leg.sid, place=self.sid, muted=participant.muted, hold=participant.hold, coaching=coached
        )

    def _keep_company(self) -> None:
        """Music for those who wait alone or before the start, none for the others."""
        for participant in self.participants:
            if len(self.participants) > 1:
                participant.company = True
            refresh(participant)

    # ------------------------------------------------------------ leaving

    def leave(self, participant: Participant, reason: str, *, by_rest: bool = False, goes_on: bool = True) -> None:
        """Take a leg out; it `goes_on` with what comes after its Dial, or has ended or been moved.

        Ends the room where it was the last, or its endConferenceOnExit says so.
        """
        if participant not in self.participants:
            self._never_came(participant)
            return
        leg = participant.leg
        self.participants.remove(participant)
        self.former.append(participant)
        participant.left_at = self.net.clock.now()
        leg.participant = None
        participant.status = "complete"
        silence(participant)
        self.net.ledger.add("room.left", leg.sid, self.sid, label=participant.label, reason=reason)
        self.net.ledger.air.set(leg.sid, place="", muted=False, hold=False, coaching="")
        after = participant.has_action and leg.live and goes_on and not self.net.assumptions.callback_before_action
        more = {"ParticipantCallStatus": leg.status, "ReasonParticipantLeft": reason}
        told = self._tell("participant-leave", participant, more, gated=after)
        if after and told is not None:
            leg.held_back.append(told)
        participant.left = Left(reason, told, participant.company, by_rest or reason == "conference_ended_via_api")
        participant.gone.set()
        leg.changed()
        self._after_leaving(participant, reason, by_rest)

    def _never_came(self, participant: Participant) -> None:
        if participant in self.pending:
            self.pending.remove(participant)
            participant.status = "failed"
            more = {
                "ParticipantCallStatus": participant.leg.status,
                "ReasonParticipantLeft": "participant_add_failed",
            }
            self._tell("participant-leave", participant, more)
            self._end_if_empty("last-participant-left", participant)

    def _after_leaving(self, participant: Participant, reason: str, by_rest: bool) -> None:
        if self.status == "completed" or reason in _CLOSED:
            return
        if participant.end_conference_on_exit:
            how = "kicked" if by_rest else "left"
            self.end(f"participant-with-end-conference-on-exit-{how}", "moderator_ended_conference", participant)
            return
        self._end_if_empty("last-participant-kicked" if by_rest else "last-participant-left", participant)
        self._keep_company()

    def _end_if_empty(self, why: str, last: Participant) -> None:
        if not self.participants and not self.pending:
            self.end(why, "participant_hung_up", last)

    def kick(self, participant: Participant) -> None:
        """Remove somebody by REST: a leg that REST created ends with it."""
        if participant in self.participants:
            self.leave(participant, _KICKED, by_rest=True)
        self._end_created(participant)

    def _end_created(self, participant: Participant) -> None:
        if participant.by_rest:
            ringing = participant.leg.answered_at is None
            participant.leg.finish(by="api", cause="removed from its room", status="canceled" if ringing else "")

    def end(self, why: str, reason: str, last: Participant | None = None) -> None:
        """Complete the room: whoever is inside leaves it for `reason`."""
        if self.status == "completed":
            return
        now = self.net.clock.now()
        self.status, self.reason_ended, self.ended_at, self.updated_at = "completed", why, now, now
        self.sid_ending = last.leg.sid if last else ""
        inside, coming = list(self.participants), list(self.pending)
        for participant in inside:
            self.leave(participant, reason)
        for participant in [*inside, *coming]:
            self._end_created(participant)
            self._never_came(participant)
        more = {"Reason": why.replace("-", " "), "ReasonConferenceEnded": why}
        if last is not None:
            more |= {"CallSidEndingConference": last.leg.sid, "ParticipantLabelEndingConference": last.label}
        self.net.ledger.add("room.ended", self.sid_ending, self.sid, name=self.name, reason=why)
        self._tell("conference-end", None, more)
        self.ended.set()

    # ------------------------------------------------------------ changes

    def set_muted(self, participant: Participant, muted: bool) -> None:
        """Mute or unmute somebody."""
        if participant.muted != muted:
            participant.muted = muted
            self._changed(participant, "muted" if muted else "unmuted", f"participant-{'' if muted else 'un'}mute")

    def set_hold(self, participant: Participant, hold: bool, url: str = "", method: str = "GET") -> None:
        """Hold somebody (who then hears the hold document, or music) or take them back."""
        if participant.hold != hold:
            participant.hold, participant.hold_url, participant.hold_method = hold, url, method
            self._changed(participant, "held" if hold else "unheld", f"participant-{'' if hold else 'un'}hold")
        refresh(participant)

    def set_coaching(self, participant: Participant, coaching: bool, sid: str) -> None:
        """Whisper to one leg, or speak to all."""
        if coaching:
            self._check_coached(sid)
        participant.coaching, participant.call_sid_to_coach = coaching, sid if coaching else ""
        self.modified(participant)

    def modified(self, participant: Participant) -> None:
        """Some other property of somebody has changed."""
        self._changed(participant, "modified", "participant-modify")

    def _changed(self, participant: Participant, fact: str, event: str) -> None:
        participant.updated_at = self.net.clock.now()
        self.net.ledger.add(f"room.{fact}", participant.leg.sid, self.sid, **self._flags(participant))
        self._set_air(participant)
        self._tell(event, participant)

    def announcement(self, event: str, participant: Participant | None, **more: str) -> None:
        """An announcement has ended or failed."""
        self._tell(event, participant, more)

    def _tell(
        self, event: str, participant: Participant | None, more: dict[str, str] | None = None, *, gated: bool = False
    ) -> Posted | None:
        """Send a conference callback, if the first participant asked for it."""
        if self.callback is None or event not in self.callback.events:
            return None
        self.sequence += 1
        form = event_form(self, event, self.sequence)
        if participant is not None:
            form |= participant_form(participant)
        sid = participant.leg.sid if participant else ""
        return self.net.webhooks.post(
            self.sid, "conference", event, self.callback, form | (more or {}), sid=sid, room=self.sid, gated=gated
        )
