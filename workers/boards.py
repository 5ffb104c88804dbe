"""What changes many leads of a board, a batch at a time: the values of a field that was deleted, the leads of a stage that is leaving."""

from uuid import UUID

from db.boards import fields, stage_removal
from db.jobs import RemoveLeadField, RemoveStage
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


async def remove_stage(company_id: UUID, job: RemoveStage) -> None:
    """The same for a stage."""
    await in_shifts(lambda: stage_removal.step(company_id, job.stage_id))


async def give_up_stage(company_id: UUID, job: RemoveStage, reason: str) -> None:
    await stage_removal.give_up(company_id, job.stage_id)


JOBS = (
    Handler(RemoveLeadField, lambda _: remove_field),
    Handler(RemoveStage, lambda _: remove_stage, give_up_stage),
)
