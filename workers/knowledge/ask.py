"""What a persona knows about a question: the passages of its bases, by words and, where vectors come in time, by meaning."""

import asyncio
from collections.abc import Iterable, Sequence
from contextlib import suppress
from uuid import UUID

from db.ai.ledger import About
from db.knowledge.search import Passage, embedders, portuguese, search
from db.permissions import Permission
from db.tenancy import worker
from db.work import read
from workers.knowledge.expand import expanded
from workers.llm import ask
from workers.llm.embeddings import Embedder

PATIENCE = 6.0  # seconds for the vector of a question; the words are there at once


def name_of(embedder: Embedder) -> str:
    """As it stands with the vectors: provider/model/dimensions."""
    return f"{embedder.provider}/{embedder.model}/{embedder.dims}"


def named(name: str) -> Embedder:
    """Back from `name_of`."""
    provider, _, rest = name.partition("/")
    model, _, dims = rest.rpartition("/")
    return Embedder(provider, model, int(dims))


async def find(company_id: UUID, about: About, bases: Sequence[UUID], question: str, limit: int = 8) -> list[Passage]:
    """The best passages first; by words alone where no vector comes. No base is no passage."""
    if not bases:
        return []
    async with read(worker(company_id), Permission.KNOWLEDGE_READ) as r:
        names, ours = await embedders(r, bases), await portuguese(r, bases)
    vectors = await question_vectors(company_id, about, question, names, portuguese=ours)
    async with read(worker(company_id), Permission.KNOWLEDGE_READ) as r:
        return await search(r, bases, question, vectors, limit)


async def question_vectors(
    company_id: UUID, about: About, question: str, names: Iterable[str], *, portuguese: bool
) -> dict[str, list[float]]:
    """Of the question as people mean it, by each of these embedders that answers in time."""
    found: dict[str, list[float]] = {}
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            for name in names:
                made = await ask.embed(
                    company_id, about, [expanded(question, portuguese=portuguese)], kind="query", embedder=named(name)
                )
                if isinstance(made, list):
                    found[name] = made[0]
    return found
