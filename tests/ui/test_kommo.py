"""Kommo on the screen: connected to the simulator, rules and stages chosen, what failed tried again."""

import asyncpg
from nicegui import ui
from nicegui.testing import User

from api.contract.contacts import ContactCreate
from api.contract.enums import KommoWay
from api.contract.kommo import KommoConnect
from db.tenancy import Actor
from tests.ui.interactions import click, field, until
from ui.client import boards, contacts
from ui.client import kommo as client
from ui.client.base import ApiClient

_PIPELINES = (
    '[{"id": 701, "name": "Vendas", "statuses": [{"id": 7011, "name": "Contato inicial"}, {"id": 142, "name": "Ganho"}]}]'
)


async def test_kommo_is_connected_by_a_token_whose_address_is_looked_at(real: User, as_owner: ApiClient) -> None:
    await client.disconnect(as_owner)
    await real.open("/integrations")
    await real.should_see("Kommo")
    await real.should_see("Zapier, Make e n8n")
    await real.open("/integrations/kommo")
    await real.should_see("O Kommo não está conectado")
    click(real, "Conectar")
    await real.should_see("Token de longa duração (o mais simples)")
    field(real, "Endereço da conta").set_value("exemplo.com")
    field(real, "Token").set_value("secret-token")
    click(real, "Conectar")
    await real.should_see("Escreva o endereço da sua conta no Kommo")
    field(real, "Endereço da conta").set_value("lojaaurora.kommo.com")
    click(real, "Conectar")
    await real.should_see("Verificando")
    assert (await client.connection(as_owner)).host == "lojaaurora.kommo.com"
    await real.should_not_see("secret-token")


async def test_rules_and_stages_are_chosen_and_what_failed_is_tried_again(
    real: User, as_owner: ApiClient, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    await client.connect(as_owner, KommoConnect(way=KommoWay.SANDBOX), (await client.connection(as_owner)).version)
    await owner_db.execute(
        "update kommo_connection set state = 'ready', account_name = 'Loja Aurora', pipelines = $2::jsonb where company_id = $1",
        owner.company_id,
        _PIPELINES,
    )
    await real.open("/integrations/kommo?tab=rules")
    await real.should_see("Enviar contatos para o Kommo")
    (first, *_rest) = (await boards.boards(as_owner))[0].stages
    switch = next(one for one in real.find(kind=ui.switch).elements if one.props["aria-label"] == "Enviar contatos para o Kommo")
    switch.value = True
    field(real, first.name).set_value("701:7011")
    click(real, "Salvar")

    async def saved() -> bool:
        return (await client.connection(as_owner)).rules.push_contacts

    await until(saved)
    assert [(one.stage_id, one.status_id) for one in (await client.connection(as_owner)).stages] == [(first.id, 7011)]
    await owner_db.execute(
        "insert into kommo_task(company_id, kind, local_id, state, reason, done_at) values ($1, 'push_contact', uuidv7(), 'failed', 'kommo_refused', now())",
        owner.company_id,
    )
    await real.open("/integrations/kommo?tab=log")

    async def shown() -> list[str]:
        return [row["why"] for table in real.find(kind=ui.table).elements for row in table.rows]

    assert await until(shown) == ["O Kommo recusou o que foi enviado."]
    (task,) = (await client.tasks(as_owner, {})).items
    assert (await client.again(as_owner, task.id)).state == "unknown"
    person = await contacts.create_contact(as_owner, ContactCreate(name="Rita Kommo"))
    await real.open(f"/contacts/{person.id}")
    await real.should_see("Ainda não está lá.")
    click(real, "Enviar para o Kommo")
    await real.should_see("Está a caminho do Kommo.")
    assert [one.local_id for one in (await client.tasks(as_owner, {"kind": "push_contact"})).items].count(person.id) == 1
    await client.disconnect(as_owner)
    await real.open(f"/contacts/{person.id}")
    await real.should_see("Rita Kommo")
    await real.should_not_see("Enviar para o Kommo")
