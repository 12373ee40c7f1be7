"""Carrier, board and record compared and healed (R1 to R3): about every ten seconds, and at once after an epoch change.

Lists lag, so what a list says is acted on alone only for our own people's legs and empty rooms (R2), and only when it
has said so for some seconds. A caller's leg is called over only after one `fetch` of it. What is supplied without its
callback is told with the earliest and the latest moment at which it can have happened.
"""

from app.reconciler.loop import learn_epochs, run
from app.reconciler.memory import Memory
from app.reconciler.passes import one_pass

__all__ = ["Memory", "learn_epochs", "one_pass", "run"]
