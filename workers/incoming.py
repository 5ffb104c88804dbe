"""Carries out what came for incoming hooks."""

from uuid import UUID

from db.incoming import deliveries
from db.jobs import RunIncoming
from workers.registration import Handler


async def run(company_id: UUID, job: RunIncoming) -> None:
    """One delivery, in one transaction."""
    await deliveries.run(company_id, job.delivery_id)


async def give_up(company_id: UUID, job: RunIncoming, reason: str) -> None:
    await deliveries.give_up(company_id, job.delivery_id)


JOBS = (Handler(RunIncoming, lambda _: run, give_up),)
