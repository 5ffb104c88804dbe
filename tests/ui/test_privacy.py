"""Privacy, as people meet it: the page of rules and receipts, and the contact's menu."""

from datetime import timedelta
from uuid import UUID

import asyncpg
from nicegui import ui
from nicegui.testing import User

from db import blobs
from db.clock import now
from db.ids import first_of
from db.jobs import EraseContact, ExportContact
from db.settings import Settings
from db.tenancy import Actor
from tests import factories
from tests.ui.interactions import choose, click
from ui.client.base import ApiClient
from workers.privacy import job


async def test_a_person_is_handed_out_and_erased_from_their_menu(
    real: User, as_owner: ApiClient, owner_db: asyncpg.Connection, owner: Actor, settings: Settings
) -> None:
    blobs.connect(settings)
    await factories.contacts(owner_db, owner, 1)
    contact = await owner_db.fetchval("select id from contact where company_id = $1", owner.company_id)
    await real.open(f"/contacts/{contact}")
    await real.should_see("Dados", retries=30)
    choose(real, "Baixar todos os dados")
    await real.should_see("Um ZIP com tudo", retries=30)
    export = await owner_db.fetchval("select id from contact_export where company_id = $1", owner.company_id)
    await job.export(owner.company_id, ExportContact(export_id=export))
    answer = await real.http_client.get(f"/contacts/exports/{export}/file")
    assert (answer.headers["content-type"], answer.content[:2]) == ("application/zip", b"PK")
    assert (await real.http_client.get(f"/contacts/exports/{UUID(int=1)}/file")).status_code == 404

    await real.open(f"/contacts/{contact}")
    await real.should_see("Dados", retries=30)
    choose(real, "Apagar todos os dados")
    await real.should_see("Não há volta", retries=30)
    assert await owner_db.fetchval("select count(*) from erasure where company_id = $1", owner.company_id) == 0
    click(real, "Apagar de vez")
    await real.should_see("Os dados estão sendo apagados", retries=30)
    erasure = await owner_db.fetchval("select id from erasure where company_id = $1", owner.company_id)
    await job.erase(owner.company_id, EraseContact(erasure_id=erasure))
    await real.open("/settings/privacy")
    await real.should_see("Pedido por Ana Lima", retries=30)
    real.find(kind=ui.button, content="Conferir").click()
    await real.should_see("O comprovante é autêntico", retries=30)


async def test_what_would_be_deleted_is_asked_first(
    real: User, as_owner: ApiClient, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    await real.open("/settings/privacy")
    await real.should_see("Ninguém foi apagado ainda", retries=30)
    await real.should_see("Apagar sozinho", retries=30)
    await real.should_see("Pelo menos 184 dias: a lei manda guardar os registros de acesso por seis meses")
    await real.should_see("A prova de consentimento (LGPD, art. 8º)")
    field = min(real.find(kind=ui.number).elements, key=lambda one: one.id)
    field.value = 30
    at = now() - timedelta(days=300)
    await owner_db.execute(
        "insert into audit_log(company_id, id, at, actor_kind, action) values ($1, $2, $3, 'worker', 'tag.renamed')",
        owner.company_id, first_of(at), at,
    )  # fmt: skip
    max(real.find(kind=ui.number).elements, key=lambda one: one.id).value = 200
    real.find("Salvar").click()
    await real.should_see("Apagar o que é mais antigo?", retries=30)
    await real.should_see("Mensagens que perdem o texto: 0")
    await real.should_see("Linhas do registro de auditoria: 1")
    await real.should_see("Eventos de webhooks: 0")
    assert await owner_db.fetchval("select count(*) from retention where company_id = $1", owner.company_id) == 0
    real.find("Apagar e salvar").click()
    await real.should_see("Salvo.", retries=30)
    found = await owner_db.fetchrow(
        "select message_days, audit_days, event_days from retention where company_id = $1", owner.company_id
    )
    assert found is not None
    assert tuple(found) == (30, 200, None)
