"""One turn of a lane: how long it lasts, how much it claims at once, and what it has learnt of the queues."""

import asyncio
import random
import time
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID

from db import valkey
from db.campaigns.gate import Stop
from db.channels.secrets import ChannelRow
from db.messages import due
from db.messages.ledger import Claimed
from db.settings import Settings
from db.work import Work
from workers.batch import Batch
from workers.outage import Breaker
from workers.turns import Turn

SECONDS = 2.0  # a lane works before it lets others have its slot
LANE_MS = 8_000  # how long a lane's place stays taken when its process died; two in one place would do no harm
FAST = 2000  # messages per second


class Slice(NamedTuple):
    """What was claimed at once: its permits are given, nothing of it has left."""

    channel: ChannelRow
    messages: list[Claimed]
    content: str | None
    full: bool  # somebody had to wait because the portfolio's day is full
    dear: Stop | None = None  # somebody had to wait because this limit of costs is reached
    waits: bool = False  # no place is free for a call


@dataclass(slots=True)
class Quantum:
    """`key` is the lane's place in Valkey."""

    turn: Turn
    key: str
    channel: ChannelRow
    breaker: Breaker
    in_flight: set[Batch]
    resting: bool  # the portfolio's day was full before
    until: float = field(default_factory=lambda: time.monotonic() + SECONDS)
    full: bool = False  # it is full now: somebody had to wait
    _spent: set[UUID] = field(default_factory=set)  # then: the queues without anybody who is in it already
    _waiting: set[UUID] = field(default_factory=set)  # queues for which no place was free
    _pick: int = field(default_factory=lambda: random.randrange(1000))

    @property
    def rate(self) -> float:
        return self.channel.rate

    async def next_queue(self, w: Work, channel: ChannelRow | None) -> tuple[UUID, UUID | None] | None:
        """A queue and its campaign: single messages first, then the campaigns in turn."""
        if channel is None or not channel.sendable:
            return None
        queues = await due.due_queues(w, self.turn.lane.company_id, channel.id)
        queues = [
            queue
            for queue in queues
            if queue[0] not in self._waiting and (queue[1] is None or (not self.resting and queue[0] not in self._spent))
        ]
        if not queues:
            return None
        return queues[0] if queues[0][1] is None else queues[self._pick % len(queues)]

    async def note(self, queue_id: UUID | None, slice_: Slice) -> None:
        """Goes on to the next queue, and keeps the lane."""
        self._pick += 1
        if slice_.waits and queue_id is not None:
            self._waiting.add(queue_id)
        elif self.full and not slice_.messages and queue_id is not None:
            self._spent.add(queue_id)
        elif not slice_.messages:
            await asyncio.sleep(0.05)  # other lanes hold what is left
        self.full = self.full or slice_.full
        await valkey.client().set(self.key, 1, px=LANE_MS)


def slice_size(settings: Settings, rate: float) -> tuple[int, int]:
    """How many to claim at once, and how many a lane may have claimed and not settled. At most a quarter of a second's worth,
    and never more than goes on the wire at once: what a dying worker holds becomes unknown. Only a number faster than any
    provider allows today (the benchmark's) claims ahead."""
    if rate > FAST:
        return settings.send_slice, 2 * settings.send_slice
    slots = settings.send_concurrency
    return min((slots + 1) // 2, max(1, int(rate / 4))), slots
