"""Runs consumers of durable events: one batch, one transaction, until there is nothing left."""

from collections.abc import Awaitable, Callable, Mapping
from uuid import UUID

from db.analytics import conversions
from db.cadences import stops
from db.event_consumers import Batch, move_noticed, take
from db.jobs import ReadEvents
from db.knowledge import bases
from db.kommo import connection
from db.permissions import Permission
from db.tenancy import worker
from db.webhooks import endpoints
from db.work import Work, work
from workers import webhooks
from workers.knowledge import embedding
from workers.kommo import job as kommo
from workers.registration import Handler, Loop
from workers.runtime import Cancel

Reader = Callable[[Work, str, Batch], Awaitable[None]]
"""Carries out what a batch leads to, inside the unit of work that counts it as read: it writes rows and enqueues jobs, and tells
nobody outside itself. Gets the subject of its consumer's name."""


class ConsumerJobs:
    """The readers of this process, by kind of consumer."""

    def __init__(self, readers: Mapping[str, Reader]) -> None:
        self._readers = readers

    async def read_events(self, company_id: UUID, job: ReadEvents) -> None:
        """Raises Cancel for a kind that nobody reads."""
        kind, _, subject = job.consumer.partition(":")
        reader = self._readers.get(kind)
        if reader is None:
            raise Cancel(f"nobody reads for {kind!r}")
        more = True
        while more:
            async with work(worker(company_id), Permission.EVENTS_READ) as w:
                batch = await take(w, job.consumer)
                if batch.events or batch.missed:
                    await reader(w, subject, batch)
                more = batch.more


READERS: Mapping[str, Reader] = {
    bases.CONSUMER: embedding.connection_changed,
    stops.CONSUMER: stops.heard,
    endpoints.CONSUMER: webhooks.read_events,
    conversions.CONSUMER: conversions.heard,
    connection.CONSUMER: kommo.read_events,
}

JOBS = (Handler(ReadEvents, lambda _: ConsumerJobs(READERS).read_events),)

LOOPS = (Loop("noticed", 0.5, move_noticed),)
