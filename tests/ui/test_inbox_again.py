"""What became of an answer, under it: ticks, why it did not go, and the button that sends it once more."""

from typing import Any
from uuid import UUID

import asyncpg
import pytest
from nicegui import ui
from nicegui.testing import User

from api.contract.events import ConversationChanged
from db.tenancy import Actor
from tests import factories
from tests.ui.interactions import click, hear, press, true_of, until
from tests.ui.test_inbox import Customers, happen, listing, rows, updated, write
from ui.components.menus import Lines


@pytest.fixture
async def customers(owner_db: asyncpg.Connection, owner: Actor) -> Customers:
    return Customers(owner_db, owner, await factories.channel(owner_db, owner))


def of_class(user: User, name: str) -> list[Any]:
    assert user.client is not None
    return [one for one in user.client.elements.values() if name in one.classes]


def key_pressed(user: User, name: str) -> None:
    assert user.client is not None
    happen(user, user.client.layout, "key", name)


def ticks(user: User) -> list[tuple[str, str]]:
    """Name and symbol of each."""
    found = [one for one in of_class(user, "m-tick") if isinstance(one, ui.icon)]
    assert all(one.props["aria-hidden"] == "false" for one in found), "heard too"
    return [(one.props["aria-label"], one.name) for one in found]


async def test_an_answer_shows_how_far_it_came_and_is_sent_again(
    real: User, owner_db: asyncpg.Connection, owner: Actor, customers: Customers
) -> None:
    one = await customers.wrote(0, "Chega hoje?")
    await real.open(f"/inbox/{one}")
    await real.should_see("Chega hoje?")
    write(real, "Chega amanhã")
    await until(lambda: true_of(lambda: ticks(real) == [("Na fila", "sym_r_schedule")]))
    contact: UUID = await owner_db.fetchval("select contact_id from conversation where id = $1", one)

    async def becomes(state: int, **more: object) -> None:
        sets = "".join(f", {name} = ${place}" for place, name in enumerate(more, 3))
        await owner_db.execute(
            f"update message set state = $2 {sets} where company_id = $1", owner.company_id, state, *more.values()
        )
        hear(ConversationChanged(contact_id=contact))

    for state, shown in ((3, ("Enviada", "sym_r_check")), (4, ("Entregue", "sym_r_done_all")), (5, ("Lida", "sym_r_done_all"))):
        await becomes(state)
        await until(lambda shown=shown: true_of(lambda: ticks(real) == [shown]))
    assert len(of_class(real, "m-tick-read")) == 1
    assert not of_class(real, "m-thread-again")

    await becomes(6, reason="temporary")
    await until(
        lambda: true_of(lambda: [name for name, _ in ticks(real)] == ["Falhou"] and len(of_class(real, "m-thread-again")) == 1)
    )
    await owner_db.execute("update conversation set version = version + 1 where id = $1", one)
    await updated(owner_db, one)
    await until(
        lambda: true_of(
            lambda: [row.props["row"]["fell"] for row in of_class(real, "m-inbox-row") if "row" in row.props] == ["Não enviada"]
        )
    )
    [scroll] = of_class(real, "m-thread-scroll")
    message: UUID = await owner_db.fetchval("select id from message where company_id = $1", owner.company_id)
    happen(real, scroll, "click", {"entry": str(message), "again": True})
    await until(lambda: true_of(lambda: ticks(real) == [("Na fila", "sym_r_schedule")]))
    assert not of_class(real, "m-thread-again")

    await becomes(7)
    await until(lambda: true_of(lambda: len(of_class(real, "m-thread-again")) == 1))
    happen(real, scroll, "click", {"entry": str(message), "again": True})
    await real.should_see("Enviar esta mensagem de novo?")
    click(real, "Enviar de novo")
    await until(lambda: true_of(lambda: ticks(real) == [("Na fila", "sym_r_schedule")]))
    await real.should_see("talvez duas vezes")
    assert await owner_db.fetchval("select count(*) from message where company_id = $1", owner.company_id) == 1


async def test_all_conversations_are_a_list_and_keys_reach_every_menu(
    real: User, owner_db: asyncpg.Connection, owner: Actor, customers: Customers
) -> None:
    one, closed = await customers.wrote(0, "Oi"), await customers.wrote(1, "Obrigada!")
    await owner_db.execute("update conversation set state = 'closed', closed_at = now() where id = $1", closed)
    await real.open(f"/inbox/{one}")
    await listing(real, "Pessoa 0")
    assert rows(real) == ["Pessoa 0"]
    press(real, "Todas")
    await until(lambda: true_of(lambda: set(rows(real)) == {"Pessoa 0", "Pessoa 1"}))

    menus = [menu for menu in real.find(kind=ui.menu).elements if menu.value]
    assert not menus
    for key, says in (("o", "Ninguém"), ("l", "Urgente")):
        key_pressed(real, key)
        await until(lambda: true_of(lambda: any(menu.value for menu in real.find(kind=ui.menu).elements)))
        [menu] = [menu for menu in real.find(kind=ui.menu).elements if menu.value]
        assert any(entry.text == says for inner in menu.descendants() if isinstance(inner, Lines) for entry in inner.entries)
        menu.value = False
    await owner_db.execute("update conversation set unread_at = '{}', unanswered_at = '{}' where id = $1", one)
    key_pressed(real, "u")
    await real.should_see("Escolha uma conversa")
    assert await owner_db.fetchval("select unread > 0 from conversation where id = $1", one)
