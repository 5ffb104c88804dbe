"""The hours of sending: what deleting a rule says is what it does."""

from datetime import timedelta

import asyncpg
from nicegui.testing import User

from api.contract.costs import SendHoursSet
from db.clock import now
from db.messages import ledger, loosened
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work
from tests.ui.interactions import click, press_labelled, until
from tests.workers.test_gated import PEOPLE, running, step
from ui.client import costs
from ui.client.base import ApiClient


async def test_deleting_a_rule_says_that_whom_it_holds_gets_the_message_now_and_so_it_is(
    real: User, owner_db: asyncpg.Connection, owner: Actor, as_owner: ApiClient
) -> None:
    channel, campaign = await running(owner_db, owner, "{}")
    later = (now() + timedelta(days=2)).weekday()
    await costs.add_hours(as_owner, SendHoursSet(name="Depois", weekdays=[later], opens=0, closes=1440))
    assert await step(owner, channel, campaign) == (0, None)
    await real.open("/settings/costs?tab=hours")
    for text in ("Horários de ligações", "Brasil, DDDs 21, 22, 24", "O que não chega", "Estados Unidos"):
        await real.should_see(text, retries=20)
    await real.should_see("Segunda a sexta, das 08:00 às 18:00")
    await real.should_see("nunca em feriados · no máximo 2 ligações por pessoa em um dia · 3 em uma semana", retries=5)
    await press_labelled(real, "Excluir Depois")
    await real.should_see("Excluir a regra “Depois”?", retries=20)
    await real.should_see("Quem só esta regra retém recebe a mensagem agora.")
    click(real, "Excluir")

    async def gone() -> bool:
        return not await owner_db.fetchval("select exists (select from send_hours where company_id = $1)", owner.company_id)

    await until(gone)
    assert await loosened.release(owner.company_id) == PEOPLE  # the job that the deletion wrote
    assert await owner_db.fetchval("select count(*) from job where company_id = $1 and name = 'ReleaseHeld'", owner.company_id)
    async with work(owner, Permission.CAMPAIGNS_SEND) as w:
        assert len(await ledger.claim(w, channel, campaign, limit=100, units=100)) == PEOPLE
