"""The plain Node way to do what is measured: `baseline/`, its packages, and how its programs are run."""

import asyncio
import shutil
import subprocess
from pathlib import Path

BASELINE = Path(__file__).parent / "baseline"
CONCURRENCY = 100  # the baseline's best on two cores (50 and 200 were slower)


async def node(script: str, *args: str) -> bytes:
    """What a program of the baseline prints."""
    process = await asyncio.create_subprocess_exec("node", str(baseline_folder() / script), *args, stdout=subprocess.PIPE)
    out, _ = await process.communicate()
    if process.returncode:
        raise SystemExit(f"The baseline failed: {script}")
    return out


def baseline_folder() -> Path:
    """The baseline with its packages, which npm fetches once."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        raise SystemExit("The baseline needs Node 20 or newer with npm. Leave it out with --no-baseline.")
    if not (BASELINE / "node_modules").exists():
        print("Fetching the baseline's packages with npm …", flush=True)
        subprocess.run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock"], cwd=BASELINE, check=True)
    return BASELINE
