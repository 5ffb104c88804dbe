"""Sources: what is found of them, now and after they were changed."""

from uuid import UUID

import asyncpg
import pytest

from db.errors import Conflict, Invalid, NotFound, PreconditionFailed
from db.knowledge import bases, readings, sources, store
from db.knowledge.enums import BaseLanguage, Schedule, SourceKind, SourceState
from db.knowledge.errors import SourceFailure
from db.knowledge.passages import Piece
from db.tenancy import Actor
from tests.db.knowledge.test_search import embed, found

TERMS = """
select (select jsonb_object_agg(lexeme, df) from knowledge_term where base_id = $1) = (select jsonb_object_agg(word, ndoc)
    from ts_stat(format('select t from knowledge_chunk where base_id = %L', $1::text))) as terms,
    (select chunks = (select count(*) from knowledge_chunk where base_id = $1) and words = (select sum(len) from knowledge_chunk
        where base_id = $1) from knowledge_base where id = $1) as sizes
"""


async def counted(owner_db: asyncpg.Connection, base_id: UUID) -> bool:
    """The kept counts are those of the passages."""
    row = await owner_db.fetchrow(TERMS, base_id)
    assert row is not None
    return bool(row["terms"] and row["sizes"])


async def test_counts_of_words_follow_every_change(
    owner: Actor, base_id: UUID, text_id: UUID, owner_db: asyncpg.Connection
) -> None:
    assert await counted(owner_db, base_id)
    answer = await sources.add_answer(owner, base_id, "Qual o frete?", "Grátis acima de R$ 200.")
    assert await counted(owner_db, base_id)
    await sources.change_source(owner, answer.id, body="Quinze reais.")
    assert await counted(owner_db, base_id)
    assert (await found(owner, [base_id], "quinze"))[0].body == "Qual o frete?\nQuinze reais."
    await sources.delete_source(owner, text_id)
    assert await counted(owner_db, base_id)
    assert await found(owner, [base_id], "cartao") == []
    assert (await bases.one_base(owner, base_id)).passages == 1


async def test_what_did_not_change_is_not_embedded_again(owner: Actor, base_id: UUID, text_id: UUID) -> None:
    assert await embed(owner, base_id) == 4
    source = await sources.one_source(owner, text_id)
    assert (source.passages, source.embedded, source.state) == (4, 4, SourceState.READY)
    assert source.body is not None
    changed = await sources.change_source(owner, text_id, body=source.body.replace("boleto", "dinheiro"))
    assert (changed.passages, changed.embedded, changed.state) == (4, 3, SourceState.EMBEDDING)
    assert await embed(owner, base_id) == 1
    again = await sources.add_text(owner, base_id, "O mesmo", changed.body or "")
    assert (again.embedded, again.state) == (4, SourceState.READY)


async def test_a_source_is_refused_for_what_it_is(owner: Actor, stranger: Actor, base_id: UUID, text_id: UUID) -> None:
    with pytest.raises(Invalid):
        await sources.add_text(owner, base_id, "Nada", " \n ")
    with pytest.raises(NotFound):
        await sources.add_text(stranger, base_id, "Nada", "algo")
    with pytest.raises(NotFound):
        await sources.delete_source(stranger, text_id)
    with pytest.raises(Conflict):
        await sources.change_source(owner, text_id, schedule=Schedule.DAILY)
    with pytest.raises(Conflict):
        await sources.read_again(owner, text_id)
    with pytest.raises(PreconditionFailed):
        await sources.change_source(owner, text_id, title="Outro", expected=frozenset({7}))
    with pytest.raises(Conflict):
        await bases.create_base(owner, name="LOJA", language=BaseLanguage.ENGLISH)


async def test_a_full_base_takes_no_more(owner: Actor, base_id: UUID, text_id: UUID, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "MOST", 5)
    await sources.add_text(owner, base_id, "Um", "um")
    with pytest.raises(Conflict):
        await sources.add_text(owner, base_id, "Dois", "dois")
    page = await sources.add_pages(owner, base_id, "https://example.com/a", max_pages=None, schedule=Schedule.NEVER)
    reading = await readings.begin(owner.company_id, page.id)
    assert reading is not None
    failure = await readings.done(owner.company_id, reading, readings.Read([Piece("", "três")], 1, [], b"x"))
    assert failure is SourceFailure.BASE_FULL


async def test_a_page_is_replaced_as_a_whole_and_kept_when_reading_fails(
    owner: Actor, base_id: UUID, owner_db: asyncpg.Connection
) -> None:
    page = await sources.add_pages(owner, base_id, "https://example.com/ajuda", max_pages=None, schedule=Schedule.DAILY)
    assert (page.kind, page.state, page.title) == (SourceKind.PAGE, SourceState.QUEUED, "example.com/ajuda")
    reading = await readings.begin(owner.company_id, page.id)
    assert reading is not None
    old = [Piece("Ajuda", f"Resposta antiga {n}.", url="https://example.com/ajuda") for n in range(3)]
    assert await readings.done(owner.company_id, reading, readings.Read(old, 1, [], b"old", "Central de ajuda")) is None
    now = await sources.one_source(owner, page.id)
    assert (now.state, now.title, now.passages) == (SourceState.READY, "Central de ajuda", 3)
    assert now.due_at is not None
    assert (await found(owner, [base_id], "antiga"))[0].url == "https://example.com/ajuda"
    await readings.failed(owner.company_id, page.id, SourceFailure.HTTP_STATUS, status=500)
    failed = await sources.one_source(owner, page.id)
    assert (failed.state, failed.failed_because) == (SourceState.FAILED, "The server refused the page with status 500.")
    assert len(await found(owner, [base_id], "antiga")) == 3
    await owner_db.execute("update knowledge_source set due_at = now() - interval '1 minute' where id = $1", page.id)
    await readings.queue_due(failed.created_at.replace(year=failed.created_at.year + 1))
    assert await owner_db.fetchval("select count(*) from job where key = $1 and state <> 'dead'", f"source:{page.id}") == 1
    reading = await readings.begin(owner.company_id, page.id)
    assert reading is not None
    await readings.done(owner.company_id, reading, readings.Read([Piece("Ajuda", "Resposta nova.")], 1, [], b"new"))
    assert await found(owner, [base_id], "antiga") == []
    assert await counted(owner_db, base_id)
