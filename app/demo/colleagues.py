"""Simulated people who ask each other in: they talk alone, hand a caller over, and go again (L10)."""

from __future__ import annotations

from typing import Any

from app.demo.console import Console, Refused

#: Seconds for which an owner looks for somebody who is free, and between two tries.
LOOKS_S, AGAIN_S = 20.0, 1.0
#: Seconds until a colleague has come, or has not: an offer's deadline and dialling in (P3, L5).
COMES_S = 40.0
#: Seconds, each drawn evenly between the two: of talk between the two alone; of all three before the hand over, and
#: between it and the first one's leave.
ALONE_S, THREE_S = (3.0, 5.0), (0.5, 2.0)
#: Seconds after which a colleague who was asked in goes at the latest, should nobody need them.
STAYS_S = 30.0
#: Share of those asked who decline.
DECLINES = 0.2
#: Kinds of offers by which colleagues are asked in, and states of one that came to nothing.
ASKED = frozenset({"transfer", "consult"})
IN_VAIN = frozenset({"declined", "expired", "unreachable", "failed", "rescinded"})


class Colleague(Console):
    """One who asks, and who is asked."""

    def __init__(self, *about: Any) -> None:
        super().__init__(*about)
        self._seen: dict[str, Any] = {}
        self._became: dict[str, str] = {}

    def on_call(self, call: dict[str, Any]) -> None:
        if call.get("id") == self.call:
            self._seen = call

    def on_asked(self, asked: dict[str, Any]) -> None:
        self._became[asked["offer"]] = asked["state"]

    def _between(self, bounds: tuple[float, float]) -> float:
        return self.director.rng.uniform(*bounds)

    # -- who asks

    async def _consult(self, call: str) -> None:
        """Talk alone with somebody while the caller hears that they are not alone, then all three."""
        if await self._asks_in(call, "consult"):
            await self.clock.sleep(self._between(ALONE_S))
            await self.ask("POST", f"/api/calls/{call}/hold", on=False)
            self.director.notes(self.spec, "consults")

    async def _up(self, call: str) -> None:
        """From the warm line up: a crisis specialist comes, and the call is theirs."""
        await self._transfer(call, ("crisis",))

    async def _transfer(self, call: str, among: tuple[str, ...] = ("line", "lead")) -> None:
        """All three hear each other; then the call is the other one's, and this one goes."""
        if not (colleague := await self._asks_in(call, "transfer", among)):
            return
        await self.clock.sleep(self._between(THREE_S))
        await self.ask("POST", f"/api/calls/{call}/hand-over", to=colleague)
        self.director.notes(self.spec, "hands_over")
        await self.clock.sleep(self._between(THREE_S))
        await self.ask("POST", f"/api/calls/{call}/leave")

    async def _asks_in(self, call: str, kind: str, among: tuple[str, ...] = ("line", "lead")) -> str:
        """Whoever came, or nobody: one of the line's people if any is free, else a lead; or of the line above."""
        end = self.clock.now() + LOOKS_S
        while self.clock.now() < end and self.call == call:
            for to in among:
                if came := await self._try(call, kind, to):
                    return came
            await self.clock.sleep(AGAIN_S)
        return ""

    async def _try(self, call: str, kind: str, to: str) -> str:
        try:
            asked = await self.ask("POST", f"/api/calls/{call}/ask", kind=kind, to=to)
        except Refused as refusal:
            if refusal.status != 409 or self._seen.get("owner") != self.spec:
                raise
            return ""
        spec, offer = asked["spec"], asked["offer"]
        await self.director.until(lambda: self._is_heard(spec) or self._became.get(offer) in IN_VAIN, COMES_S)
        return spec if self._is_heard(spec) else ""

    def _is_heard(self, spec: str) -> bool:
        return any(one["spec"] == spec and one["heard"] for one in self._seen.get("team", ()))

    # -- who is asked

    async def _beside(self, call: str, kind: str) -> None:
        """Until the call is theirs, or they are not needed any more."""
        if kind == "consult":
            await self.director.until(lambda: self._is_over(call) or bool(self._seen.get("private")), STAYS_S)
            await self.director.until(lambda: self._is_over(call) or not self._seen.get("private"), STAYS_S)
            await self.clock.sleep(self._between(THREE_S))
        else:
            await self.director.until(lambda: self._is_over(call), STAYS_S)
        if not self._is_over(call):
            await self.ask("POST", f"/api/calls/{call}/leave")

    def _is_over(self, call: str) -> bool:
        """The call is theirs, or they are in it no more."""
        return self.call != call or self.duty not in ("connecting", "talking") or self._seen.get("owner") == self.spec
