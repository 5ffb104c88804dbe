"""A limit of costs holds, also when two lanes claim at once; what surely was not sent does not count against it."""

import asyncio
from contextvars import copy_context
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from db.campaigns import actions, gate, lifecycle, money
from db.campaigns.enums import CampaignState
from db.clock import now
from db.costs import caps, rates
from db.costs import ledger as ledger_of_costs
from db.costs.enums import CapScope
from db.costs.ledger import Charge
from db.costs.rates import Rate
from db.errors import Conflict
from db.messages import ledger
from db.messages.enums import AttemptState, MessageState
from db.messages.ledger import Claimed, Result
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work
from tests import factories
from workers import gated

SEND = Permission.CAMPAIGNS_SEND
PRICE = 62_500


class Scene:
    """A running campaign to ten people."""

    def __init__(self, actor: Actor, channel_id: UUID, campaign_id: UUID) -> None:
        self.actor, self.channel_id, self.campaign_id = actor, channel_id, campaign_id

    async def claim(self, most: int) -> tuple[list[Claimed], CapScope | None]:
        """As a lane does; who does not fit goes back."""
        async with work(self.actor, SEND) as w:
            batch = await ledger.claim(w, self.channel_id, self.campaign_id, limit=most, units=1000)
            asked = await gate.ask(w, self.campaign_id)
            if asked is None:
                return batch, None
            admitted = await gate.afford(w, asked, batch)
            back = [
                self._result(one, MessageState.QUEUED, AttemptState.REJECTED)
                for one in batch
                if one.message_id not in admitted.go
            ]
            await ledger.finish(w, back, horizon=10)
        return [one for one in batch if one.message_id in admitted.go], admitted.stop

    def _result(self, one: Claimed, state: MessageState, attempt: AttemptState) -> Result:
        return Result(one.message_id, one.epoch, one.attempt_id, state, attempt, retry_in=0.0, reason="temporary", detail="x")

    async def fail(self, messages: list[Claimed]) -> None:
        async with work(self.actor, SEND) as w:
            await ledger.finish(
                w, [self._result(one, MessageState.FAILED, AttemptState.REJECTED) for one in messages], horizon=10
            )


async def scene(db: asyncpg.Connection, owner: Actor, settings: str = "{}", **columns: Any) -> Scene:
    channel = await factories.channel(db, owner, **columns)
    template = await factories.template(db, owner, channel)
    await factories.contacts(db, owner, 10)
    campaign = await factories.campaign(db, owner, channel, template, settings=settings)
    await actions.launch(owner, campaign, None)
    assert await lifecycle.prepare(owner.company_id, campaign) == 10
    return Scene(owner, channel, campaign)


LIMITED = f'{{"max_cost_micro": {3 * PRICE + 1}, "max_cost_currency": "USD"}}'


async def test_nobody_beyond_the_limit_goes(owner_db: asyncpg.Connection, owner: Actor) -> None:
    at = await scene(owner_db, owner, LIMITED)
    go, stop = await at.claim(2)
    assert (len(go), stop) == (2, None)
    go, stop = await at.claim(8)
    assert (len(go), stop) == (1, CapScope.CAMPAIGN)
    assert await at.claim(8) == ([], CapScope.CAMPAIGN)


async def test_what_surely_was_not_sent_makes_room_again(owner_db: asyncpg.Connection, owner: Actor) -> None:
    at = await scene(owner_db, owner, LIMITED)
    go, _ = await at.claim(3)
    await at.fail(go[:2])
    go, stop = await at.claim(5)
    assert (len(go), stop) == (2, CapScope.CAMPAIGN)


async def test_two_lanes_at_once_never_spend_the_same_money(owner_db: asyncpg.Connection, owner: Actor) -> None:
    at = await scene(owner_db, owner, LIMITED)
    tasks = [asyncio.create_task(at.claim(3), context=copy_context()) for _ in range(4)]
    assert sum(len(go) for go, _ in await asyncio.gather(*tasks)) == 3


