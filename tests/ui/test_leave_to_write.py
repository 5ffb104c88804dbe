"""Nobody is let be written to again without a word on how they asked for it: the dialogs on a contact's page and in the list of who is not written to."""

import asyncpg
from nicegui import ui
from nicegui.elements.switch import Switch
from nicegui.testing import User
from nicegui.testing.user_interaction import UserInteraction

from api.contract.contacts import ContactCreate, ContactPatch
from api.contract.enums import Category
from db.tenancy import Actor
from tests.ui.interactions import click, field, until
from ui.client import consent, contacts
from ui.client.base import ApiClient


def _switch(user: User, name: str) -> Switch:
    found = [one for one in user.find(kind=ui.switch).elements if one.props["aria-label"] == name]
    return max(found, key=lambda one: one.id)


async def _switched(user: User, name: str, on: bool) -> None:
    async def so() -> bool:
        return _switch(user, name).value is on

    await until(so)


async def _let_go(user: User, address: str) -> None:
    async def listed() -> bool:
        return any(row["id"] == address for table in user.find(kind=ui.table).elements for row in table.rows)

    await until(listed)
    UserInteraction(user, {next(iter(user.find(kind=ui.table).elements))}, None).trigger("choice", [address, "lift"])


async def test_on_a_contacts_page_all_messages_and_those_of_a_category_ask_for_the_proof(real: User, as_owner: ApiClient) -> None:
    made = await contacts.create_contact(as_owner, ContactCreate(name="Beatriz", phone="11 98765-4321"))
    await contacts.change_contact(as_owner, made, ContactPatch(refuses=[Category.MARKETING]))
    await real.open(f"/contacts/{made.id}")
    await real.should_see("Ofertas e novidades")
    _switch(real, "Ofertas e novidades").value = True
    await real.should_see("Quer receber de novo: Ofertas e novidades")
    await _switched(real, "Ofertas e novidades", False)  # nothing holds before it is written down
    click(real, "Salvar")
    await real.should_see("Preencha este campo.")
    assert (await contacts.contact(as_owner, made.id)).refuses == [Category.MARKETING]
    field(real, "Como se comprova").value = "Pediu no balcão"
    click(real, "Salvar")
    await real.should_see("Anotado.")
    await _switched(real, "Ofertas e novidades", True)
    assert (await contacts.contact(as_owner, made.id)).refuses == []

    found = await contacts.contact(as_owner, made.id)
    await contacts.change_contact(as_owner, found, ContactPatch(opted_out=True))
    await real.open(f"/contacts/{made.id}")
    await real.should_see("Pode receber mensagens")
    await _switched(real, "Pode receber mensagens", False)
    _switch(real, "Pode receber mensagens").value = True
    await real.should_see("Pode receber mensagens de novo")
    await _switched(real, "Pode receber mensagens", False)
    click(real, "Cancelar")
    assert (await contacts.contact(as_owner, made.id)).opted_out_at is not None
    await real.open(f"/contacts/{made.id}")
    await real.should_see("Pode receber mensagens")
    _switch(real, "Pode receber mensagens").value = True
    await real.should_see("Pode receber mensagens de novo")
    field(real, "Como se comprova").value = "Ficha assinada na loja"
    click(real, "Salvar")
    await real.should_see("Anotado.")
    await _switched(real, "Pode receber mensagens", True)
    assert (await contacts.contact(as_owner, made.id)).opted_out_at is None
    entries = await consent.entries(as_owner, made.id)
    assert [(one.allowed, one.category, one.note) for one in entries if one.allowed] == [
        (True, None, "Ficha assinada na loja"),
        (True, Category.MARKETING, "Pediu no balcão"),
    ]


async def test_in_the_list_of_who_is_not_written_to_an_address_is_let_go_with_its_proof(
    real: User, owner_db: asyncpg.Connection, owner: Actor, as_owner: ApiClient
) -> None:
    await owner_db.executemany(
        "insert into suppression(company_id, address, source) values ($1, $2, 'keyword')",
        [(owner.company_id, address) for address in ("+5511987654321", "+5511987650000")],
    )
    await real.open("/contacts/blocked")
    await _let_go(real, "+5511987654321")
    await real.should_see("Deixar +55 11 98765-4321 receber mensagens de novo?")
    click(real, "Salvar")
    await real.should_see("Preencha este campo.")
    field(real, "Como se comprova").value = "Ligou para a loja em 12 de maio"
    click(real, "Salvar")

    async def left() -> list[str]:
        return [
            row["address"]
            for row in await owner_db.fetch("select address from suppression where company_id = $1 order by 1", owner.company_id)
        ]

    async def gone() -> bool:
        return await left() == ["+5511987650000"]

    await until(gone)
    said = await owner_db.fetchrow("select allowed, note, address from consent_entry where company_id = $1", owner.company_id)
    assert tuple(said) == (True, "Ligou para a loja em 12 de maio", "+5511987654321")

    await _let_go(real, "+5511987650000")
    await owner_db.execute("delete from suppression where company_id = $1", owner.company_id)  # a colleague was quicker
    field(real, "Como se comprova").value = "Pediu no balcão"
    click(real, "Salvar")
    await real.should_see("Isto não está aqui, ou não está mais.")
    await real.should_see("Como se comprova")  # what was written is not lost
