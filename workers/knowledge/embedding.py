"""The jobs that turn passages and tried questions into vectors. Killed at any moment they go on where vectors lack."""

import time
from datetime import timedelta
from uuid import UUID

import msgspec
import structlog

from db.ai.enums import EmbedderKind, Purpose
from db.ai.errors import CallFailure
from db.ai.ledger import About
from db.clock import now
from db.event_consumers import Batch
from db.jobs import EmbedBase, EmbedQuestion
from db.knowledge import asking, bases, readings, vectors
from db.work import Work, take_tick
from workers.knowledge.ask import name_of, question_vectors
from workers.llm import ask
from workers.llm.embeddings import Embedder
from workers.llm.outcomes import (
    Malformed,
    Outcome,
    RateLimited,
    TimedOut,
    Unreachable,
    failure_of,
)
from workers.registration import Handler, Loop
from workers.runtime import Retry, Snooze

log = structlog.get_logger("workers.knowledge")

SHIFT = 300.0  # seconds; then the job gives way and goes on as a new run
AT_ONCE, AT_ONCE_HERE = 64, 8  # texts of one call; a local model takes half a second for each
LOOKED_AT = 256
"""Passages among which the same text is asked for once."""
_ABOUT = About(purpose=Purpose.EMBED)
_AGAIN = (RateLimited, Unreachable, TimedOut, Malformed)
"""What passes by itself."""


async def embed_base(company_id: UUID, job: EmbedBase) -> None:
    """Raises Retry while the service does not answer; what does not pass by itself stands with the base until the connection changes."""
    began, base_id = time.monotonic(), job.base_id
    chosen = await _chosen(company_id, base_id)
    if chosen is None:
        return
    name = name_of(chosen)
    if not await vectors.wanted(company_id, base_id, name):
        return
    at_once = AT_ONCE_HERE if chosen.provider == EmbedderKind.LOCAL else AT_ONCE
    while lacking := await vectors.lacking(company_id, base_id, name, LOOKED_AT):
        if not await vectors.take_over(company_id, base_id, name, [each.id for each in lacking]):
            texts = list(dict.fromkeys(each.text for each in lacking))[:at_once]
            made = await ask.embed(company_id, _ABOUT, texts, kind="passage", embedder=chosen)
            if not isinstance(made, list):
                await _stopped(company_id, base_id, made)
                return
            found = dict(zip(texts, made, strict=True))
            await vectors.keep(company_id, base_id, name, [(one.id, found[one.text]) for one in lacking if one.text in found])
        if time.monotonic() - began > SHIFT:
            raise Snooze(now() + timedelta(seconds=1))
    await vectors.finish(company_id, base_id, name)
    while await vectors.index_step(company_id, base_id):
        if time.monotonic() - began > SHIFT:
            raise Snooze(now() + timedelta(seconds=1))


async def _chosen(company_id: UUID, base_id: UUID) -> Embedder | None:
    """The company's embedder with the length of its vectors; None: there is none now, which the base says."""
    chosen = await ask.embedder_of(company_id)
    made = await ask.embed(company_id, _ABOUT, [] if chosen and chosen.dims else ["ok"], kind="query", embedder=chosen)
    if not isinstance(made, list):
        await _stopped(company_id, base_id, made)
        return None
    if chosen is None:
        return None
    return chosen if chosen.dims else msgspec.structs.replace(chosen, dims=len(made[0]))


async def _stopped(company_id: UUID, base_id: UUID, outcome: Outcome) -> None:
    failure = failure_of(outcome) or CallFailure.MALFORMED
    await vectors.problem(company_id, base_id, failure)
    again(outcome)


def again(outcome: Outcome) -> None:
    """Raises Retry for what passes by itself."""
    if isinstance(outcome, _AGAIN):
        after = outcome.retry_after if isinstance(outcome, RateLimited) else None
        raise Retry(after, f"vectors: {failure_of(outcome)}")


async def embed_question(company_id: UUID, job: EmbedQuestion) -> None:
    """Hands over what it has; nobody waits longer than a few seconds."""
    asked = await asking.asked(job.question_id)
    if asked is not None:
        await asking.answer(
            job.question_id,
            await question_vectors(company_id, _ABOUT, asked.question, asked.embedders, portuguese=asked.portuguese),
        )


async def connection_changed(w: Work, subject: str, batch: Batch) -> None:
    """Another service or model, or one that answers again: every base looks for what it lacks."""
    for base_id in await bases.all_of(w):
        w.enqueue(EmbedBase(base_id=base_id))


async def every_minute() -> None:
    """Reads again what is due; every ten minutes what lacks vectors is tried again."""
    moment = now().replace(second=0, microsecond=0)
    if not await take_tick("knowledge", moment):
        return
    await readings.queue_due(now())
    if moment.minute % 10 == 0:
        await vectors.queue_unfinished()


JOBS = (Handler(EmbedBase, lambda _: embed_base), Handler(EmbedQuestion, lambda _: embed_question))
LOOPS = (Loop("knowledge", 20.0, every_minute),)
