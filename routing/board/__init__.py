"""The board: who waits, who is free, who talks to whom. Every key is described in `routing/keys.md`.

One method is one Lua script: it checks the epoch, the deadline and the state it expects, changes it, sets the timers
and appends the events and effects, all at once (L3, P5). Methods raise `BoardAway` when Redis cannot be asked within
0.8 s (S1), its kind `BoardFault` when one move broke, `EpochChanged` when the data is another one than this process
knows (S2), and otherwise answer what is now true.
"""

from routing.board.board import Board
from routing.board.views import (
    Accepted,
    Answer,
    Asked,
    BoardAway,
    BoardFault,
    Callback,
    Caller,
    CallView,
    Effect,
    EpochChanged,
    Event,
    Interpreter,
    Member,
    OfferView,
    Profile,
    Seat,
    Span,
    SpecView,
    stream_order,
)

__all__ = [
    "Accepted",
    "Answer",
    "Asked",
    "Board",
    "BoardAway",
    "BoardFault",
    "CallView",
    "Callback",
    "Caller",
    "Effect",
    "EpochChanged",
    "Event",
    "Interpreter",
    "Member",
    "OfferView",
    "Profile",
    "Seat",
    "Span",
    "SpecView",
    "stream_order",
]
