"""A child ends with its parent, even when that was killed with -9."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

_CHILD = """
import os, time
from db.parent import die_with_parent
die_with_parent(os.getppid())
print("ready", flush=True)
time.sleep(60)
"""
_PARENT = f"""
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", {_CHILD!r}], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
child.wait()
"""


@pytest.mark.timeout(30)
def test_a_child_ends_with_its_parent() -> None:
    with subprocess.Popen([sys.executable, "-c", _PARENT], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        assert _alive(child)
        parent.send_signal(signal.SIGKILL)
        parent.wait()
        for _ in range(1200):
            if not _alive(child):
                return
            time.sleep(0.05)
    raise AssertionError("the child lives on")


def test_a_child_whose_parent_died_before_it_asked_ends_too() -> None:
    code = "from db.parent import die_with_parent; die_with_parent(999999999); print('lives on')"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=30, check=False)
    assert (ended.returncode, ended.stdout) == (1, b"")


def _alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
