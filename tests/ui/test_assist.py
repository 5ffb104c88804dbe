"""The AI at an agent's side: what a worker writes is seen as it is written, taken back with one press, and never sent by itself."""

from uuid import UUID

import asyncpg
import pytest
from nicegui import ui
from nicegui.testing import User

from api.contract.events import AssistProgress
from db.assistant import assists
from db.assistant.assists import Asked, Written
from db.assistant.enums import AssistNote
from db.assistant.turns import Told
from db.conversations import labels
from db.messages.conversation import Citation
from db.tenancy import Actor
from tests import factories
from tests.db.assistant.scene import Scene
from tests.ui.interactions import choose, click, hear, press, true_of, until
from tests.ui.test_inbox import Customers

CITED = Citation(
    passage_id=UUID(int=1), source_id=UUID(int=2), title="Política de trocas", heading="Prazo", quote="A troca é grátis por 30 dias.",
    body="A troca é grátis por 30 dias. Traga a etiqueta.", page=None, url=None,
)  # fmt: skip
PUT = """insert into ai_connection(company_id, id, provider, chat_model, embedder, state) values ($1, uuidv7(), 'sandbox', 'gpt-4o', 'none', 'ready')
on conflict do nothing"""


@pytest.fixture
async def customers(owner_db: asyncpg.Connection, owner: Actor) -> Customers:
    await owner_db.execute(PUT, owner.company_id)
    return Customers(owner_db, owner, await factories.channel(owner_db, owner))


def text_field(user: User) -> ui.textarea:
    assert user.client is not None
    return next(one for one in user.client.elements.values() if isinstance(one, ui.textarea))


class Writer:
    """Does by hand what a worker does, and what the page hears of it."""

    def __init__(self, db: asyncpg.Connection, owner: Actor) -> None:
        self._db, self._owner, self._asked = db, owner, set[UUID]()

    async def begin(self) -> Asked:
        async def newest() -> UUID | None:
            found: UUID | None = await self._db.fetchval("select id from ai_assist where company_id = $1 and state = 'waiting'", self._owner.company_id)  # fmt: skip
            return found

        asked = await assists.begin(self._owner.company_id, await until(newest))
        assert asked is not None
        return asked

    async def piece(self, asked: Asked, at: int, text: str) -> None:
        assert await assists.write(self._owner.company_id, asked, at, text)
        self._hear(asked, "writing", at, text)

    async def finish(self, asked: Asked, written: Written) -> None:
        assert await assists.finish(self._owner.company_id, asked, written)
        self._hear(asked, "done")

    def _hear(self, asked: Asked, state: str, at: int = 0, text: str = "") -> None:
        hear(
            AssistProgress(
                assist_id=asked.id, conversation_id=asked.conversation_id, user_id=asked.asked_by, state=state, at=at, text=text
            )
        )


@pytest.fixture
def writer(owner_db: asyncpg.Connection, owner: Actor) -> Writer:
    return Writer(owner_db, owner)


async def test_a_draft_is_written_into_the_field_and_taken_back(
    real: User, owner_db: asyncpg.Connection, owner: Actor, customers: Customers, writer: Writer
) -> None:
    await real.open(f"/inbox/{await customers.wrote(0, 'A troca é grátis?')}")
    await real.should_see("Explicar o cliente", retries=30)
    field = text_field(real)
    field.value = "Oi Ana"
    choose(real, "Rascunhar uma resposta")
    asked = await writer.begin()
    await until(lambda: true_of(lambda: bool(field.props.get("readonly"))))
    await writer.piece(asked, 0, "A troca é ")
    await until(lambda: true_of(lambda: field.value == "A troca é "))
    await writer.piece(asked, 10, "cara")
    await writer.piece(asked, 10, "grátis")
    await until(lambda: true_of(lambda: field.value == "A troca é grátis"))
    await writer.finish(asked, Written(text="A troca é grátis por 30 dias.", citations=[CITED]))
    await until(lambda: true_of(lambda: field.value == "A troca é grátis por 30 dias." and not field.props.get("readonly")))
    await real.should_see("1 · Política de trocas", retries=30)
    assert await owner_db.fetchval("select count(*) from message where company_id = $1", owner.company_id) == 0
    click(real, "Desfazer")
    await until(lambda: true_of(lambda: field.value == "Oi Ana"))


