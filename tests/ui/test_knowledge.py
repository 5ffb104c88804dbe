"""Knowledge on the screen: a first base, sources of each kind, a question tried, gaps answered and dismissed, and what two people do."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
import pytest
from nicegui import ui
from nicegui.testing import User
from nicegui.testing.user_interaction import UserInteraction

from api.contract.enums import BaseLanguage, Permission, Schedule, SourceKind
from api.contract.events import KnowledgeGapsChanged, KnowledgeQuestionsChanged, KnowledgeSourceChanged
from api.contract.knowledge import KnowledgeBase, KnowledgeQuestion, KnowledgeSource, QaSource, SourcePatch, TextSource
from api.contract.personas import Persona, PersonaConfig, PersonaCreate, PersonaDraft, PersonaDraftSave
from db.knowledge import gaps
from db.tenancy import Actor, worker
from db.work import work
from tests.ui.interactions import click, field, hear, press, true_of, until
from ui.client import knowledge as client
from ui.client.base import ApiClient
from ui.components.text import Text
from ui.labels.knowledge import marked, spans
from ui.pages.knowledge.add import whole
from ui.pages.knowledge.questions import Recall, recall


async def made(api: ApiClient) -> KnowledgeBase:
    return await client.create_base(api, f"Loja {uuid4().hex[:8]}", BaseLanguage.PORTUGUESE)


async def sources(api: ApiClient, base: KnowledgeBase) -> list[KnowledgeSource]:
    return (await client.sources(api, base.id)).items


async def asked(owner: Actor, base: KnowledgeBase, *questions: str) -> None:
    """By customers, in vain."""
    for question in questions:
        async with work(worker(owner.company_id), Permission.KNOWLEDGE_WRITE) as w:
            await gaps.note_gap(w, base.id, question, None)


class _File:
    """A file as the browser hands it over."""

    content_type = "text/plain"

    def __init__(self, name: str, text: str) -> None:
        self.name, self.text = name, text

    def size(self) -> int:
        return len(self.text.encode())

    async def iterate(self, *, chunk_size: int = 65536) -> AsyncIterator[bytes]:
        yield self.text.encode()


async def test_the_first_base_is_made_by_one_button(real: User, as_owner: ApiClient) -> None:
    for one in await client.bases(as_owner):
        await client.delete_base(as_owner, one.id)
    await real.open("/knowledge")
    await real.should_see("Ensine suas colegas de IA")
    click(real, "Criar a primeira base")
    await real.should_see("Língua dos textos")
    click(real, "Criar")
    await real.should_see("Preencha este campo.")
    field(real, "Nome").value = "Loja"
    click(real, "Criar")

    async def there() -> list[KnowledgeBase]:
        return await client.bases(as_owner)

    (base,) = await until(there)
    assert (base.name, base.language) == ("Loja", BaseLanguage.PORTUGUESE)
    await real.should_see("Nenhuma fonte ainda")
    await real.open("/knowledge")
    await real.should_see("Ainda sem nada")
    click(real, "Nova base")
    await real.should_see("Língua dos textos")
    field(real, "Nome").value = "loja"
    click(real, "Criar")
    await real.should_see("Já existe uma base de conhecimento com este nome")


async def test_a_card_names_what_a_base_holds_lacks_and_who_knows_it(real: User, as_owner: ApiClient, owner: Actor) -> None:
    base = await made(as_owner)
    await client.add(as_owner, base.id, TextSource(title="Trocas", body="Trocamos em 30 dias."))
    await asked(owner, base, "Vendem helicóptero?")
    persona = await as_owner.post("/v1/personas", Persona, PersonaCreate(name=f"Lia {base.name}"))
    draft = await as_owner.get(f"/v1/personas/{persona.id}/draft", PersonaDraft)
    body = PersonaDraftSave(config=PersonaConfig(knowledge_base_ids=[base.id]))
    await as_owner.put(f"/v1/personas/{persona.id}/draft", PersonaDraft, body, version=draft.version)
    await real.open("/knowledge")
    for text in (base.name, "1 fonte · 1 trecho", "Só por palavras", "1 pergunta sem resposta", persona.name):
        await real.should_see(text)
    await real.open(f"/knowledge/{base.id}?tab=settings")
    await real.should_see("Quem responde com ela")
    await real.should_see(persona.name)
    click(real, "Excluir a base")
    await real.should_see(f"Estas personas respondem com ela, e deixariam de responder: {persona.name}.")
    click(real, "Excluir")
    await until(lambda: _gone(as_owner, base))
    await real.should_see("O que suas colegas de IA sabem")


async def _gone(api: ApiClient, base: KnowledgeBase) -> bool:
    return base.id not in [one.id for one in await client.bases(api)]


async def test_pairs_are_added_in_a_row_by_keyboard(real: User, as_owner: ApiClient) -> None:
    base = await made(as_owner)
    await real.open(f"/knowledge/{base.id}")
    await real.should_see("Nenhuma fonte ainda")
    press(real, "Perguntas e respostas")
    await real.should_see("Ctrl e Enter salvam e começam a próxima.")
    for question, answer in (("Trocam?", "Em 30 dias."), ("Entregam em Santos?", "Sim, em 3 dias.")):
        field(real, "Pergunta").value = question
        field(real, "Resposta").value = answer
        UserInteraction(real, {field(real, "Resposta")}, None).trigger("keydown.ctrl.enter")
        await until(lambda: true_of(lambda: field(real, "Pergunta").value == ""))
        await real.should_see(question)
    assert [(one.title, one.body) for one in await sources(as_owner, base)] == [
        ("Entregam em Santos?", "Sim, em 3 dias."),
        ("Trocam?", "Em 30 dias."),
    ]
    field(real, "Pergunta").value = "E agora?"
    click(real, "Salvar e próxima")
    await real.should_see("Preencha este campo.")


async def test_a_text_and_a_site_are_added_and_an_address_without_its_beginning_is_one(real: User, as_owner: ApiClient) -> None:
    base = await made(as_owner)
    await real.open(f"/knowledge/{base.id}")
    press(real, "Um texto")
    await real.should_see("Salvar o texto")
    field(real, "Título").value = "Trocas"
    field(real, "Texto").value = "# Prazo\nTrocamos em 30 dias."
    click(real, "Salvar o texto")
    await until(lambda: sources(as_owner, base))
    press(real, "Página ou site")
    await real.should_see("Só páginas do mesmo site")
    field(real, "Endereço").value = "sem ponto"
    click(real, "Ler")
    await real.should_see("Escreva um endereço completo")
    field(real, "Endereço").value = "lojaaurora.com.br/ajuda"
    field(real, "O que é lido").value = SourceKind.SITE
    field(real, "No máximo quantas páginas").value = 1
    click(real, "Ler")
    await real.should_see("Escolha de 2 a 200 páginas.")
    field(real, "No máximo quantas páginas").value = 20
    field(real, "Quando é lido").value = Schedule.WEEKLY
    click(real, "Ler")

    async def site() -> list[KnowledgeSource]:
        return [one for one in await sources(as_owner, base) if one.kind is SourceKind.SITE]

    (found,) = await until(site)
    assert (found.url, found.max_pages, found.schedule) == ("https://lojaaurora.com.br/ajuda", 20, Schedule.WEEKLY)


async def test_a_row_moves_in_place_says_why_it_failed_and_tries_again(
    real: User, as_owner: ApiClient, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    base = await made(as_owner)
    source = await client.add_file(as_owner, base.id, _File("precos.pdf", "%PDF"))
    await real.open(f"/knowledge/{base.id}")
    await real.should_see("Esperando")
    set_to = (
        "update knowledge_source set state = $2, failure = $3, pages = 40, pages_read = 10, failure_params = $4 where id = $1"
    )
    event = KnowledgeSourceChanged(base_id=base.id, source_id=source.id)
    title = next(iter(real.find(kind=ui.link, content="precos.pdf").elements))

    await owner_db.execute(set_to, source.id, "reading", None, "{}")
    hear(event)
    await real.should_see("10 de 40 · 25%")
    await owner_db.execute(set_to, source.id, "failed", "scanned", '{"pages": "3-7"}')
    hear(event)
    await real.should_see("Não foi lida")
    await real.should_see("3-7")
    assert next(iter(real.find(kind=ui.link, content="precos.pdf").elements)) is title
    click(real, "Tentar de novo")
    await real.should_see("Esperando")
    await real.should_not_see("3-7")
    assert (await client.source(as_owner, source.id)).failure is None


async def test_a_source_shows_its_passages_and_what_a_colleague_changed_is_not_written_over(
    real: User, as_owner: ApiClient
) -> None:
    base = await made(as_owner)
    source = await client.add(as_owner, base.id, QaSource(question="Trocam?", answer="Em 30 dias."))
    await real.open(f"/knowledge/sources/{source.id}")
    await real.should_see("O que se encontra")
    field(real, "Resposta").value = "Em 60 dias."
    await client.change_source(as_owner, source.id, SourcePatch(body="Em 90 dias."), source.version)
    hear(KnowledgeSourceChanged(base_id=base.id, source_id=source.id))
    await real.should_see("Em 90 dias.")
    assert field(real, "Resposta").value == "Em 60 dias."
    click(real, "Salvar")
    await real.should_see("Isto mudou enquanto você editava.")
    click(real, "Salvar")

    async def body() -> bool:
        return (await client.source(as_owner, source.id)).body == "Em 60 dias."

    await until(body)
    click(real, "Excluir")
    await real.should_see("Não se encontra mais: 1 trecho.")
    click(real, "Excluir")

    async def none_left() -> bool:
        return not await sources(as_owner, base)

    await until(none_left)
    await real.should_see("Nenhuma fonte ainda")
    await real.open(f"/knowledge/sources/{source.id}")
    await real.should_see("Esta fonte não existe")


async def test_a_tried_question_says_why_each_passage_is_there_and_gets_the_answer_that_lacks(
    real: User, as_owner: ApiClient
) -> None:
    base = await made(as_owner)
    await client.add(as_owner, base.id, TextSource(title="Trocas", body="Trocamos em até 30 dias, com a nota."))
    await real.open(f"/knowledge/{base.id}?tab=try")
    await real.should_see("Veja o que se encontra")
    field(real, "Uma pergunta, como o cliente escreveria").value = "Trocam com nota?"
    click(real, "Buscar")
    await real.should_see("O trecho mais próximo")
    await real.should_see("Em comum: ")
    assert {one.text for one in real.find(kind=Text, content="rocamos").elements if one.tag == "mark"} == {"Trocamos"}
    field(real, "Uma pergunta, como o cliente escreveria").value = "Vendem helicóptero amarelo?"
    click(real, "Buscar")
    await real.should_see("Nada encontrado para isto")
    click(real, "Escrever a resposta")
    await real.should_see("Salvar a resposta")
    assert field(real, "Pergunta").value == "Vendem helicóptero amarelo?"
    field(real, "Resposta").value = "Só helicóptero azul."
    click(real, "Salvar a resposta")
    await real.should_see("O trecho mais próximo")


async def test_a_gap_is_answered_with_one_press_and_another_one_dismissed(real: User, as_owner: ApiClient, owner: Actor) -> None:
    base = await made(as_owner)
    await asked(owner, base, "Tem estacionamento?", "entregam em manaus?", "Vocês entregam em Manaus?")
    await real.open(f"/knowledge/{base.id}?tab=gaps")
    await real.should_see("Perguntada 2 vezes, a última agora")
    click(real, "Dispensar")
    await real.should_not_see("Tem estacionamento?")
    await asked(owner, base, "Entregam em Manaus")
    hear(KnowledgeGapsChanged(base_id=base.id))
    await real.should_see("Perguntada 3 vezes")
    click(real, "Responder")
    await real.should_see("Salvar a resposta")
    field(real, "Resposta").value = "Sim, em dez dias."
    click(real, "Salvar a resposta")
    await real.should_see("Nenhuma pergunta sem resposta")
    (answer,) = await sources(as_owner, base)
    assert (answer.kind, answer.body) == (SourceKind.QA, "Sim, em dez dias.")
    press(real, "Respondidas")
    await real.should_see("Ver a resposta")


def test_words_are_marked_by_their_stem_and_codes_as_they_are() -> None:
    text = "Trocamos a NF-10 do Vestido; o vestidinho e a nota 100 ficam."
    assert [piece for piece, met in marked(text, ["trocam", "10", "vestidos"]) if met] == [
        "Trocamos",
        "10",
        "Vestido",
        "vestidinho",
    ]
    assert "".join(piece for piece, _met in marked(text, ["vestidos"])) == text
    assert [piece for piece, met in marked(text, []) if met] == []


@pytest.mark.parametrize(
    ("pages", "said"), [([3, 4, 5, 9], "3–5, 9"), ([1], "1"), (list(range(1, 40, 2)), "1, 3, 5, 7, 9, 11, 13, 15 …")]
)
def test_pages_are_said_as_spans(pages: list[int], said: str) -> None:
    assert spans(pages) == said


def test_an_address_gets_its_beginning() -> None:
    assert whole(" lojaaurora.com.br ") == "https://lojaaurora.com.br"
    assert whole("http://a.com/b") == "http://a.com/b"


def placed(place: int | None, before: int | None, *, gone: bool = False) -> KnowledgeQuestion:
    return KnowledgeQuestion(
        id=uuid4(), base_id=uuid4(), question="Trocam?", source_id=None if gone else uuid4(), source_title=None, place=place,
        place_before=before, measured_at=None, version=1, created_at=datetime.now(UTC),
    )  # fmt: skip


def test_a_base_is_measured_by_what_stands_among_the_first() -> None:
    found = [placed(1, 1), placed(5, 6), placed(6, 1), placed(0, 1), placed(1, 1, gone=True)]
    assert recall(found) == Recall(measured=4, first=1, top=2, top_before=3)
    assert recall([*found, placed(None, None)]) == Recall(measured=4, first=1, top=2, top_before=3)
    assert recall([*found, placed(2, None)]).top_before == 4, "it stood there all the time"
    assert recall([placed(1, None), placed(0, None)]) == Recall(measured=2, first=1, top=1, top_before=None)
    assert recall([]) == Recall(0, 0, 0, None)


async def test_a_question_that_was_tried_measures_the_base_from_then_on(
    real: User, owner_db: asyncpg.Connection, as_owner: ApiClient
) -> None:
    base = await made(as_owner)
    await client.add(as_owner, base.id, TextSource(title="Trocas", body="Trocamos em até 30 dias."))
    await real.open(f"/knowledge/{base.id}?tab=try")
    await real.should_see("Ainda sem perguntas de teste")
    field(real, "Uma pergunta, como o cliente escreveria").value = "vcs trocam?"
    click(real, "Buscar")
    await real.should_see("Esta é a fonte certa")
    click(real, "Esta é a fonte certa")
    (one,) = await until(lambda: client.questions(as_owner, base.id))
    assert (one.question, one.source_title, one.place) == ("vcs trocam?", "Trocas", None)
    await real.should_see("Ainda não medida. Leva um instante.")
    await owner_db.execute("update knowledge_question set place = 2, place_before = 0 where id = $1", one.id)
    hear(KnowledgeQuestionsChanged(base_id=base.id))
    await real.should_see("1 de 1 pergunta encontra a fonte entre os 5 primeiros, 0 em primeiro lugar")
    await real.should_see("2º lugar")
    await real.should_see("antes: não encontrada")
