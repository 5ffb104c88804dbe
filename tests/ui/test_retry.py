"""Trying failed messages again from the live page."""

import asyncpg
from nicegui.testing import User

from db.tenancy import Actor
from tests.ui.interactions import click
from tests.ui.test_campaigns import launched
from ui.client.base import ApiClient


async def test_a_retry_within_the_day_that_whatsapp_counts_is_asked_about(
    real: User, owner_db: asyncpg.Connection, owner: Actor, as_owner: ApiClient
) -> None:
    campaign_id = await launched(owner_db, owner, as_owner)
    await owner_db.execute(
        "update message set state = 6, reason = 'marketing_cap', code = 131049 where company_id = $1", owner.company_id
    )
    await real.open(f"/campaigns/{campaign_id}")
    await real.should_see("Tentar de novo", retries=30)
    real.find("Tentar de novo").click()
    await real.should_see("Tentar 4 mensagens de novo agora?", retries=30)
    queued = "select count(*) from message where company_id = $1 and state = 0"
    assert await owner_db.fetchval(queued, owner.company_id) == 0
    click(real, "Tentar agora")
    await real.should_see("4 mensagens voltaram para a fila.", retries=30)
