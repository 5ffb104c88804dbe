"""Bulk actions over contacts, a batch at a time."""

from uuid import UUID

from db.contacts import bulk
from db.jobs import BulkContacts
from workers.registration import Handler


async def run_bulk(company_id: UUID, job: BulkContacts) -> None:
    """Goes on from wherever the action stands; harmless when it is done."""
    while await bulk.step(company_id, job.bulk_id):
        pass


JOBS = (Handler(BulkContacts, lambda _: run_bulk),)
