"""How busy the processors of the machine were while tests ran, minute by minute: what waits, and what keeps one process busy at the end, shows."""

import time
from pathlib import Path

_STAT = Path("/proc/stat")
MINUTE = 60.0


class Busy:
    """Shares of the processors' time that somebody used, in per cent, one for each minute; none where the system does not tell."""

    def __init__(self) -> None:
        self.shares: list[int] = []
        self._since = time.monotonic()
        self._used, self._all = _ticks()

    def look(self, *, last: bool = False) -> None:
        """Notes the share where a minute is over, or what there is of the last one."""
        if not last and time.monotonic() - self._since < MINUTE:
            return
        used, everything = _ticks()
        if everything > self._all:
            self.shares.append(round(100 * (used - self._used) / (everything - self._all)))
        self._since, self._used, self._all = time.monotonic(), used, everything


def _ticks() -> tuple[int, int]:
    """Of all processors since the machine started: those used, and all."""
    if not _STAT.exists():
        return 0, 0
    user, nice, system, idle, waiting, *others = map(int, _STAT.read_text().split("\n", 1)[0].split()[1:9])
    everything = user + nice + system + idle + waiting + sum(others)
    return everything - idle - waiting, everything
