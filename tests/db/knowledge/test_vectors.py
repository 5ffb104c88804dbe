"""Who writes vectors of a base and who changes its passages come one after the other: none of them waits in a circle, or finds its passages
gone under its hands."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from db.knowledge import sources, vectors
from db.tenancy import Actor
from tests.factories import somebody_waits

MODEL = "local/test/3"
Chunks = list[UUID]


async def _kept(owner: Actor, base_id: UUID, chunks: Chunks) -> None:
    await vectors.keep(owner.company_id, base_id, MODEL, [(one, [0.1, 0.2, 0.3]) for one in chunks])


def _another_worker(owner: Actor, base_id: UUID, source_id: UUID, chunks: Chunks) -> Awaitable[Any]:
    return _kept(owner, base_id, chunks[::-1])


def _a_new_text(owner: Actor, base_id: UUID, source_id: UUID, chunks: Chunks) -> Awaitable[Any]:
    return sources.change_source(owner, source_id, body="# Trocas\nNada é trocado.")


@pytest.mark.parametrize("other", [_another_worker, _a_new_text])
async def test_vectors_are_written_under_the_lock_of_their_base(
    owner: Actor, owner_db: asyncpg.Connection, base_id: UUID, text_id: UUID, other: Callable[..., Awaitable[Any]]
) -> None:
    assert await vectors.wanted(owner.company_id, base_id, MODEL)
    rows = await owner_db.fetch("select id from knowledge_chunk where source_id = $1 order by id", text_id)
    chunks = [row["id"] for row in rows]
    assert len(chunks) > 2
    held = owner_db.transaction()
    await held.start()  # somebody is about to have written the one in the middle
    await owner_db.execute(
        "insert into knowledge_vector(company_id, base_id, chunk_id, embedder, emb) values ($1, $2, $3, $4, '[1,2,3]')",
        owner.company_id,
        base_id,
        chunks[1],
        MODEL,
    )
    first = asyncio.create_task(_kept(owner, base_id, chunks))
    while not await somebody_waits(owner_db):
        await owner_db.execute("select pg_stat_clear_snapshot()")
        await asyncio.sleep(0.01)
    second = asyncio.ensure_future(other(owner, base_id, text_id, chunks))
    done, _ = await asyncio.wait([second], timeout=0.5)
    await held.rollback()
    results = await asyncio.gather(first, second, return_exceptions=True)
    assert [one for one in results if isinstance(one, BaseException)] == []
    assert not done, "it did not wait for who had the base"
    left = await owner_db.fetchval("select count(*) from knowledge_vector where base_id = $1", base_id)
    assert left == (len(chunks) if other is _another_worker else 0)
