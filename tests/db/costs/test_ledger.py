"""What is billed stands in the ledger once, at the price of its day, to the millionth."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from db.campaigns import actions, lifecycle, money
from db.costs import ledger, rates
from db.costs.ledger import Charge, Spent
from db.costs.rates import Rate
from db.messages import ledger as messages
from db.messages.enums import AttemptState, MessageState
from db.messages.ledger import Claimed, Result, StatusUpdate
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work
from tests import factories

SEND = Permission.CAMPAIGNS_SEND
AT = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)


async def sent(owner: Actor, campaign: UUID, channel: UUID) -> list[Claimed]:
    async with work(owner, SEND) as w:
        claimed = await messages.claim(w, channel, campaign, limit=100, units=1000)
    results = [
        Result(m.message_id, m.epoch, m.attempt_id, MessageState.SENT, AttemptState.ACCEPTED, f"wamid.{m.attempt_id}", 200)
        for m in claimed
    ]
    async with work(owner, SEND) as w:
        await messages.finish(w, results, horizon=10)
    return claimed


@pytest.fixture
async def campaign(owner_db: asyncpg.Connection, owner: Actor) -> tuple[UUID, list[Claimed]]:
    channel = await factories.channel(owner_db, owner)
    template = await factories.template(owner_db, owner, channel)
    await factories.contacts(owner_db, owner, 5)
    campaign = await factories.campaign(owner_db, owner, channel, template)
    await actions.launch(owner, campaign, None)
    await lifecycle.prepare(owner.company_id, campaign)
    return campaign, await sent(owner, campaign, channel)


async def bill(owner: Actor, *charges: Charge) -> None:
    async with work(owner, Permission.CONTACTS_WRITE) as w:
        await ledger.bill(w, charges)


async def test_the_sum_is_that_of_the_statuses_however_often_and_in_whatever_order_they_come(
    owner: Actor, campaign: tuple[UUID, list[Claimed]]
) -> None:
    campaign_id, people = campaign
    told = [Charge(one.attempt_id, None, AT, True, "marketing", "regular") for one in people[:2]]
    told.append(Charge(None, f"wamid.{people[2].attempt_id}", AT, True, "utility", "regular"))
    told.append(Charge(people[3].attempt_id, None, AT, False, "service", "free_customer_service"))
    stranger = Charge(uuid4(), None, AT, True, "marketing")
    await bill(owner, *told[2:], stranger)
    await bill(owner, *reversed(told), *told)
    found = await money.cost(owner, campaign_id)
    assert found.spent == [Spent("USD", 2 * 62_500 + 6_800, 4, 1, 0)]
    assert found.waiting == 1


async def test_what_has_just_arrived_is_entered_without_being_looked_up(
    owner: Actor, campaign: tuple[UUID, list[Claimed]]
) -> None:
    campaign_id, people = campaign
    charges = [Charge(one.attempt_id, None, AT, True, "marketing") for one in people[:3]]
    for state in (MessageState.DELIVERED, MessageState.READ):
        async with work(owner, SEND) as w:
            told = [StatusUpdate(one.attempt_id, None, state, AT) for one in people[:2]]
            arrived = (await messages.apply_statuses(w, told)).arrived
            await ledger.bill(w, charges[: 2 if state is MessageState.DELIVERED else 3], arrived)
        expected = {one.attempt_id for one in people[:2]} if state is MessageState.DELIVERED else set()
        assert {one.attempt_id for one in arrived} == expected
        assert {(one.message_id, one.campaign_id, one.address) for one in arrived} <= {
            (one.message_id, campaign_id, one.address) for one in people
        }
    assert (await money.cost(owner, campaign_id)).spent == [Spent("USD", 3 * 62_500, 3, 0, 0)]


async def test_a_later_status_that_says_the_same_counts_nothing_anew(
    owner_db: asyncpg.Connection, owner: Actor, campaign: tuple[UUID, list[Claimed]]
) -> None:
    """Its time is kept all the same: what comes after it, and was said before it, changes nothing."""
    _, people = campaign
    rows = "select at, told_at, billable, category from message_cost where company_id = $1"
    deltas = "select count(*) from stat_delta where company_id = $1 and metric in (40, 41)"
    delivered, between, read = (AT + timedelta(minutes=minutes) for minutes in (0, 1, 2))
    await bill(owner, Charge(people[0].attempt_id, None, delivered, True, "marketing"))
    counted = await owner_db.fetchval(deltas, owner.company_id)
    for at in (read, delivered, read):
        await bill(owner, Charge(people[0].attempt_id, None, at, True, "marketing"))
    await bill(owner, Charge(people[0].attempt_id, None, between, False, "service"))
    [row] = await owner_db.fetch(rows, owner.company_id)
    assert tuple(row) == (delivered, read, True, "marketing")
    assert await owner_db.fetchval(deltas, owner.company_id) == counted


async def test_what_was_spent_keeps_its_price(owner: Actor, campaign: tuple[UUID, list[Claimed]]) -> None:
    campaign_id, people = campaign
    charge = Charge(people[0].attempt_id, None, AT, True, "marketing")
    await bill(owner, charge)
    await rates.set_rates(owner, [Rate("whatsapp", "BR", "marketing", "BRL", 1_000_000, AT.date(), "")])
    await bill(owner, charge, Charge(people[1].attempt_id, None, AT, True, "marketing"))
    assert (await money.cost(owner, campaign_id)).spent == [Spent("BRL", 1_000_000, 1, 0, 0), Spent("USD", 62_500, 1, 0, 0)]


async def test_a_price_that_nobody_knows_is_said_and_is_not_zero_money(
    owner: Actor, campaign: tuple[UUID, list[Claimed]]
) -> None:
    campaign_id, people = campaign
    await bill(owner, Charge(people[0].attempt_id, None, AT, True, "authentication-international"))
    assert (await money.cost(owner, campaign_id)).spent == [Spent(None, 0, 1, 0, 1)]


async def test_segments_are_billed_at_their_number(owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel = await factories.channel(owner_db, owner, "sms")
    await factories.contacts(owner_db, owner, 2)
    await rates.set_rates(owner, [Rate("sms", "BR", "sms", "BRL", 80_000, AT.date(), "")])
    campaign = await factories.campaign(owner_db, owner, channel, body="a" * 161)
    await actions.launch(owner, campaign, None)
    await lifecycle.prepare(owner.company_id, campaign)
    people = await sent(owner, campaign, channel)
    await bill(owner, *(Charge(one.attempt_id, None, AT, True, None, "segments") for one in people))
    assert (await money.cost(owner, campaign)).spent == [Spent("BRL", 2 * 2 * 80_000, 2, 0, 0)]
