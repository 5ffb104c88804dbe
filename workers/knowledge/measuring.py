"""The job that measures a base: each of its questions is searched as a persona would, and where its source stood is kept."""

from collections.abc import Sequence
from uuid import UUID

import structlog

from db.ai.enums import Purpose
from db.ai.ledger import About
from db.jobs import MeasureBase
from db.knowledge import questions
from db.knowledge.questions import Question
from db.knowledge.search import embedders, portuguese, search
from db.permissions import Permission
from db.tenancy import worker
from db.work import read
from workers.knowledge.ask import named
from workers.knowledge.embedding import again
from workers.knowledge.expand import expanded
from workers.llm import ask
from workers.llm.outcomes import Outcome, failure_of
from workers.registration import Handler

log = structlog.get_logger("workers.knowledge")

AT_ONCE = 20  # kept together, so that somebody who looks on sees it move
_ABOUT = About(purpose=Purpose.EVAL)


async def measure(company_id: UUID, job: MeasureBase) -> None:
    """Begun again it measures anew. Without the vectors of the questions it ends: words alone would tell of an outage, not of the base. Raises
    Retry where that passes by itself."""
    wanted = await questions.to_measure(company_id, job.base_id, job.question_id)
    for start in range(0, len(wanted), AT_ONCE):
        places = await _places(company_id, job.base_id, wanted[start : start + AT_ONCE])
        if not isinstance(places, dict):
            log.info("knowledge.not_measured", base_id=str(job.base_id), why=failure_of(places))
            again(places)
            return
        await questions.measured(company_id, job.base_id, places)


async def _places(company_id: UUID, base_id: UUID, asked: Sequence[Question]) -> dict[UUID, int] | Outcome:
    """Where their sources stand; the outcome of the model where it makes no vectors."""
    async with read(worker(company_id), Permission.KNOWLEDGE_READ) as r:
        names, ours = await embedders(r, [base_id]), await portuguese(r, [base_id])
    vectors: dict[str, list[list[float]]] = {}
    for name in names:
        texts = [expanded(one.question, portuguese=ours) for one in asked]
        made = await ask.embed(company_id, _ABOUT, texts, kind="query", embedder=named(name))
        if not isinstance(made, list):
            return made
        vectors[name] = made
    places: dict[UUID, int] = {}
    for number, one in enumerate(asked):
        own = {name: made[number] for name, made in vectors.items()}
        async with read(worker(company_id), Permission.KNOWLEDGE_READ) as r:
            found = await search(r, [base_id], one.question, own, questions.LOOKED_AT)
        places[one.id] = next((place for place, each in enumerate(found, 1) if each.source_id == one.source_id), 0)
    return places


JOBS = (Handler(MeasureBase, lambda _: measure),)
