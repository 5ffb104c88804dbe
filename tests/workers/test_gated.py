"""What a lane does about hours and money, in the transaction of its claim: nobody leaves who may not."""

from datetime import timedelta
from uuid import UUID

import asyncpg
import pytest

from db.campaigns import actions, gate, lifecycle, rules
from db.campaigns.rules import SendHours
from db.channels.secrets import load_channel
from db.clock import now
from db.costs.enums import CapScope
from db.messages import ledger
from db.messages.enums import MessageState
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work
from tests import factories
from workers import gated

PEOPLE = 6


async def running(db: asyncpg.Connection, owner: Actor, settings: str) -> tuple[UUID, UUID]:
    channel = await factories.channel(db, owner)
    template = await factories.template(db, owner, channel)
    await factories.contacts(db, owner, PEOPLE)
    campaign = await factories.campaign(db, owner, channel, template, settings=settings)
    await actions.launch(owner, campaign, None)
    await lifecycle.prepare(owner.company_id, campaign)
    return channel, campaign


async def step(owner: Actor, channel_id: UUID, campaign: UUID) -> tuple[int, CapScope | None]:
    """A claim with everything that a lane asks of hours and money; how many would leave."""
    async with work(owner, Permission.CAMPAIGNS_SEND) as w:
        channel = await load_channel(w, channel_id)
        assert channel is not None
        batch = await ledger.claim(w, channel_id, campaign, limit=4, units=100)
        asked = await gate.ask(w, campaign)
        batch = await gated.by_hours(w, channel, campaign, asked, batch)
        batch, stop = await gated.by_money(w, channel, asked, batch)
    return len(batch), stop.scope if stop is not None else None


async def test_outside_of_the_hours_all_wait_and_nothing_leaves(owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel, campaign = await running(owner_db, owner, "{}")
    tomorrow = (now() + timedelta(days=2)).weekday()
    await rules.add(owner, SendHours(campaign, "Depois", "", "", [tomorrow], 0, 1440, False, None, None, ""))
    assert await step(owner, channel, campaign) == (0, None)
    rows = await owner_db.fetch(
        "select state, reason, tries, next_at > now() + interval '12 hours' as later from message where campaign_id = $1",
        campaign,
    )
    assert {(row["state"], row["tries"], row["later"]) for row in rows} == {(MessageState.QUEUED, 0, True)}
    assert [row["reason"] for row in rows] == ["quiet_hours"] * PEOPLE  # so that all are found when the hours are loosened
    assert await step(owner, channel, campaign) == (0, None)


@pytest.mark.parametrize(("most", "leave", "stop"), [(3, 3, CapScope.CAMPAIGN), (4, 4, None), (0, 0, CapScope.CAMPAIGN)])
async def test_what_passes_the_limit_stays_and_the_rest_goes(
    owner_db: asyncpg.Connection, owner: Actor, most: int, leave: int, stop: CapScope | None
) -> None:
    settings = f'{{"max_cost_micro": {most * 62_500}, "max_cost_currency": "USD"}}'
    channel, campaign = await running(owner_db, owner, settings)
    assert await step(owner, channel, campaign) == (leave, stop)
    held = await owner_db.fetchval(
        "select count(*) from message where campaign_id = $1 and reason = 'spend_cap' and state = 0", campaign
    )
    assert held == 4 - leave