async def test_a_text_is_put_into_other_words_only_where_there_is_one(real: User, customers: Customers, writer: Writer) -> None:
    await real.open(f"/inbox/{await customers.wrote(0, 'Oi')}")
    await real.should_see("Explicar o cliente", retries=30)
    choose(real, "Mais curto")
    await real.should_see("Escreva algo primeiro; depois a IA diz de outro jeito.", retries=30)
    text_field(real).value = "Chega amanhã. O frete é grátis."
    choose(real, "Mais curto")
    asked = await writer.begin()
    assert asked.given == "Chega amanhã. O frete é grátis."
    await writer.finish(asked, Written(note=AssistNote.WITHHELD))
    await real.should_see("O texto foi retido", retries=30)
    assert text_field(real).value == "Chega amanhã. O frete é grátis.", "nothing is lost"


async def test_a_summary_goes_into_a_note_and_a_label_onto_the_conversation(
    real: User, owner_db: asyncpg.Connection, owner: Actor, customers: Customers, writer: Writer
) -> None:
    label_id = (await labels.create_label(owner, "Troca", "#2f6f4f")).id
    await real.open(f"/inbox/{await customers.wrote(0, 'Quero trocar')}")
    await real.should_see("Explicar o cliente", retries=30)
    choose(real, "Resumir")
    await writer.finish(await writer.begin(), Written(text="Quer trocar uma blusa."))
    await real.should_see("Quer trocar uma blusa.", retries=30)
    click(real, "Pôr em uma nota")

    async def noted() -> bool:
        body = await owner_db.fetchval(
            "select body from conversation_entry where company_id = $1 and kind = 'note'", owner.company_id
        )
        return bool(body == "Resumo da conversa\nQuer trocar uma blusa.")

    await until(noted)
    choose(real, "Marcadores")
    await writer.finish(await writer.begin(), Written(labels=[label_id]))
    await real.should_see("+ Troca", retries=30)
    press(real, "+ Troca")

    async def labelled() -> bool:
        return bool(await owner_db.fetchval("select count(*) from conversation_label where company_id = $1", owner.company_id))

    await until(labelled)


async def test_the_customer_in_three_lines_is_kept(
    real: User, owner_db: asyncpg.Connection, customers: Customers, writer: Writer
) -> None:
    conversation = await customers.wrote(0, "Quero trocar")
    await real.open(f"/inbox/{conversation}")
    await real.should_see("Explicar o cliente", retries=30)
    click(real, "Explicar o cliente")
    await writer.finish(await writer.begin(), Written(text="Ana, cliente desde 2024\nQuer trocar\nEspera resposta"))
    await real.should_see("Ana, cliente desde 2024", retries=30)
    await owner_db.execute("update conversation set last_id = uuidv7() where id = $1", conversation)  # something was said
    await real.open(f"/inbox/{conversation}")
    await real.should_see("Ana, cliente desde 2024", retries=30)
    await real.should_see("Algo novo foi dito desde", retries=30)


async def test_without_a_service_the_way_to_it_is_shown(
    real: User, owner_db: asyncpg.Connection, owner: Actor, customers: Customers
) -> None:
    await owner_db.execute("delete from ai_connection where company_id = $1", owner.company_id)
    await real.open(f"/inbox/{await customers.wrote(0, 'Oi')}")
    await real.should_see("Explicar o cliente", retries=30)
    choose(real, "Rascunhar uma resposta")
    await real.should_see("Abrir o serviço de IA", retries=30)


async def test_what_a_draft_found_out_goes_to_the_contact_once_it_is_used(
    real: User, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    scene = await Scene.make(owner, owner_db, "suggest", goals=[{"key": "email", "label": "E-mail", "kind": "email"}])
    await scene.wrote("ana@x.com.br")
    await scene.answered("Anotado!", collected=[Told(key="email", value="ana@x.com.br", kept="ana@x.com.br")])
    await real.open(f"/inbox/{scene.conversation}")
    await real.should_see("Ao usar, fica anotado no contato: E-mail: ana@x.com.br")
    click(real, "Usar")

    async def kept() -> bool:
        return bool(
            await owner_db.fetchval("select true from contact_identity where contact_id = $1 and kind = 'email'", scene.contact)
        )

    await until(kept)
    assert text_field(real).value == "Anotado!"
    await real.should_not_see("Ao usar, fica anotado no contato")
