"""A draft that lacks a template: from its message step to writing one, and back."""

from urllib.parse import quote

import asyncpg
from nicegui.testing import User

from db.tenancy import Actor
from tests import factories
from tests.ui.interactions import click, field, until


async def test_who_writes_a_template_for_a_draft_comes_back_to_it(real: User, owner_db: asyncpg.Connection, owner: Actor) -> None:
    await factories.channel(owner_db, owner, name="Outra loja")
    channel = await factories.channel(owner_db, owner, name="Loja do centro")
    draft = await factories.campaign(owner_db, owner, channel, name="Dia das Mães")
    here = f"/campaigns/{draft}/edit?step=message"
    await real.open(here)
    await real.should_see("Nenhum modelo aprovado ainda", retries=30)
    to = next(one for one in real.find("Escrever um modelo").elements).props["href"]
    assert to == f"/templates/new?back={quote(here, safe='')}"
    await real.open(to)
    await real.should_see("Voltar à campanha", retries=30)
    await real.should_see("como seu cliente vê", retries=30)
    assert field(real, "Canal").value == channel, "the draft's own, not the first"
    field(real, "Nome").value = "dia_das_maes"
    field(real, "Mensagem").value = "Chegou o presente da sua mãe."
    click(real, "Enviar para revisão")
    sql = "select status from template where company_id = $1 and channel_id = $2"
    assert await until(lambda: owner_db.fetchval(sql, owner.company_id, channel)) == "pending"
    await real.should_see("O WhatsApp ainda analisa seus modelos", retries=30)
