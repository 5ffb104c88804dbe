"""Answers that many ask for at the same moment are made once: everybody of a company who looks at the same figures gets the same answer,
which is at most a second old and says its moment. So what the database does for a page of figures does not grow with those who look.

Who may ask is decided before: what is shared is the same for all of them.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, NamedTuple, TypeVar, cast

T = TypeVar("T")
SECONDS = 1.0
MOST = 512
"""So many answers are kept at most; more are made each for itself."""


class _Made(NamedTuple):
    began: float
    task: "asyncio.Task[Any]"

    @property
    def fresh(self) -> bool:
        return time.monotonic() - self.began < SECONDS and not (
            self.task.done() and (self.task.cancelled() or self.task.exception())
        )


_made: dict[Hashable, _Made] = {}


async def together(key: Hashable, make: Callable[[], Awaitable[T]]) -> T:
    """What `make` gives, of whoever asked first within the second. Raises what it raises."""
    found = _made.get(key)
    if found is None or not found.fresh:
        for old in [one for one, made in _made.items() if not made.fresh and made.task.done()]:
            del _made[old]
        if len(_made) >= MOST:
            return await make()
        found = _made[key] = _Made(time.monotonic(), asyncio.ensure_future(_run(make)))
    return cast("T", await asyncio.shield(found.task))


async def _run(make: Callable[[], Awaitable[T]]) -> T:
    return await make()
