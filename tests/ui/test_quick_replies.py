"""Quick replies where one answers: a text comes into the field, one with buttons is looked at and sent from there."""

import asyncpg
import pytest
from nicegui import ui
from nicegui.testing import User

from api.contract.conversations import QuickReply, QuickReplyCreate
from api.contract.replies import ReplyButton
from db.tenancy import Actor
from tests import factories
from tests.ui.interactions import click, press, until
from tests.ui.test_inbox import Customers
from ui.client.base import ApiClient

WITH_BUTTONS = QuickReplyCreate(shortcut="cor", text="Qual cor?", buttons=[ReplyButton(title="Azul"), ReplyButton(title="Verde")])


@pytest.fixture
async def customers(owner_db: asyncpg.Connection, owner: Actor) -> Customers:
    return Customers(owner_db, owner, await factories.channel(owner_db, owner))


async def offered(user: User, word: str) -> ui.textarea:
    """The field, once it was written in and the quick reply was chosen."""
    field = next(iter(user.find(kind=ui.textarea).elements))
    field.value = word[:-1]
    await user.should_see(word)
    press(user, word)
    return field


async def test_a_text_is_found_by_its_shortcut(real: User, customers: Customers, as_owner: ApiClient) -> None:
    await as_owner.post("/v1/quick-replies", QuickReply, QuickReplyCreate(shortcut="horario", text="Das 9h às 18h."))
    one = await customers.wrote(0, "Que horas abre?")
    await real.open(f"/inbox/{one}")
    await real.should_see("O WhatsApp aceita texto livre por mais")
    assert (await offered(real, "/horario")).value == "Das 9h às 18h."


async def test_one_with_buttons_is_seen_and_sent_with_them(
    real: User, owner_db: asyncpg.Connection, owner: Actor, customers: Customers, as_owner: ApiClient
) -> None:
    await as_owner.post("/v1/quick-replies", QuickReply, WITH_BUTTONS)
    one = await customers.wrote(0, "Ainda tem?")
    await real.open(f"/inbox/{one}")
    await real.should_see("O WhatsApp aceita texto livre por mais")
    field = await offered(real, "/cor")
    await real.should_see("Mensagem com botões")
    assert field.value == ""
    click(real, "Enviar")

    async def went() -> bool:
        rows = await owner_db.fetch("select content::text from message where company_id = $1", owner.company_id)
        return len(rows) == 1 and all(word in rows[0]["content"] for word in ('"buttons"', "Qual cor?", "Azul", "Verde"))

    await until(went)


async def test_where_no_buttons_are_taken_the_text_is_left(
    real: User, owner_db: asyncpg.Connection, owner: Actor, as_owner: ApiClient
) -> None:
    await as_owner.post("/v1/quick-replies", QuickReply, WITH_BUTTONS)
    one = await Customers(owner_db, owner, await factories.channel(owner_db, owner, "sms")).wrote(0, "Ainda tem?")
    await real.open(f"/inbox/{one}")
    await real.should_see("/ para respostas rápidas")
    field = await offered(real, "/cor")
    assert field.value == "Qual cor?"
    await real.should_see("Este canal não aceita botões")
