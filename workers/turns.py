"""Whose lane works next: turns by company, not by number. A company with forty numbers must not keep one with a single number
waiting, so the free slot goes to the company with the fewest at work (db/shares.py), and the one with the most gives a slot up
when it has more than its share.

Nothing here is lost with the process: every lane with something due is added again by the poller.
"""

import asyncio
import contextlib
from collections import Counter, deque
from collections.abc import Awaitable, Callable
from typing import NamedTuple
from uuid import UUID

from db.shares import Shares


class Lane(NamedTuple):
    """One place at one channel (workers/sending.py)."""

    company_id: UUID
    channel_id: UUID
    number: int


class Turn:
    """One lane at work. It should end soon once `over`."""

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self._over = asyncio.Event()

    @property
    def over(self) -> bool:
        return self._over.is_set()

    def end(self) -> None:
        self._over.set()

    async def sleep(self, seconds: float) -> None:
        """So long, or until the turn is over."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), seconds)


class Turns:
    """At most `slots` lanes of this process at work. Each is `run` until it returns; `again` is told of those that have more to
    do, once their slot is free."""

    def __init__(self, slots: int, run: Callable[[Turn], Awaitable[bool]], again: Callable[[Lane], Awaitable[None]]) -> None:
        self._slots = slots
        self._run = run
        self._again = again
        self._waiting: dict[UUID, deque[Lane]] = {}
        self._shares = Shares(slots)
        self._working: dict[Lane, Turn] = {}  # the longest at work first
        self._known: set[Lane] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    def __contains__(self, lane: Lane) -> bool:
        return lane in self._known

    def add(self, lane: Lane) -> None:
        """Lets it work when its turn comes. Once is enough: nothing happens if it waits or works already."""
        if lane not in self._known:
            self._known.add(lane)
            self._waiting.setdefault(lane.company_id, deque()).append(lane)
            self._fill()

    def _fill(self) -> None:
        while len(self._working) < self._slots:
            ready = [company_id for company_id in self._waiting if not self._shares.full(company_id)]
            if not ready:
                break
            company_id = self._shares.in_order(ready)[0]
            self._shares.take(company_id)
            lanes = self._waiting[company_id]
            turn = Turn(lanes.popleft())
            self._working[turn.lane] = turn
            if not lanes:
                del self._waiting[company_id]
            task = asyncio.create_task(self._work(turn))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._share()

    def _share(self) -> None:
        """Ends turns of companies with more than their share, one for each lane that waits with less."""
        counts = Counter(turn.lane.company_id for turn in self._working.values() if not turn.over)
        waiting = {company_id: len(lanes) for company_id, lanes in self._waiting.items()}
        free = self._slots - counts.total()
        while waiting:
            poor = min(waiting, key=lambda company: counts[company])
            if free:
                free -= 1  # a turn that was ended already
            else:
                rich = max(counts, key=lambda company: counts[company])
                if counts[rich] < counts[poor] + 2:
                    return
                next(t for t in self._working.values() if t.lane.company_id == rich and not t.over).end()
                counts[rich] -= 1
            counts[poor] += 1
            waiting[poor] -= 1
            if not waiting[poor]:
                del waiting[poor]

    async def _work(self, turn: Turn) -> None:
        more = False
        try:
            more = await self._run(turn)
        finally:
            del self._working[turn.lane]
            self._shares.give(turn.lane.company_id)
            self._known.discard(turn.lane)
            self._fill()
        if more:
            await self._again(turn.lane)
