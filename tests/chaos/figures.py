"""What a fault test measured: one JSON line each, printed, and kept in a file where the environment names one."""

from __future__ import annotations

import json
import os
from pathlib import Path

#: Environment variable with the file to which figures are appended (`tests/long/chaos.py` sets it).
FILE = "CHAOS_FIGURES"


def note(scenario: str, **seconds: float | None) -> None:
    """Write down what was measured, in seconds."""
    rounded = {name: None if value is None else round(value, 2) for name, value in seconds.items()}
    line = json.dumps({"scenario": scenario, **rounded})
    print(line)
    if path := os.environ.get(FILE):
        with Path(path).open("a") as file:
            file.write(line + "\n")
