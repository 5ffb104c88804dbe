"""What changes many leads of a board, a batch at a time: the values of a field that was deleted."""

from uuid import UUID

from db.boards import fields
from db.jobs import RemoveLeadField
from workers.registration import Handler
from workers.shifts import in_shifts


async def remove_field(company_id: UUID, job: RemoveLeadField) -> None:
    """Goes on from wherever it stands; harmless when it is done."""
    last: UUID | None = None

    async def step() -> bool:
        nonlocal last
        last = await fields.remove_values(company_id, job.field_id, last)
        return last is not None

    await in_shifts(step)


JOBS = (Handler(RemoveLeadField, lambda _: remove_field),)
