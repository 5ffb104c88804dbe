"""Tries a question: the API has a worker make its vectors and waits for them a moment; without them the words decide alone.

The question passes through Valkey for a minute, because nothing of it is to be kept. Refuses to wait where no base has vectors.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID, uuid4

import msgspec

from db import valkey
from db.jobs import EmbedQuestion
from db.knowledge.bases import must_exist
from db.knowledge.search import Passage, portuguese, search
from db.permissions import Permission
from db.tenancy import Actor
from db.work import read, work

PATIENCE = 6.0  # seconds
_KEPT = 60


class Asked(msgspec.Struct, frozen=True):
    """What a worker is to embed, by each of these embedders. `portuguese`: how people type is written out in that language."""

    question: str
    embedders: list[str]
    portuguese: bool


_vectors = msgspec.json.Decoder(dict[str, list[float]])


async def try_question(actor: Actor, base_id: UUID, question: str, limit: int) -> tuple[list[Passage], bool]:
    """The best passages, and whether meaning was compared too. Raises NotFound."""
    async with read(actor, Permission.KNOWLEDGE_READ) as r:
        await must_exist(r, actor.company_id, base_id)
        embedder = await r.fetchval(
            "select embedder from knowledge_base b where company_id = $1 and id = $2 and exists (select from knowledge_vector v"
            " where v.company_id = $1 and v.base_id = $2 and v.embedder = b.embedder)",
            actor.company_id,
            base_id,
        )
        ours = await portuguese(r, [base_id])
    vectors = await _made_elsewhere(actor, Asked(question, [embedder], ours)) if embedder else {}
    async with read(actor, Permission.KNOWLEDGE_READ) as r:
        return await search(r, [base_id], question, vectors, limit), bool(vectors)


async def search_bases(actor: Actor, bases: Sequence[UUID], question: str, limit: int, patience: float) -> list[Passage]:
    """The best passages of several bases; vectors of the question are waited for as long as `patience` (seconds) says."""
    async with read(actor, Permission.KNOWLEDGE_READ) as r:
        rows = await r.fetch(
            "select distinct embedder from knowledge_base b where company_id = $1 and id = any($2::uuid[]) and exists (select"
            " from knowledge_vector v where v.company_id = $1 and v.base_id = b.id and v.embedder = b.embedder)",
            actor.company_id,
            list(bases),
        )
        ours = await portuguese(r, bases)
    asked = Asked(question, [row["embedder"] for row in rows], ours)
    vectors = await _made_elsewhere(actor, asked, patience) if rows else {}
    async with read(actor, Permission.KNOWLEDGE_READ) as r:
        return await search(r, bases, question, vectors, limit)


async def _made_elsewhere(actor: Actor, given: Asked, patience: float = PATIENCE) -> dict[str, list[float]]:
    """Vectors by embedder; none when they do not come in time."""
    question_id = uuid4()
    with suppress(*valkey.Down, msgspec.MsgspecError):
        asked = msgspec.json.encode(given)
        await valkey.client().set(_key(question_id), asked, ex=_KEPT)
        async with work(actor, Permission.KNOWLEDGE_READ) as w:
            w.enqueue(EmbedQuestion(question_id=question_id))
        found: Any = await valkey.client().blpop([_answer(question_id)], timeout=patience)
        if found is not None:
            return _vectors.decode(found[1])
    return {}


async def asked(question_id: UUID) -> Asked | None:
    """For the worker; None once nobody waits any more."""
    found = await valkey.client().get(_key(question_id))
    return msgspec.json.decode(found, type=Asked) if found is not None else None


async def answer(question_id: UUID, vectors: dict[str, list[float]]) -> None:
    """Hands the vectors over to who waits."""
    async with valkey.client().pipeline() as pipe:
        pipe.delete(_key(question_id))
        pipe.rpush(_answer(question_id), msgspec.json.encode(vectors))
        pipe.expire(_answer(question_id), _KEPT)
        await pipe.execute()


def _key(question_id: UUID) -> str:
    return f"knowledge:question:{question_id}"


def _answer(question_id: UUID) -> str:
    return f"knowledge:vectors:{question_id}"
