"""The job that measures a base: each of its questions is searched as a persona would, and where its source stood is kept."""

from uuid import UUID

from db.ai.enums import Purpose
from db.ai.ledger import About
from db.jobs import MeasureBase
from db.knowledge import questions
from workers.knowledge.ask import find
from workers.registration import Handler

AT_ONCE = 20  # kept together, so that somebody who looks on sees it move
_ABOUT = About(purpose=Purpose.EVAL)


async def measure(company_id: UUID, job: MeasureBase) -> None:
    """Begun again it measures anew."""
    wanted = await questions.to_measure(company_id, job.base_id)
    for start in range(0, len(wanted), AT_ONCE):
        places: dict[UUID, int] = {}
        for one in wanted[start : start + AT_ONCE]:
            found = await find(company_id, _ABOUT, [job.base_id], one.question, limit=questions.LOOKED_AT)
            places[one.id] = next((place for place, each in enumerate(found, 1) if each.source_id == one.source_id), 0)
        await questions.measured(company_id, job.base_id, places)


JOBS = (Handler(MeasureBase, lambda _: measure),)
