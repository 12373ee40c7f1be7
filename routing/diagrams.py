"""The README's state diagrams, drawn from the tables in `states` (`python -m routing.diagrams` prints them)."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from routing import states

State = TypeVar("State", bound=StrEnum)


def mermaid(table: Mapping[State, frozenset[State]], start: State) -> str:
    """One table as a mermaid `stateDiagram-v2`, in the order of the enum; states without successors end."""
    lines = ["stateDiagram-v2", f"    [*] --> {start}"]
    order = list(type(start))
    for state in order:
        lines += [f"    {state} --> {after}" for after in order if after in table[state]]
        if not table[state]:
            lines.append(f"    {state} --> [*]")
    return "\n".join(lines)


def diagrams() -> Mapping[str, str]:
    """Every diagram by its title in the README."""
    return {
        "Call": mermaid(states.CALL, states.Call.greeting),
        "Offer": mermaid(states.OFFER, states.Offer.offered),
        "Engagement": mermaid(states.ENGAGEMENT, states.Engagement.connecting),
        "Specialist's duty": mermaid(states.DUTY, states.Duty.idle),
    }


if __name__ == "__main__":
    for title, diagram in diagrams().items():
        print(f"### {title}\n\n```mermaid\n{diagram}\n```\n")
