"""What the person sees and what is kept: warnings of the programs go to the terminal, everything goes to rotated files."""

import json
import os
import re
import sys
import time
from collections import deque
from pathlib import Path
from typing import Any

_COLOURS = {"db": 36, "api": 34, "workers": 35, "ui": 32, "sandbox": 33}
_LOUD = {"warning", "error", "critical", "exception", "fatal"}
_QUIET_KEYS = {"level", "event", "timestamp", "logger", "exception", "name"}
_PLAIN = re.compile(r"\b(WARNING|ERROR|CRITICAL)\b|^[\w.]*(Error|Exception)\b")
_ROTATE_AT = 10_000_000
_KEEP = 4
_QUIET_SECONDS = 20
_MOST_OF_A_KIND = 2


def _colour(code: int, text: str) -> str:
    return f"\x1b[{code}m{text}\x1b[0m" if sys.stdout.isatty() and "NO_COLOR" not in os.environ else text


def say(text: str = "") -> None:
    """One line of the supervisor itself."""
    try:
        sys.stdout.write(text + "\n")
        sys.stdout.flush()
    except (OSError, ValueError):  # the terminal is gone; the programs are not
        pass


def bold(text: str) -> str:
    return _colour(1, text)


def dim(text: str) -> str:
    return _colour(2, text)


class Output:
    """The lines of one program. `tail` holds the last ones, to be shown when it dies; `events` the names of what it logged."""

    def __init__(self, name: str, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        self._name = name
        self.path = folder / f"{name}.log"
        self._file = self.path.open("ab")
        self.tail: deque[str] = deque(maxlen=12)
        self.events: set[str] = set()
        self._shown: dict[str, tuple[float, int]] = {}

    def feed(self, raw: bytes) -> None:
        """One line, with its newline."""
        self._file.write(raw)
        self._file.flush()
        if self._file.tell() > _ROTATE_AT:
            self._rotate()
        line = raw.decode("utf-8", "replace").rstrip()
        if not line:
            return
        entry = _entry(line)
        if entry is None:
            self.tail.append(line)
            if _PLAIN.search(line) and self._may_show(line[:40]):
                self._show(line)
        else:
            self.tail.append(_sentence(entry))
            if len(self.events) < 1000:
                self.events.add(str(entry.get("event", "")))
            if str(entry.get("level", "")).lower() in _LOUD and self._may_show(str(entry.get("event", ""))):
                self._show(_sentence(entry))

    def _may_show(self, kind: str) -> bool:
        """A few of each kind: a lost server makes every part of a program say so. The log has them all."""
        began, count = self._shown.get(kind, (0.0, 0))
        if time.monotonic() - began > _QUIET_SECONDS:
            began, count = time.monotonic(), 0
        if len(self._shown) > 500:
            self._shown.clear()
        self._shown[kind] = (began, count + 1)
        return count < _MOST_OF_A_KIND

    def _show(self, text: str) -> None:
        text = text.replace("http://", "")  # the first address a person sees must be the one to open
        say(f"{_colour(_COLOURS.get(self._name, 37), self._name.rjust(7))} │ {text[:500]}")

    def show_tail(self) -> None:
        for line in self.tail:
            self._show(dim(line))

    def _rotate(self) -> None:
        self._file.close()
        for number in range(_KEEP - 1, 0, -1):
            older = self.path.with_suffix(f".log.{number}")
            if older.exists():
                older.replace(self.path.with_suffix(f".log.{number + 1}"))
        self.path.replace(self.path.with_suffix(".log.1"))
        self._file = self.path.open("ab")

    def close(self) -> None:
        self._file.close()


def _entry(line: str) -> dict[str, Any] | None:
    if not line.startswith("{"):
        return None
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _sentence(entry: dict[str, Any]) -> str:
    """`event key=value`, and the last line of a traceback."""
    text = str(entry.get("event", "")).partition("\n")[0]
    rest = " ".join(f"{key}={value}" for key, value in entry.items() if key not in _QUIET_KEYS)
    error = str(entry.get("exception", "")).strip().rpartition("\n")[2]
    return " ".join(part for part in (text, rest, error) if part)
