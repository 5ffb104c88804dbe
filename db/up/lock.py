"""One run per data folder: `DATA_DIR/lock` is locked by the kernel for as long as the supervisor lives.

A dead run leaves the file but not the lock, so a stale one is recognised without guessing at process numbers. What that run
left alive (only possible after `kill -9`) carries its mark in the environment and is ended before a new one starts.
"""

import fcntl
import json
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

MARK = "MASTERIA_RUN"


class Running(Exception):
    """Another supervisor holds this data folder. The text is a sentence for the person."""


class Lock:
    """Held from construction until `release`; `stale` tells about the run that ended without releasing, if one did."""

    def __init__(self, folder: Path, address: str) -> None:
        """Raises Running."""
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "lock"
        self._file = open(self._path, "a+", encoding="utf-8")  # noqa: SIM115
        previous = _read(self._path)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise Running(_sentence(folder, previous)) from None
        self.run = uuid4().hex
        self.stale = previous
        self.left = _end_leftovers(str(previous["run"])) if previous and previous.get("run") else 0
        self._write({"pid": os.getpid(), "run": self.run, "address": address, "since": time.strftime("%Y-%m-%d %H:%M:%S")})

    def _write(self, content: dict[str, Any]) -> None:
        self._file.seek(0)
        self._file.truncate()
        json.dump(content, self._file)
        self._file.flush()

    def release(self) -> None:
        """The file goes while it is still locked, so nobody can mistake it for a crash."""
        with suppress(OSError):
            self._path.unlink()
        self._file.close()


def _read(path: Path) -> dict[str, Any]:
    """What the last holder wrote; something that says "unreadable" for any other content; empty when there was nothing."""
    text = path.read_text(encoding="utf-8", errors="replace").strip()
    if not text:
        return {}
    try:
        content = json.loads(text)
    except ValueError:
        content = None
    return content if isinstance(content, dict) else {"pid": text[:20]}


def _sentence(folder: Path, holder: dict[str, Any]) -> str:
    pid, address, since = (holder.get(name, "?") for name in ("pid", "address", "since"))
    return (
        f"Master IA already runs on the data in {folder}: process {pid}, since {since}, at {address}. "
        f"Stop it there with Ctrl-C, or with: kill {pid}"
    )


def _end_leftovers(run: str) -> int:
    """Ends programs of a run whose supervisor was killed; returns how many there were. Servers get time to write their files."""
    marked = _marked(run)
    for pid in marked:
        with suppress(OSError):
            os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + 10
    while _marked(run) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in _marked(run):
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)
    return len(marked)


def _marked(run: str) -> list[int]:
    """Living processes of ours that carry the mark. Only Linux tells; elsewhere their ports will."""
    mark = f"{MARK}={run}".encode()
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if mark in (entry / "environ").read_bytes().split(b"\0") and int(entry.name) != os.getpid():
                found.append(int(entry.name))
    return found
