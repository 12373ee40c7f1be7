"""Dial: into a room, or to telephones and softphones that ring for the leg."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from telephony.emulator import rooms
from telephony.emulator.asks import Ask, Over
from telephony.emulator.background import prefetch
from telephony.emulator.legs import EVENTS, Callback, Leg
from telephony.emulator.refusal import Refusal
from telephony.emulator.twiml import Verb
from telephony.emulator.waits import within
from telephony.emulator.webhooks import FetchFailed

if TYPE_CHECKING:
    from telephony.emulator.twiml_run import Script
    from telephony.emulator.webhooks import Posted

#: Seconds a Dial lasts at most where it does not say (4 h), and it rings.
TIME_LIMIT_S = 14_400
RING_S = 30
#: At most so many softphones or telephones ring at once.
MAX_TARGETS = 10


async def dial(script: Script, verb: Verb) -> Ask | None:
    """Run a Dial; the request for its action when it is over, if it has one."""
    keys, on_star = script.leg.keys, verb.flag("hangupOnStar", False)
    keys.buffer.clear()  # keys pressed before belong to no later Gather
    keys.listening = on_star
    conference = next((c for c in verb.children if c.name == "Conference"), None)
    try:
        if conference is not None:
            result, told = await _into_room(script, verb, conference)
        else:
            result, told = await _to_phones(script, verb)
    finally:
        keys.listening = False
        keys.buffer.clear()
    if result is None:
        return None
    return await _action(script, verb, result, told)


async def _action(script: Script, verb: Verb, result: dict[str, str], told: Posted | None) -> Ask | None:
    before = script.net.assumptions.callback_before_action
    if "action" not in verb.attributes:
        if told is not None:
            told.gate.set()
        return None
    if told is not None and before:
        await told.done.wait()
    ask = script.next(verb.attributes["action"], verb.attributes.get("method", "POST"), "action", result)
    if told is None or before:
        return ask
    return replace(ask, told_after=told)


def callback_of(verb: Verb, base: str, events: frozenset[str], default: str) -> Callback | None:
    """The callback that a noun's attributes ask for."""
    url = verb.attributes.get("statusCallback", "")
    if not url:
        return None
    names = frozenset(verb.attributes.get("statusCallbackEvent", default).split()) & events
    return Callback(urljoin(base, url), verb.attributes.get("statusCallbackMethod", "POST"), names)


# ---------------------------------------------------------------- rooms


async def _into_room(script: Script, verb: Verb, noun: Verb) -> tuple[dict[str, str] | None, Posted | None]:
    leg, net = script.leg, script.net
    participant = _participant(script, noun, "action" in verb.attributes)
    try:
        await prefetch(participant)
        room = participant.room = net.room_to_join(noun.text, _room_callback(noun, script.document.url))
        room.max_participants = min(room.max_participants, noun.number("maxParticipants", 250))
        room.check(participant)
    except FetchFailed as failure:
        net.ledger.add("document.failed", leg.sid, code=failure.code, why=failure.why, asked="wait")
        net.forget_unused(participant.room)
        return {"DialCallStatus": "failed", "DialBridged": "false"}, None
    except Refusal as refusal:
        net.ledger.add("warning", leg.sid, participant.room.sid, code=refusal.code, words=refusal.message)
        net.forget_unused(participant.room)
        if refusal.code == 16025:
            return None, None  # the call goes on with the next verb
        return {"DialCallStatus": "failed", "DialBridged": "false"}, None
    room.join(participant)
    limit = float(verb.number("timeLimit", TIME_LIMIT_S))
    if not await within(net.clock, limit, _gone(script, participant, verb.flag("hangupOnStar", False))):
        room.leave(participant, "participant_hung_up")
    left = participant.left
    assert left is not None
    if left.by_rest and not net.assumptions.kicked_leg_goes_on:
        if left.told is not None:
            left.told.gate.set()
        raise Over("api", "removed from its room")
    return {"DialCallStatus": "answered", "DialBridged": "true" if left.company else "false"}, left.told


async def _gone(script: Script, participant: rooms.Participant, on_star: bool) -> None:
    while not participant.gone.is_set():
        keys = script.leg.keys
        if on_star and "*" in keys.buffer:
            keys.buffer.clear()
            participant.room.leave(participant, "participant_hung_up")
            return
        await script.leg.news() if on_star else await participant.gone.wait()


def _participant(script: Script, noun: Verb, has_action: bool) -> rooms.Participant:
    said, base = noun.attributes, script.document.url
    wait = said.get("waitUrl")
    return rooms.Participant(
        script.leg,
        script.net.room_to_join(noun.text, _room_callback(noun, base)),
        label=said.get("participantLabel", ""),
        muted=noun.flag("muted", False),
        coaching="coach" in said,
        call_sid_to_coach=said.get("coach", ""),
        start_conference_on_enter=noun.flag("startConferenceOnEnter", True),
        end_conference_on_exit=noun.flag("endConferenceOnExit", False),
        beep=said.get("beep", "true"),
        wait_url=urljoin(base, wait) if wait else wait,
        wait_method=said.get("waitMethod", "POST"),
        has_action=has_action,
    )


def _room_callback(noun: Verb, base: str) -> Callback | None:
    callback = callback_of(noun, base, frozenset(rooms.EVENTS), "start end")
    if callback is None:
        return None
    events = frozenset(event for name in callback.events for event in rooms.EVENTS[name])
    return Callback(callback.url, callback.method, events)


# ---------------------------------------------------------------- telephones


