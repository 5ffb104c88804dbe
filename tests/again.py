"""A second try for tests that drive browsers or end programs on a busy machine: alone, and said aloud. Two at the most; any other failure stays one.

`python -m tests.again FILE`: the file that `tests/conftest.py` writes under TEST_FAILED, one test a line. Ends with 0 where all passed now.
"""

import os
import subprocess
import sys
from pathlib import Path

BUSY = ("tests/e2e/", "tests/faults/")
MOST = 2


def worth_it(failed: list[str]) -> bool:
    """Whether all that failed may be one moment of a machine that has too much to do."""
    return 0 < len(failed) <= MOST and all(test.startswith(BUSY) for test in failed)


def main(failed: list[str]) -> int:
    if not worth_it(failed):
        return 1
    print("Once more, alone: " + ", ".join(failed), flush=True)
    code = subprocess.run([sys.executable, "-m", "pytest", "-n", "0", *failed], env=os.environ | {"TEST_FAILED": ""}).returncode
    if code == 0:
        print("Passed at the second try only. Something there depends on time and wants mending: " + ", ".join(failed))
    return code


if __name__ == "__main__":
    listed = Path(sys.argv[1])
    sys.exit(main(listed.read_text().split() if listed.exists() else []))
