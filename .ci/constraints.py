"""Write the resolved set of packages from uv.lock into pyproject.toml (names and versions only).

uv.lock names where packages came from and is not committed; the constraints make every machine resolve the same set.
Run after a change of dependencies: `uv lock --upgrade && python .ci/constraints.py`.
"""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
PROJECT = ROOT / "pyproject.toml"
BLOCK = re.compile(r"\nconstraint-dependencies = \[\n.*?\n\]\n", re.DOTALL)

locked = tomllib.loads((ROOT / "uv.lock").read_text())["package"]


def pin(package: dict) -> str:
    """One package; where Pythons get different versions of it, with the markers that choose."""
    where = " or ".join(f"({marker})" for marker in package.get("resolution-markers", ()))
    return f"{package['name']}=={package['version']}" + (f" ; {where}" if where else "")


pinned = sorted({pin(p) for p in locked if "registry" in p["source"]})
lines = "".join(f'  "{one}",\n' for one in pinned)
block = f"\nconstraint-dependencies = [\n{lines}]\n"
PROJECT.write_text(BLOCK.sub(lambda _: block, PROJECT.read_text(), count=1))
print(f"{len(pinned)} packages pinned")