async def _to_phones(script: Script, verb: Verb) -> tuple[dict[str, str], Posted | None]:
    leg, net = script.leg, script.net
    nouns = verb.children or ((Verb("Number", text=verb.text),) if verb.text else ())
    caller_id = verb.attributes.get("callerId") or leg.from_
    if not nouns or not net.may_show(caller_id, leg):
        if nouns:
            net.ledger.add("warning", leg.sid, code=13214, words="Dial: invalid callerId")
        return {"DialCallStatus": "failed", "DialBridged": "false"}, None
    groups = [(n,) for n in nouns] if verb.flag("sequential", False) else [nouns[:MAX_TARGETS]]
    children: list[Leg] = []
    try:
        for group in groups:
            for earlier in children:
                _tell_at_once(earlier)
            children = [_child(script, noun, caller_id) for noun in group]
            with leg.sound("ringing"):  # the ringing tone, until somebody is put through
                winner = await _ring(script, group, children, verb.number("timeout", RING_S))
            if winner is not None:
                return await _put_through(script, verb, winner)
    except BaseException:
        _abandon(children)
        raise
    for other in children[:-1]:
        _tell_at_once(other)
    return _result(children[-1], bridged=False), _held_back(leg, children[-1])


def _abandon(children: list[Leg]) -> None:
    """The dialling leg has gone: nobody is to ring or talk any more, and no action will be asked."""
    for child in children:
        _tell_at_once(child)
        if not child.has_scripts:
            status = "" if child.answered_at else "canceled"
            child.finish(by="network", cause="the dialling leg has gone", status=status)


def _held_back(leg: Leg, child: Leg) -> Posted | None:
    """The child's last callback; where it waits for the action, the dialling leg knows it."""
    if child.final_callback is not None:
        leg.held_back.append(child.final_callback)
    return child.final_callback


def _child(script: Script, noun: Verb, caller_id: str) -> Leg:
    net = script.net
    identity = next((c.text for c in noun.children if c.name == "Identity"), noun.text)
    to = f"client:{identity}" if noun.name == "Client" else noun.text
    child = Leg(net, direction="outbound-dial", from_=caller_id, to=to, device=net.device(to), parent=script.leg.sid)
    child.callback = callback_of(noun, script.document.url, EVENTS, "completed")
    child.gate_final_callback = not net.assumptions.callback_before_action
    return child


async def _ring(script: Script, nouns: tuple[Verb, ...], children: list[Leg], timeout: float) -> Leg | None:
    """Ring them all; the first who answers (and passes its screen) is put through, the others stop ringing."""
    ringing: set[asyncio.Task[None]] = {script.net.spawn(child.dial(timeout)) for child in children}
    try:
        while ringing:
            await asyncio.wait(ringing, return_when=asyncio.FIRST_COMPLETED)
            ringing = {task for task in ringing if not task.done()}
            answered = next((child for child in children if child.live and child.answered_at), None)
            if answered is not None:
                for other in children:
                    if other is not answered:
                        _tell_at_once(other)
                        other.finish(by="network", cause="answered elsewhere", status="canceled")
                noun = nouns[children.index(answered)]
                return answered if await _screened(script, noun, answered) else None
    finally:
        for task in ringing:
            task.cancel()
    return None


def _tell_at_once(leg: Leg) -> None:
    """Let a dialled leg's last callback go, now or when it ends."""
    leg.gate_final_callback = False
    if leg.final_callback is not None:
        leg.final_callback.gate.set()


async def _screened(script: Script, noun: Verb, child: Leg) -> bool:
    """Run the noun's `url` on who has answered, before the two are put through; whether the leg is still there."""
    url = noun.attributes.get("url")
    if url:
        ask = script.next(url, noun.attributes.get("method", "POST"), "screen")
        await child.screen(ask)
    return child.live


async def _put_through(script: Script, verb: Verb, child: Leg) -> tuple[dict[str, str], Posted | None]:
    leg, net = script.leg, script.net
    leg.accept()
    place, begun = f"bridge:{child.sid}", net.clock.now()
    for one in (leg, child):
        net.ledger.air.set(one.sid, place=place)
    net.ledger.air.start(place)
    net.ledger.add("bridge.begin", leg.sid, child=child.sid)
    try:
        limit = float(verb.number("timeLimit", TIME_LIMIT_S))
        await within(net.clock, limit, _bridge_over(child, leg, verb.flag("hangupOnStar", False)))
    finally:
        for one in (leg, child):
            if one.live:
                net.ledger.air.set(one.sid, place="")
        net.ledger.add("bridge.end", leg.sid, child=child.sid)
    if child.live and child.has_scripts:  # REST has moved it: it goes on by itself
        _tell_at_once(child)
    else:
        child.finish(by="network", cause="the Dial is over")
    return _result(child, bridged=True, seconds=net.clock.now() - begun), _held_back(leg, child)


async def _bridge_over(child: Leg, leg: Leg, on_star: bool) -> None:
    """Return when the far leg has ended or was moved by REST, or the near one pressed the star."""
    while child.live and not child.has_scripts:
        if on_star and "*" in leg.keys.buffer:
            leg.keys.buffer.clear()
            return
        waits = [asyncio.ensure_future(child.news()), asyncio.ensure_future(leg.news())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


def _result(child: Leg, *, bridged: bool, seconds: float = 0.0) -> dict[str, str]:
    status = child.status if not child.live else "completed"
    if child.answered_at and status != "failed":
        status = "completed"
    result = {"DialCallStatus": status, "DialCallSid": child.sid, "DialBridged": "true" if bridged else "false"}
    return result | ({"DialCallDuration": str(round(seconds))} if child.answered_at else {})
