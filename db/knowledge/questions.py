"""Questions that a base is measured with: each names the source that must be found. How far up it stood is measured by a worker, on
demand and whenever something else may be found: once the passages that came have their vectors, or cannot get them."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from db import storable, versions
from db.errors import RequestError
from db.jobs import MeasureBase
from db.knowledge.bases import lock, must_exist
from db.knowledge.errors import KnowledgeError, KnowledgeField
from db.knowledge.events import KnowledgeQuestionsChanged
from db.permissions import Permission
from db.tenancy import Actor, worker
from db.versions import Expected
from db.work import Work, read, work

MOST = 200  # of one base
LONGEST = 500  # characters
LOOKED_AT = 20
"""Passages among which the source is looked for."""


class Question(NamedTuple):
    """`place`: of the best passage of its source, from 1; 0: not among the first LOOKED_AT; None: not measured. `place_before`: the place
    that it had before it came to this one; None: it had no other. `source_id` None: it was deleted since."""

    id: UUID
    base_id: UUID
    question: str
    source_id: UUID | None
    source_title: str | None
    place: int | None
    place_before: int | None
    measured_at: datetime | None
    version: int
    created_at: datetime


_SELECT = """
select q.id, q.base_id, q.question, q.source_id, s.title as source_title, q.place, q.place_before, q.measured_at, q.version, q.created_at
from knowledge_question q left join knowledge_source s on s.company_id = q.company_id and s.id = q.source_id where q.company_id = $1
"""


async def questions(actor: Actor, base_id: UUID) -> list[Question]:
    """Oldest first. Raises NotFound."""
    async with read(actor, Permission.KNOWLEDGE_READ) as r:
        await must_exist(r, actor.company_id, base_id)
        rows = await r.fetch(f"{_SELECT} and q.base_id = $2 order by q.id", actor.company_id, base_id)
        return [Question(**row) for row in rows]


async def add(actor: Actor, base_id: UUID, question: str, source_id: UUID) -> Question:
    """It is measured at once, without the others. Raises NotFound, Invalid, Conflict `too_many_test_questions`."""
    asked = " ".join(storable.text(question, LONGEST).split())
    async with work(actor, Permission.KNOWLEDGE_WRITE) as w:
        await lock(w, base_id)
        if not await w.fetchval(
            "select true from knowledge_source where company_id = $1 and base_id = $2 and id = $3",
            w.company_id,
            base_id,
            source_id,
        ):
            raise RequestError.INVALID(fields=[KnowledgeField.NO_SUCH_SOURCE("source_id")])
        count = await w.fetchval(
            "select count(*) from knowledge_question where company_id = $1 and base_id = $2", w.company_id, base_id
        )
        if count >= MOST:
            raise KnowledgeError.TOO_MANY_QUESTIONS(most=MOST)
        question_id = await w.fetchval(
            "insert into knowledge_question(company_id, base_id, question, source_id) values ($1, $2, $3, $4) returning id",
            w.company_id,
            base_id,
            asked,
            source_id,
        )
        w.audit("knowledge_question.created", question_id)
        w.enqueue(MeasureBase(base_id=base_id, question_id=question_id))
        w.emit(KnowledgeQuestionsChanged(base_id=base_id))
        return Question(**await _locked(w, question_id))


async def delete(actor: Actor, question_id: UUID, expected: Expected = None) -> None:
    """Raises NotFound, PreconditionFailed."""
    async with work(actor, Permission.KNOWLEDGE_WRITE) as w:
        before = await _locked(w, question_id)
        versions.check(before["version"], expected)
        await w.execute("delete from knowledge_question where company_id = $1 and id = $2", w.company_id, question_id)
        w.audit("knowledge_question.deleted", question_id)
        w.emit(KnowledgeQuestionsChanged(base_id=before["base_id"]))


async def measure(actor: Actor, base_id: UUID) -> None:
    """Has all of them measured. Raises NotFound."""
    async with work(actor, Permission.KNOWLEDGE_WRITE) as w:
        await lock(w, base_id)
        w.enqueue(MeasureBase(base_id=base_id))


async def to_measure(company_id: UUID, base_id: UUID, question_id: UUID | None) -> list[Question]:
    """For the worker: those whose source is there, or this one of them."""
    wanted = "q.base_id = $2 and ($3::uuid is null or q.id = $3) and q.source_id is not null"
    async with read(worker(company_id), Permission.KNOWLEDGE_READ) as r:
        rows = await r.fetch(f"{_SELECT} and {wanted} order by q.id", company_id, base_id, question_id)
    return [Question(**row) for row in rows]


async def measured(company_id: UUID, base_id: UUID, places: Mapping[UUID, int]) -> None:
    """Where the sources of these questions stood. Without effect on those that are gone."""
    async with work(worker(company_id), Permission.KNOWLEDGE_WRITE) as w:
        await w.execute(
            "update knowledge_question q set place = x.place, measured_at = now(),"
            " place_before = case when q.place is distinct from x.place then q.place else q.place_before end"
            " from unnest($3::uuid[], $4::int[]) x(id, place) where q.company_id = $1 and q.base_id = $2 and q.id = x.id",
            company_id,
            base_id,
            list(places),
            list(places.values()),
        )
        w.emit(KnowledgeQuestionsChanged(base_id=base_id))


async def measure_anew(w: Work, base_id: UUID) -> None:
    """Something else may be found in the base now. Nothing is asked where there is no question."""
    if await w.fetchval(
        "select true from knowledge_question where company_id = $1 and base_id = $2 and source_id is not null limit 1",
        w.company_id,
        base_id,
    ):
        w.enqueue(MeasureBase(base_id=base_id))


async def _locked(w: Work, question_id: UUID) -> asyncpg.Record:
    row = await w.fetchrow(f"{_SELECT} and q.id = $2 for update of q", w.company_id, question_id)
    if row is None:
        raise RequestError.NOT_FOUND(what="knowledge_question")
    return row
