"""The inbox over the real API and database: the list as it moves, the thread, answers and notes, and what is done with a conversation."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from nicegui import ui
from nicegui.testing import User
from nicegui.testing.user_interaction import UserInteraction

from api.contract.conversations import ReplyCreate
from api.contract.events import ConversationEntryAdded, ConversationUpdated
from api.contract.replies import TextReply
from db.clock import now
from db.messages import echoes
from db.messages.content import Text
from db.messages.echoes import Echo
from db.messages.enums import MessageOrigin
from db.permissions import Permission, Role
from db.tenancy import Actor
from db.work import work
from tests import factories
from tests.api.conftest import bearer, make_member
from tests.factories import content_json
from tests.ui.interactions import choose, click, hear, press, true_of, until
from ui.client import conversations as client
from ui.client.base import ApiClient


class Customers:
    """People who write; `wrote` gives the conversation."""

    def __init__(self, db: asyncpg.Connection, owner: Actor, channel: UUID) -> None:
        self._db, self._owner, self._channel = db, owner, channel

    async def wrote(self, number: int, text: str) -> UUID:
        """Person `number`, who was not there before."""
        company = self._owner.company_id
        await factories.contacts(self._db, self._owner, 1, first=number)
        person = await self._db.fetchval(
            "select id from contact where company_id = $1 and name = $2", company, f"Pessoa {number}"
        )
        await self._db.execute(
            "insert into inbound_message(company_id, channel_id, contact_id, provider_id, address, kind, body, content, received_at)"
            " values ($1, $2, $3, gen_random_uuid()::text, $4, 'text', $5, $6::jsonb, now())",
            company, self._channel, person, f"+55119{number:08}", text, content_json("text", text),
        )  # fmt: skip
        await self._db.execute("select make_conversations($1, null)", company)
        return await self._db.fetchval("select id from conversation where company_id = $1 and contact_id = $2", company, person)


@pytest.fixture
async def customers(owner_db: asyncpg.Connection, owner: Actor) -> Customers:
    return Customers(owner_db, owner, await factories.channel(owner_db, owner))


@pytest.fixture
async def colleague(owner_db: asyncpg.Connection, owner: Actor) -> ApiClient:
    """Another person of the company, over the API."""
    found = await bearer(owner_db, await make_member(owner_db, owner, Role.AGENT))
    return ApiClient(found["Authorization"].removeprefix("Bearer "))


def rows(user: User) -> list[str]:
    """The names in the list, from the top."""
    assert user.client is not None
    links = [one for one in user.client.elements.values() if "data-conversation" in one.props]
    if not links:
        return []
    assert links[0].parent_slot is not None
    order = links[0].parent_slot.children
    return [one.props["row"]["name"] for one in order]


async def listing(user: User, name: str, text: str | None = None) -> None:
    """Until the list has a row of this person, in which the text was said last."""

    def there() -> bool:
        shown = [one.props["row"] for one in user.client.elements.values() if "row" in one.props] if user.client else []
        return any(one["name"] == name and text in {None, one["text"]} for one in shown)

    await until(lambda: true_of(there))


def listed(user: User) -> ui.element:
    assert user.client is not None
    return next(one for one in user.client.elements.values() if "m-inbox-rows" in one.classes)


def happen(user: User, element: ui.element, event: str, args: Any = None) -> None:
    UserInteraction(user, {element}, None).trigger(event, args)


def write(user: User, text: str) -> None:
    """Types, and presses the button."""
    field = next(iter(user.find(kind=ui.textarea).elements))
    field.value = text
    send = next(one for one in user.find(kind=ui.button).elements if "m-write-send" in one.classes)
    UserInteraction(user, {send}, None).click()


async def answers(db: asyncpg.Connection, owner: Actor) -> list[str]:
    found = await db.fetch("select content->>'body' as body from message where company_id = $1 order by id", owner.company_id)
    return [row["body"] for row in found]


async def sent(db: asyncpg.Connection, owner: Actor, texts: list[str]) -> bool:
    return await answers(db, owner) == texts


async def updated(db: asyncpg.Connection, conversation: UUID) -> None:
    """The event of a change that a fixture made."""
    row = await db.fetchrow("select contact_id, version from conversation where id = $1", conversation)
    hear(ConversationUpdated(conversation_id=conversation, contact_id=row["contact_id"], version=row["version"]))


async def test_a_conversation_is_opened_read_and_answered_once(
    real: User, owner_db: asyncpg.Connection, owner: Actor, customers: Customers
) -> None:
    one = await customers.wrote(0, "Chega hoje? 🙏")
    await real.open("/inbox")
    await listing(real, "Pessoa 0", "Chega hoje? 🙏")
    await real.should_see("Escolha uma conversa")
    press_row(real, one)
    await real.should_see("O WhatsApp aceita texto livre por mais")

    async def read() -> bool:
        return await owner_db.fetchval("select unread from conversation where id = $1", one) == 0

    await until(read)
    write(real, "Chega até as {{18}}h")
    await until(lambda: sent(owner_db, owner, ["Chega até as {{18}}h"]))
    await until(lambda: true_of(lambda: not pending(real)))
    await real.should_see("Chega até as {{18}}h")


def press_row(user: User, conversation: UUID) -> None:
    assert user.client is not None
    row = next(one for one in user.client.elements.values() if one.props.get("data-conversation") == str(conversation))
    happen(user, row, "click", str(conversation))


def pending(user: User) -> list[ui.element]:
    assert user.client is not None
    return [one for one in user.client.elements.values() if "m-bubble-pending" in one.classes]


async def test_rows_move_only_while_nobody_points_at_the_list(
    real: User, owner_db: asyncpg.Connection, customers: Customers
) -> None:
    await customers.wrote(1, "Um")
    await real.open("/inbox")
    await listing(real, "Pessoa 1", "Um")
    second = await customers.wrote(2, "Dois")
    await updated(owner_db, second)
    await until(lambda: true_of(lambda: rows(real) == ["Pessoa 2", "Pessoa 1"]))
    happen(real, listed(real), "mouseenter")
    third = await customers.wrote(3, "Três")
    await updated(owner_db, third)
    await real.should_see("1 conversa nova")
    assert rows(real) == ["Pessoa 2", "Pessoa 1"]
    happen(real, listed(real), "mouseleave")
    await until(lambda: true_of(lambda: rows(real) == ["Pessoa 3", "Pessoa 2", "Pessoa 1"]))


async def test_a_colleague_who_was_faster_is_read_before_the_own_answer_goes_out(
    real: User, owner_db: asyncpg.Connection, owner: Actor, customers: Customers, colleague: ApiClient
) -> None:
    one = await customers.wrote(0, "Tem no tamanho M?")
    await real.open(f"/inbox/{one}")
    await real.should_see("Tem no tamanho M?")
    await client.reply(colleague, one, ReplyCreate(content=TextReply(text="Tem sim!")), str(uuid4()))
    write(real, "Vou ver.")
    await real.should_see("Um colega respondeu")
    await real.should_see("Tem sim!")
    assert await answers(owner_db, owner) == ["Tem sim!"]
    click(real, "Enviar assim mesmo")
    await until(lambda: sent(owner_db, owner, ["Tem sim!", "Vou ver."]))


async def test_an_answer_that_was_refused_goes_back_into_the_field(
    real: User, owner_db: asyncpg.Connection, owner: Actor, customers: Customers
) -> None:
    one = await customers.wrote(0, "Oi")
    await real.open(f"/inbox/{one}")
    await real.should_see("O WhatsApp aceita texto livre por mais")
    await owner_db.execute(
        "update inbound_message set received_at = now() - interval '2 days' where company_id = $1", owner.company_id
    )
    field = next(iter(real.find(kind=ui.textarea).elements))
    write(real, "Olá!")
    await real.should_see("Não enviada.")
    await real.should_see("O WhatsApp ainda não aprovou nenhum modelo deste número.")
    click(real, "Editar")
    await until(lambda: true_of(lambda: field.value == "Olá!"))
    assert await answers(owner_db, owner) == []


async def test_a_note_names_a_colleague_and_never_goes_out(
    real: User, owner_db: asyncpg.Connection, owner: Actor, customers: Customers, colleague: ApiClient
) -> None:
    one = await customers.wrote(0, "Oi")
    await real.open(f"/inbox/{one}")
    await real.should_see("Explicar o cliente", retries=30)  # behind the composer
    press(real, "Nota")
    field = next(iter(real.find(kind=ui.textarea).elements))
    field.value = "Fala com @pess"
    await real.should_see("@Pessoa agent")
    press(real, "@Pessoa agent")
    assert field.value == "Fala com @Pessoa agent "
    write(real, "Fala com @Pessoa agent hoje")
    await real.should_see("só para a equipe")
    found = await owner_db.fetchrow(
        "select body, cardinality(mentions) as named from conversation_entry where conversation_id = $1", one
    )
    assert tuple(found) == ("Fala com @Pessoa agent hoje", 1)
    assert await answers(owner_db, owner) == []


async def test_a_note_that_was_begun_is_never_an_answer(real: User, customers: Customers) -> None:
    one, other = await customers.wrote(0, "Oi"), await customers.wrote(1, "Olá")
    await real.open(f"/inbox/{one}")
    await real.should_see("Nota")
    await until(lambda: true_of(lambda: len(rows(real)) == 2))
    press(real, "Nota")
    next(iter(real.find(kind=ui.textarea).elements)).value = "Cuidado, já reclamou."
    press(real, "Resposta")
    field = next(iter(real.find(kind=ui.textarea).elements))
    assert field.value == ""
    field.value = "Bom dia!"
    press_row(real, other)
    await until(lambda: true_of(lambda: field.is_deleted))
    between = next(iter(real.find(kind=ui.textarea).elements))
    press_row(real, one)
    await until(lambda: true_of(lambda: between.is_deleted))
    field = next(iter(real.find(kind=ui.textarea).elements))
    assert field.value == "Bom dia!"
    press(real, "Nota")
    assert field.value == "Cuidado, já reclamou."


async def test_what_was_said_on_a_phone_and_told_late_holds_up_no_answer(
    real: User, owner_db: asyncpg.Connection, owner: Actor, customers: Customers
) -> None:
    one = await customers.wrote(0, "Chegou?")
    row = await owner_db.fetchrow("select contact_id, channel_id, address from conversation where id = $1", one)
    said = now() - timedelta(minutes=5)
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        echo = Echo(
            row["channel_id"], row["contact_id"], "e1", row["address"], Text(text="Já vou"), said, MessageOrigin.PHONE_APP
        )
        await echoes.store(w, echo)
    await real.open(f"/inbox/{one}")
    await real.should_see("Já vou")
    write(real, "Chegou sim.")

    async def went() -> bool:
        return "Chegou sim." in await answers(owner_db, owner)

    await until(went)


async def test_taking_and_closing_leave_lines_and_the_list_follows(
    real: User, owner_db: asyncpg.Connection, customers: Customers
) -> None:
    one = await customers.wrote(0, "Oi")
    await real.open(f"/inbox/{one}")
    await real.should_see("Assumir")
    click(real, "Assumir")
    await real.should_see("assumiu a conversa")
    click(real, "Encerrar")
    await real.should_see("Reabrir")
    await until(lambda: true_of(lambda: rows(real) == []))
    await real.should_see("Nenhuma conversa aberta")
    click(real, "Reabrir")
    await until(lambda: true_of(lambda: rows(real) == ["Pessoa 0"]))
    choose(real, "Amanhã de manhã")
    await real.should_see("Adiada até")
    assert await owner_db.fetchval("select state from conversation where id = $1", one) == "snoozed"


async def test_what_comes_in_is_added_where_it_belongs(
    real: User, owner_db: asyncpg.Connection, owner: Actor, customers: Customers
) -> None:
    one = await customers.wrote(0, "Primeira")
    await real.open(f"/inbox/{one}")
    await real.should_see("Primeira")
    drawn = next(iter(real.find("Primeira").elements))
    row = await owner_db.fetchrow("select * from inbound_message where company_id = $1", owner.company_id)
    entry = await owner_db.fetchval(
        "insert into inbound_message(company_id, channel_id, contact_id, provider_id, address, kind, body, content, received_at)"
        " values ($1, $2, $3, 'later', $4, 'text', 'Segunda', $5::jsonb, now()) returning id",
        owner.company_id, row["channel_id"], row["contact_id"], row["address"], content_json("text", "Segunda"),
    )  # fmt: skip
    hear(ConversationEntryAdded(conversation_id=one, contact_id=row["contact_id"], entry_id=entry))
    await real.should_see("Segunda")
    assert not drawn.is_deleted


async def test_views_stand_in_the_address_and_say_what_they_are_for(real: User, customers: Customers) -> None:
    await customers.wrote(0, "Oi")
    await real.open("/inbox?view=mine")
    await real.should_see("Nada espera por você")
    click(real, "Ver as sem dono")
    await listing(real, "Pessoa 0")
    await real.open("/inbox?view=open&q=ninguém")
    await real.should_see("Nada encontrado")


async def test_a_conversation_that_is_gone_says_so(real: User) -> None:
    await real.open(f"/inbox/{uuid4()}")
    await real.should_see("Esta conversa não está mais aqui")


async def test_a_search_shows_the_found_line_and_opens_the_thread_there(
    real: User, owner_db: asyncpg.Connection, owner: Actor, customers: Customers, as_owner: ApiClient
) -> None:
    one = await customers.wrote(0, "Qual o prazo de entrega?")
    row = await owner_db.fetchrow("select contact_id, channel_id from conversation where id = $1", one)
    await owner_db.execute(
        "insert into inbound_message(company_id, channel_id, contact_id, provider_id, address, kind, body, content, received_at)"
        " select $1, $2, $3, gen_random_uuid()::text, '+55119', 'text', t, jsonb_build_object('kind', 'text', 'text', t),"
        " now() + g * interval '1 second' from (select g, 'Depois ' || g as t from generate_series(1, 300) g) m",
        owner.company_id,
        row["channel_id"],
        row["contact_id"],
    )
    await owner_db.execute("update conversation set state = 'closed', closed_at = now() where id = $1", one)
    await real.open("/inbox?q=prazo")
    await real.should_see("Só esta lista foi pesquisada.")
    click(real, "Buscar em todas as conversas")
    assert real.client is not None
    shown = real.client.elements

    async def marked() -> bool:
        found = [part for each in shown.values() for part in (each.props.get("row") or {}).get("found") or []]
        return [text for hit, text in found if hit] == ["prazo"]

    await until(marked)
    press_row(real, one)
    await real.should_see("Qual o prazo de entrega?")
    await real.should_see("Depois 14")
    await real.should_not_see("Depois 300")
    await real.should_see("Mensagens mais novas")
    down = next(each for each in real.client.elements.values() if "m-thread-down" in each.classes)
    happen(real, down, "click")
    await real.should_see("Depois 300")
    await real.should_not_see("Qual o prazo de entrega?")


async def test_reading_on_from_what_was_found_closes_the_gap(
    real: User, owner_db: asyncpg.Connection, owner: Actor, customers: Customers
) -> None:
    one = await customers.wrote(0, "Qual o prazo de entrega?")
    row = await owner_db.fetchrow("select contact_id, channel_id from conversation where id = $1", one)
    await owner_db.execute(
        "insert into inbound_message(company_id, channel_id, contact_id, provider_id, address, kind, body, content, received_at)"
        " select $1, $2, $3, gen_random_uuid()::text, '+55119', 'text', t, jsonb_build_object('kind', 'text', 'text', t),"
        " now() + g * interval '1 second' from (select g, 'Depois ' || g as t from generate_series(1, 90) g) m",
        owner.company_id,
        row["channel_id"],
        row["contact_id"],
    )
    entry = await owner_db.fetchval(
        "select id from inbound_message where company_id = $1 and body like 'Qual%'", owner.company_id
    )
    await real.open(f"/inbox/{one}?at={entry}")
    await real.should_see("Depois 44")  # the list shows the first message too: only now the thread is there
    await real.should_not_see("Depois 90")
    assert real.client is not None
    scroll = next(each for each in real.client.elements.values() if "m-thread-scroll" in each.classes)
    happen(real, scroll, "scroll", "near")
    await real.should_see("Depois 90")
    await real.should_see("Qual o prazo de entrega?")
    down = next(each for each in real.client.elements.values() if "m-thread-down" in each.classes)
    assert not down.visible
