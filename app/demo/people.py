"""Simulated specialists: they answer, talk, record, leave, lose their device and come back."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from typing import Any

from app.demo.colleagues import ASKED, DECLINES, Colleague
from app.demo.console import Refused
from app.demo.log import Shown, Told, Won
from app.demo.scripts import Scene
from telephony.emulator import Leg

#: Seconds, each drawn evenly between the two: until an offer is answered; from *Answer* to the leg; from the room to
#: sound at the console; wrapping up; between two things that are recorded.
REACTION_S = (0.5, 2.0)
DIAL_IN_S = (0.3, 0.9)
#: The same, where the caller is to hang up meanwhile: they see their state only twice a second, and later on a busy
#: machine; an offer stands 12 s (P3), an accepted one waits 8 s for the leg (L5).
SLOW_S = {"offered": (7.0, 8.0), "connecting": (4.0, 5.0)}
MEDIA_S = (0.1, 0.4)
WRAP_S = (1.0, 2.0)
RECORD_S = (0.3, 1.0)
#: Seconds until a person whose device died is back at another one: soon enough for the same caller (L8), or not.
BACK_S, BACK_LATE_S = (7.0, 9.0), (34.0, 38.0)
#: Seconds until a caller who is rung back has answered, or has not.
RINGS_S = 90.0
#: Seconds until somebody who missed an offer touches the console again.
AWAY_S = 10.0
#: Seconds that an agency's telephone rings at most, and a call-taker talks.
AGENCY_ANSWERS_S, AGENCY_TALKS_S = 1.5, 8.0


def fact_id(letter: str) -> str:
    """A console's own id for something it records."""
    return letter + secrets.token_hex(6)


