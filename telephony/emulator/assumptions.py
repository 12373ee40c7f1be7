"""T3: what the carrier's documents leave open, each point a switch. Scenarios run under every value."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Assumptions:
    """One world the carrier may be. The defaults are what we believe likeliest."""

    lone_hears_music: bool = False
    """A participant alone in a started room hears the wait music, else silence. `waitUrl=""` is always silence."""

    stale_answer_runs: bool = False
    """A document request in flight when a REST update comes: its answer is run when it comes (and cuts off what the
    leg does then), else it is dropped."""

    failed_step_uses_fallback: bool = True
    """A Redirect, action or Play that fails goes to the fallback URL, else the call ends with the carrier's error. (A
    failed first document and a failed update always go to the fallback URL.)"""

    update_inherits_fallback: bool = True
    """An update with `Url` and without `FallbackUrl` keeps the leg's earlier fallback, else it has none any more."""

    keys_kept: bool = True
    """Keys pressed while no Gather listens wait for the next Gather, else they are lost."""

    crashed_leg_ends_after_s: float | None = 30.0
    """Seconds until the carrier ends the leg of a device that died without a goodbye; None: never."""

    kicked_leg_goes_on: bool = True
    """A leg that came by TwiML and is removed from its room (or whose room is completed by REST) goes on with the
    Dial's action or the next verb, else it ends."""

    callback_before_action: bool = True
    """The leave (or the dialled leg's end) is told, and answered, before the Dial's action is asked, else after."""

    created_leg_asks_first: bool = False
    """A leg created by REST whose telephone answers at once asks for its document before the create has answered."""

    retry_overlaps: bool = False
    """After a read timeout the retry is sent while the first request still runs, else the first is hung up before."""

    @classmethod
    def factors(cls) -> dict[str, list[Any]]:
        """Every switch with all of its values, for covering arrays; the default is first."""
        values: dict[str, list[Any]] = {}
        for field in dataclasses.fields(cls):
            if field.name == "crashed_leg_ends_after_s":
                values[field.name] = [30.0, 0.0, None]
            else:
                values[field.name] = [field.default, not field.default]
        return values

    @classmethod
    def rows(cls) -> list[Assumptions]:
        """The default world, then every world that differs from it in one switch."""
        worlds: list[Assumptions] = [cls()]
        for name, values in cls.factors().items():
            worlds += [dataclasses.replace(worlds[0], **{name: value}) for value in values[1:]]
        return worlds
