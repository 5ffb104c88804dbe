"""A draft that lacks a template: from its message step to writing one, and back."""

from urllib.parse import quote

import asyncpg
from nicegui.testing import User

from api.contract.events import TemplatesChanged
from db.ids import uuid7
from db.tenancy import Actor
from tests import factories
from tests.ui.interactions import click, field, hear, press, until


async def test_who_writes_a_template_for_a_draft_comes_back_to_it(real: User, owner_db: asyncpg.Connection, owner: Actor) -> None:
    await factories.channel(owner_db, owner, name="Outra loja")
    channel = await factories.channel(owner_db, owner, name="Loja do centro")
    draft = await factories.campaign(owner_db, owner, channel, name="Dia das Mães")
    here = f"/campaigns/{draft}/edit?step=message"
    await real.open(here)
    await real.should_see("Nenhum modelo aprovado ainda", retries=30)
    click(real, "Escrever um modelo")
    await real.should_see("como seu cliente vê", retries=30)
    field(real, "Nome").value = "Dia das Mães"
    field(real, "Mensagem").value = "Chegou o presente da sua mãe."
    await real.should_see("No WhatsApp: dia_das_maes", retries=30)
    await real.should_see("quem não acha a saída bloqueia", retries=30)
    click(real, "Enviar para revisão")
    sql = "select status from template where company_id = $1 and channel_id = $2 and name = 'dia_das_maes'"
    assert await until(lambda: owner_db.fetchval(sql, owner.company_id, channel)) == "pending"
    await real.should_see("O WhatsApp está analisando este texto", retries=30)
    of_draft = "select t.name from campaign k join template t on t.id = k.template_id where k.id = $1"
    assert await until(lambda: owner_db.fetchval(of_draft, draft)) == "dia_das_maes"


async def test_who_writes_on_the_page_of_templates_comes_back_to_the_draft(
    real: User, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    await factories.channel(owner_db, owner, name="Outra loja")
    channel = await factories.channel(owner_db, owner, name="Loja do centro")
    draft = await factories.campaign(owner_db, owner, channel, name="Dia das Mães")
    await real.open(f"/templates/new?back={quote(f'/campaigns/{draft}/edit?step=message', safe='')}")
    await real.should_see("Voltar à campanha", retries=30)
    await real.should_see("como seu cliente vê", retries=30)
    assert field(real, "Canal").value == channel, "the draft's own, not the first"
    field(real, "Começar com um texto pronto (opcional)").value = "appointment"
    await real.should_see("lembramos do seu horário em 12/03 às 14h30", retries=30)
    await real.should_see("Nada que o WhatsApp recusaria.", retries=30)
    click(real, "Enviar para revisão")
    sql = "select components::text from template where company_id = $1 and name = 'lembrete_de_horario' and category = 'utility'"
    assert "Preciso remarcar" in await until(lambda: owner_db.fetchval(sql, owner.company_id))
    await real.should_see("O WhatsApp está analisando este texto", retries=30)


PHOTO = [{"type": "HEADER", "format": "IMAGE"}, {"type": "BODY", "text": "Chegou a coleção."}]


async def test_the_picture_of_the_review_goes_with_the_draft(real: User, owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel = await factories.channel(owner_db, owner, name="Loja do centro")
    template = await factories.template(owner_db, owner, channel, components=PHOTO)
    await factories.contacts(owner_db, owner, 1)
    contact = await owner_db.fetchval("select id from contact where company_id = $1", owner.company_id)
    picture = await factories.message_file(owner_db, owner, channel, contact)
    await owner_db.execute("update template set sample_file_id = $2 where id = $1", template, picture)
    draft = await factories.campaign(owner_db, owner, channel, name="Dia das Mães")
    await real.open(f"/campaigns/{draft}/edit?step=message")
    await real.should_see("Chegou a coleção.")
    press(real, "Chegou a coleção.")
    await real.should_see("Foto no topo")
    await real.should_see("O que o WhatsApp analisou")
    of_draft = "select header_file_id from campaign where id = $1 and header_file_id is not null"
    assert await until(lambda: owner_db.fetchval(of_draft, draft)) == picture


async def test_a_refused_template_is_mended_in_the_draft(real: User, owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel = await factories.channel(owner_db, owner, name="Loja do centro")
    plain = [{"type": "BODY", "text": "Chegou a coleção, veja bit.ly/x agora"}]
    template = await factories.template(owner_db, owner, channel, "rejected", components=plain)
    await owner_db.execute("update template set rejected_reason = 'SCAM' where id = $1", template)
    draft = await factories.campaign(owner_db, owner, channel, template, name="Dia das Mães", bindings="[]")
    await real.open(f"/campaigns/{draft}/edit?step=message")
    await real.should_see("parece golpe")
    click(real, "Corrigir aqui")
    await real.should_see("como seu cliente vê")
    field(real, "Mensagem").value = "Chegou a coleção, veja na loja."
    click(real, "Enviar para revisão")
    said = "select components::text from template where id = $1 and status = 'pending'"
    assert "veja na loja" in await until(lambda: owner_db.fetchval(said, template))
    await real.should_see("O WhatsApp está analisando este texto")


async def test_the_end_of_a_review_leads_back_to_the_draft(real: User, owner: Actor) -> None:
    await real.open("/templates")
    await real.should_see("Ainda sem modelo")
    scripts: list[str] = []
    assert real.client is not None
    real.client.run_javascript = lambda code, **_named: scripts.append(code)  # type: ignore[method-assign,assignment,return-value]
    hear(TemplatesChanged(channel_id=uuid7(), reviewed="approved", name="promo", campaign_id=uuid7()))

    async def told() -> bool:
        return any("promo" in one and "Ir para a campanha" in one for one in scripts)

    await until(told)
