"""What a process is left with that looks at strangers' files: little memory, little time, nothing to write to, no environment."""

import os
import resource
import signal
from contextlib import suppress

from db.parent import die_with_parent

_NEEDED = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")  # by an interpreter that is not where it was built


def environment() -> dict[str, str]:
    """For the process: no address and no secret of ours."""
    return {"PYTHONUTF8": "1", **{name: os.environ[name] for name in _NEEDED if name in os.environ}}


def shut_in(parent: int, memory: int, seconds: int) -> None:
    """Takes from this process all that it does not need: `memory` in bytes of address space, `seconds` of processor time, and it ends
    with `parent`. macOS does not hold the bound on memory; the bounds on what is read stand everywhere."""
    die_with_parent(parent, signal.SIGKILL)
    os.nice(10)
    for kind, most, hard in (
        (resource.RLIMIT_AS, memory, memory),
        (resource.RLIMIT_CPU, seconds, seconds + 1),  # SIGXCPU says why, SIGKILL would not
        (resource.RLIMIT_FSIZE, 0, 0),
        (resource.RLIMIT_NOFILE, 64, 64),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        with suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, hard))