async def test_the_companys_month_counts_all_campaigns_and_no_simulated_ones(owner_db: asyncpg.Connection, owner: Actor) -> None:
    await caps.set_month(owner, 2 * PRICE, "USD")
    rehearsal = await scene(owner_db, owner)
    assert len((await rehearsal.claim(10))[0]) == 10
    await owner_db.execute("delete from message where company_id = $1", owner.company_id)
    await owner_db.execute("delete from contact where company_id = $1", owner.company_id)
    first = await scene(owner_db, owner, sandbox=False)
    assert len((await first.claim(1))[0]) == 1
    await owner_db.execute("delete from contact where company_id = $1", owner.company_id)
    second = await scene(owner_db, owner, sandbox=False)
    go, stop = await second.claim(10)
    assert (len(go), stop) == (1, CapScope.MONTH)


async def test_a_limit_that_comes_later_counts_what_went_before(owner_db: asyncpg.Connection, owner: Actor) -> None:
    at = await scene(owner_db, owner)
    assert len((await at.claim(4))[0]) == 4
    await money.set_limit(owner, at.campaign_id, 5 * PRICE, "USD")
    go, stop = await at.claim(4)
    assert (len(go), stop) == (1, CapScope.CAMPAIGN)
    await money.set_limit(owner, at.campaign_id, 6 * PRICE, "USD")
    assert len((await at.claim(4))[0]) == 1
    await money.set_limit(owner, at.campaign_id, None, None)
    assert len((await at.claim(4))[0]) == 4


async def test_what_is_sent_once_more_counts_once_more(owner_db: asyncpg.Connection, owner: Actor) -> None:
    """It was billed for the first try already; the second one is on its way."""
    at = await scene(owner_db, owner, LIMITED)
    go, _ = await at.claim(2)
    async with work(owner, SEND) as w:
        await ledger_of_costs.bill(w, [Charge(one.attempt_id, None, now(), True, "marketing") for one in go])
    await at.fail(go)
    await actions.retry_failed(owner, at.campaign_id, ["temporary"], include_unknown=False)
    await owner_db.execute(
        "update message set next_at = now() + interval '1 hour' where campaign_id = $1 and tries = 0 and epoch = 0",
        at.campaign_id,
    )
    again, stop = await at.claim(2)
    assert (len(again), stop) == (1, CapScope.CAMPAIGN), "two were paid, one is under way"
    await owner_db.execute("update message set next_at = now() where campaign_id = $1", at.campaign_id)
    assert await at.claim(8) == ([], CapScope.CAMPAIGN)


async def test_nobody_without_a_price_goes_under_a_limit(owner_db: asyncpg.Connection, owner: Actor) -> None:
    at = await scene(owner_db, owner, LIMITED)
    await rates.set_rates(owner, [Rate("whatsapp", "BR", "marketing", "BRL", 1, date(2026, 1, 1), "")])
    assert await at.claim(3) == ([], CapScope.CAMPAIGN)


async def test_a_launch_says_that_a_limit_cannot_be_kept(owner_db: asyncpg.Connection, owner: Actor) -> None:
    with pytest.raises(Conflict) as refused:
        await scene(owner_db, owner, '{"max_cost_micro": 5, "max_cost_currency": "BRL"}')
    assert [(field.path, field.code) for field in refused.value.fields] == [("when", "price_unknown")]


async def test_a_campaign_whose_limit_is_reached_pauses_and_says_so(owner_db: asyncpg.Connection, owner: Actor) -> None:
    at = await scene(owner_db, owner, LIMITED)
    await gated.stop(owner.company_id, at.campaign_id, gate.Stop(CapScope.CAMPAIGN))
    row = await owner_db.fetchrow("select state, state_reason, state_detail from campaign where id = $1", at.campaign_id)
    assert row is not None
    assert tuple(row) == (CampaignState.PAUSED, "spend_cap", "limit:campaign")