class Specialist(Colleague):
    """One person who answers. After `device_dies` the same object signs in again as at another device."""

    dying = False
    _scene_of = _act = _slow = _rings_for = ""
    _wrapping = _rejoining = False

    def __init__(self, *about: Any) -> None:
        super().__init__(*about)
        self._unseen: set[str] = set()
        self._won: dict[str, Any] = {}

    @property
    def talks(self) -> bool:
        """They are in a room, at a device that works."""
        return bool(self.call) and self.leg is not None and self.leg.room is not None and not self.leg.dead

    # -- offers

    def sees(self, offer: dict[str, Any]) -> bool:
        if offer["offer"] in self._unseen:
            return False
        self._act = self._card(offer["kind"])
        if self._act == "unseen":
            self._unseen.add(offer["offer"])
            self.director.notes(self.spec, "unseen")
        return self._act != "unseen"

    def _card(self, kind: str) -> str:
        if kind in ASKED:
            return "decline" if self.director.rng.random() < DECLINES else "answer"
        return "answer" if kind != "call" else next(self.director.offers)

    def on_offer(self, shown: Shown, arrived_ms: int) -> None:
        if self._act == "lapse":
            self.director.notes(self.spec, "lapses")
        self._slow = self.director.wait_for(arrived_ms)
        self.begin(self._deal_with(shown, self._act))

    async def _deal_with(self, shown: Shown, act: str) -> None:
        await self.ask("POST", f"/api/offers/{shown.offer}/ack")
        if act == "lapse":
            await self.clock.sleep(AWAY_S + 5.0)
            self.touched = True
            return
        await self.clock.sleep(self._between(SLOW_S["offered"] if self._slow == "offered" else REACTION_S))
        self.touched = True
        if shown.offer not in self.shown:
            return
        if act == "decline":
            await self.ask("POST", f"/api/offers/{shown.offer}/decline", reason="not_now")
        else:
            await self._answer(shown)
        return

    async def _answer(self, shown: Shown) -> None:
        won = await self.ask("POST", f"/api/offers/{shown.offer}/accept", tab="tab")
        self.take_off(shown.offer, "accepted")
        self.log.won.append(Won(self.spec, shown.offer, won["call"], self.clock.now()))
        self.call = won["call"]
        await self._dial_in(won)
        if won["kind"] in ASKED:
            self.begin(self._beside(won["call"], won["kind"]))

    async def _dial_in(self, won: dict[str, Any]) -> None:
        """Connect the softphone with exactly what the board said, and say when the room is heard (L5)."""
        self._won = won
        await self.clock.sleep(self._between(SLOW_S["connecting"] if self._slow == "connecting" else DIAL_IN_S))
        if self._won is not won:
            return  # that caller has gone meanwhile, and the console is in another call
        await self._hang_up()
        token = (await self.ask("POST", "/api/softphone-token"))["token"]
        soft = self.director.net.softphone(self.spec)
        leg = self.leg = await soft.connect(token, won["app_params"])
        with contextlib.suppress(AssertionError):
            await leg.wait_in_room()
        if leg.room is None:
            return
        await self.clock.sleep(self._between(MEDIA_S))
        if leg.room is not None:
            await self.ask("POST", f"/api/calls/{won['call']}/media")

    async def _hang_up(self) -> None:
        """The console lets go of a leg that is still open: one softphone, one call."""
        if self.leg and self.leg.live and not self.leg.dead:
            await self.leg.hangs_up()

    # -- the conversation

    def on_call(self, call: dict[str, Any]) -> None:
        super().on_call(call)
        mine = call.get("owner") == self.spec and call.get("id") == self.call
        if mine and call["state"] == "calling_back" and self._rings_for != self.call:
            self._rings_for = self.call
            self.begin(self._rings_back(self.call))
        if mine and call["state"] == "talking" and self._scene_of != self.call:
            self._scene_of = self.call
            self.begin(self._plays(self.call, call["sid"]))

    async def _rings_back(self, call: str) -> None:
        """By their own key (C4); of who is not reached the callback is closed."""
        await self.clock.sleep(self._between(RECORD_S))
        await self.ask("POST", f"/api/calls/{call}/ring")
        await self.director.until(lambda: self._seen["state"] != "calling_back" or self._unanswered(), RINGS_S)
        if self._seen["state"] == "calling_back" and self._unanswered():
            await self._ends(call)

    def _unanswered(self) -> bool:
        return bool((self._seen.get("callback") or {}).get("why"))

    async def _plays(self, call: str, sid: str) -> None:
        """The caller's next scene; one that a device's death cuts short is played by whoever talks with them next."""
        scene = self.director.scene_for(sid)
        try:
            await self._talk(call, scene)
        except asyncio.CancelledError:
            self.director.not_played(sid, scene)
            raise

    async def _talk(self, call: str, scene: Scene) -> None:
        begun = self.clock.now()
        for act in scene.acts:
            await self.clock.sleep(self._between(RECORD_S))
            with contextlib.suppress(Refused):
                await getattr(self, f"_{act}")(call)
        await self.clock.sleep(max(0.0, begun + scene.talk_s - self.clock.now()))
        if scene.ends == "specialist":
            await self._ends(call)
        elif scene.ends == "leaves":
            await self.ask("POST", f"/api/calls/{call}/leave")
            self.director.notes(self.spec, "leaves")
        elif scene.ends.startswith("dies"):
            self.device_dies(BACK_S if scene.ends == "dies" else BACK_LATE_S)

    async def _ends(self, call: str) -> None:
        try:
            await self.ask("POST", f"/api/calls/{call}/end", reason="silent_call")
        except Refused as refusal:
            if not refusal.unsure:
                raise
        self.log.ended[call] = self.spec

    # -- what is recorded

    async def _fact(self, call: str, what: str, path: str, letter: str = "x", **body: Any) -> str:
        id_ = fact_id(letter)
        await self.save(path, id=id_, **body)
        self.log.told.append(Told(id_, what, call, self.spec, self.clock.now()))
        return id_

    async def _risk(self, call: str) -> None:
        said = {"at": "during", "screened": "moderate", "judged": "low", "imminent": False}
        await self._fact(call, "risk", f"/api/calls/{call}/risk", **said, rationale="said by a simulated person")

    async def _safe(self, call: str) -> None:
        await self._fact(call, "safe", f"/api/calls/{call}/safe-to-call", safe="yes")

    async def _urgent(self, call: str) -> None:
        await self._fact(call, "class:urgent", f"/api/calls/{call}/class", cls="urgent", why="assessed")

    async def _handoff(self, call: str) -> None:
        """Ring the emergency service into the room, stay until it has what it needs, and write down what came of it."""
        agency = self.director.agencies[0]
        self.director.agencies.rotate(-1)
        phone = self.director.net.phone(agency)
        phone.will_answer(AGENCY_ANSWERS_S, self._call_taker)
        handoff = await self._fact(
            call,
            "handoff",
            f"/api/calls/{call}/handoffs",
            "h",
            to=agency,
            why="imminent_risk",
            consent="given",
            location="known",
            narrative="said by a simulated person",
        )
        there = await self.director.until(lambda: self._hears(agency), 20.0)
        facts = f"/api/handoffs/{handoff}/facts"
        await self._fact(call, "fact", facts, contact="reached" if there else "no_answer")
        await self.director.until(lambda: not self._hears(agency), AGENCY_TALKS_S + 5.0)
        await self._fact(call, "fact", facts, outcome="contact_confirmed", note="unit on its way")
        await self._fact(call, "fact", facts, closed=True)

    async def _call_taker(self, leg: Leg) -> None:
        await self.clock.sleep(AGENCY_TALKS_S)
        await leg.hangs_up()

    def _hears(self, number: str) -> bool:
        net = self.director.net
        return self.leg is not None and any(net.legs[sid].to == number for sid in self.leg.can_hear())

    # -- afterwards

    def on_me(self) -> None:
        if self.duty == "wrapping" and not self._wrapping:
            self._wrapping = True
            self.begin(self._wrap_up())
        leg_there = self.leg is not None and self.leg.live and not self.leg.dead
        if self.duty == "reconnecting" and not leg_there and not self._rejoining:
            self._rejoining = True
            self.begin(self._rejoin(self.call))
        if self.duty == "idle":
            self._scene_of = self._rings_for = ""

    async def _wrap_up(self) -> None:
        try:
            await self.clock.sleep(self._between(WRAP_S))
            await self._hang_up()
            await self.ask("POST", "/api/wrap-up/done")
        finally:
            self._wrapping = False

    async def _rejoin(self, call: str) -> None:
        """One click after a reload: a new leg for the same engagement (L6)."""
        try:
            await self.clock.sleep(self._between(RECORD_S))
            won = await self.ask("POST", f"/api/calls/{call}/rejoin", tab=fact_id("t"))
            self._scene_of = ""
            self.director.notes(self.spec, "rejoins")
            await self._dial_in(won)
        finally:
            self._rejoining = False

    def device_dies(self, back: tuple[float, float]) -> None:
        """No goodbye: the leg hangs in the network, the beats stop; later the person is at another device."""
        if self.leg:
            self.leg.dies()
        self.director.notes(self.spec, "device_dies")
        self.dying = True
        self._later = asyncio.create_task(self._comes_back(self._between(back)))

    async def _comes_back(self, after_s: float) -> None:
        await self.close()
        self.leg, self.call, self.told, self._scene_of = None, "", None, ""
        self._wrapping = self._rejoining = False
        await self.clock.sleep(after_s)
        await self.sign_in()
        self.dying = False
        self.director.notes(self.spec, "signs_in_again")
