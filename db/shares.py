"""Places that companies share: connections, slots for jobs, lanes. Whoever asks for much keeps nobody else waiting."""

import asyncio
import itertools
from collections import Counter, deque
from collections.abc import Iterable
from uuid import UUID

REMEMBERED = 500  # companies whose last place is known; the others count as never served


class Shares:
    """Who is next: the company with the fewest places, among equals the one that was served longest ago. A company never holds the
    last of several `places`, so that one is free for another at once, however long the first keeps its own."""

    def __init__(self, places: int) -> None:
        self.places = places
        self.held: Counter[UUID] = Counter()
        self._served: dict[UUID, int] = {}
        self._clock = itertools.count(1)

    def full(self, company_id: UUID) -> bool:
        """It has to give a place back before it gets another."""
        return self.held[company_id] >= max(1, self.places - 1)

    def in_order(self, companies: Iterable[UUID]) -> list[UUID]:
        """Next first."""
        return sorted(companies, key=lambda company_id: (self.held[company_id], self._served.get(company_id, 0)))

    def known(self) -> list[UUID]:
        """Those that were served lately, next first. Everybody else comes before them."""
        return self.in_order(self._served)

    def take(self, company_id: UUID) -> None:
        self.held[company_id] += 1
        self._served.pop(company_id, None)
        self._served[company_id] = next(self._clock)
        if len(self._served) > REMEMBERED:
            del self._served[next(iter(self._served))]

    def give(self, company_id: UUID) -> None:
        self.held[company_id] -= 1
        if not self.held[company_id]:
            del self.held[company_id]


class Gate:
    """Lets as many in as there are places."""

    def __init__(self, places: int) -> None:
        self._shares = Shares(places)
        self._waiting: dict[UUID, deque[asyncio.Future[None]]] = {}

    async def enter(self, company_id: UUID) -> None:
        """Returns when it is this company's turn. `leave` gives the place back."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(company_id, deque()).append(turn)
        self._fill()
        try:
            await turn
        except asyncio.CancelledError:
            if not turn.cancelled():
                self.leave(company_id)
            raise

    def leave(self, company_id: UUID) -> None:
        self._shares.give(company_id)
        self._fill()

    def _fill(self) -> None:
        while self._shares.held.total() < self._shares.places:
            ready = [company_id for company_id in self._waiting if not self._shares.full(company_id)]
            if not ready:
                return
            company_id = self._shares.in_order(ready)[0]
            turns = self._waiting[company_id]
            turn = turns.popleft()
            if not turns:
                del self._waiting[company_id]
            if not turn.cancelled():  # who gave up waiting is left in the line until here
                self._shares.take(company_id)
                turn.set_result(None)
