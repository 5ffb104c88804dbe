"""Children that end with their parent, even when it was killed with -9 (Linux only; elsewhere only a parent that is dead already is noticed)."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with_parent(parent: int, number: signal.Signals = signal.SIGTERM) -> None:
    """Asks the kernel to send this process `number` when `parent` (its process id) dies. Raises SystemExit when it is dead already."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(number))
    if os.getppid() != parent:  # it died before the kernel was asked
        raise SystemExit(1)
