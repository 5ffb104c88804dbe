"""Under a limit of costs whoever has no known price gets nothing of a campaign, a sequence or what goes instead; nobody else waits for that."""

from datetime import date
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from db.cadences import actions as cadences
from db.cadences.plan import Plan, Send, Wait
from db.campaigns import actions, fallback, gate, lifecycle, money, queries
from db.channels.secrets import load_channel
from db.contacts.filter import ContactFilter
from db.costs import caps, rates
from db.costs.rates import Rate
from db.errors import Conflict
from db.messages import ledger
from db.messages.enums import MessageState as M
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work
from tests import factories
from workers import gated

ABROAD = "+351912345678"
LIMIT = '{"max_cost_micro": 10000000, "max_cost_currency": "USD"}'


async def people(db: asyncpg.Connection, owner: Actor) -> None:
    """Five of them, and one in Portugal, where this company's price is in euros."""
    await factories.contacts(db, owner, 6)
    await db.execute(
        "update contact_identity set value = $2, region = 'PT' where company_id = $1 and value = '+5511900000005'",
        owner.company_id,
        ABROAD,
    )
    await rates.set_rates(
        owner,
        [
            Rate("whatsapp", "PT", "marketing", "EUR", 80_000, date(2026, 1, 1), ""),
            Rate("sms", "PT", "sms", "EUR", 60_000, date(2026, 1, 1), ""),
        ],
    )


async def at_home(db: asyncpg.Connection, owner: Actor) -> list[UUID]:
    rows = await db.fetch(
        "select contact_id from contact_identity where company_id = $1 and value <> $2", owner.company_id, ABROAD
    )
    return [row["contact_id"] for row in rows]


async def claimed(owner: Actor, channel_id: UUID, campaign: UUID, most: int = 10) -> tuple[int, gate.Stop | None]:
    async with work(owner, Permission.CAMPAIGNS_SEND) as w:
        channel = await load_channel(w, channel_id)
        assert channel is not None
        batch = await ledger.claim(w, channel_id, campaign, limit=most, units=100)
        go, stop = await gated.by_money(w, channel, await gate.ask(w, campaign), batch)
    return len(go), stop


async def test_one_without_a_price_ends_and_the_others_go(owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel = await factories.channel(owner_db, owner)
    template = await factories.template(owner_db, owner, channel)
    await people(owner_db, owner)
    campaign = await factories.campaign(owner_db, owner, channel, template)
    await actions.launch(owner, campaign, None)
    await lifecycle.prepare(owner.company_id, campaign)
    await money.set_limit(owner, campaign, 10_000_000, "USD")  # the audience is dynamic: who is in it is known by now only
    assert await claimed(owner, channel, campaign) == (5, None)
    row = await owner_db.fetchrow(
        "select state, reason, tries from message where campaign_id = $1 and address = $2", campaign, ABROAD
    )
    assert row is not None
    assert tuple(row) == (M.FAILED, "price_unknown", 0)
    told = await queries.progress(owner, campaign)
    assert [(one.reason, one.count, one.retryable) for one in told.failures] == [("price_unknown", 1, True)]
    await money.set_limit(owner, campaign, None, None)
    await actions.retry_failed(owner, campaign, ["price_unknown"], include_unknown=False)
    assert await claimed(owner, channel, campaign) == (1, None)


async def test_where_no_price_is_known_at_all_the_campaign_pauses_and_names_that(
    owner_db: asyncpg.Connection, owner: Actor
) -> None:
    channel = await factories.channel(owner_db, owner)
    template = await factories.template(owner_db, owner, channel)
    await people(owner_db, owner)
    campaign = await factories.campaign(owner_db, owner, channel, template)
    await actions.launch(owner, campaign, None)
    await lifecycle.prepare(owner.company_id, campaign)
    await money.set_limit(owner, campaign, 10_000_000, "BRL")
    go, stop = await claimed(owner, channel, campaign)
    assert go == 0
    assert stop is not None
    await gated.stop(owner.company_id, campaign, stop)
    row = await owner_db.fetchrow("select state, state_reason, state_detail from campaign where id = $1", campaign)
    assert row is not None
    assert tuple(row) == ("paused", "price_unknown", "limit:campaign")
    states = await owner_db.fetch("select distinct state from message where campaign_id = $1", campaign)
    assert [one["state"] for one in states] == [M.QUEUED], "a limit in the wrong currency ends nobody"
    assert [(one.rule.value, one.name) for one in (await queries.progress(owner, campaign)).waits] == [("spend_cap", "campaign")]


@pytest.mark.parametrize("abroad", [True, False])
async def test_the_price_of_what_goes_instead_is_asked_at_the_launch(
    owner_db: asyncpg.Connection, owner: Actor, abroad: bool
) -> None:
    channel, sms = await factories.channel(owner_db, owner), await factories.channel(owner_db, owner, "sms")
    template = await factories.template(owner_db, owner, channel)
    await people(owner_db, owner)
    await rates.set_rates(  # of WhatsApp in dollars everywhere
        owner,
        [
            Rate("whatsapp", "PT", "marketing", "USD", 80_000, date(2026, 1, 1), ""),
            Rate("sms", "BR", "sms", "USD", 50_000, date(2026, 1, 1), ""),
        ],
    )
    chosen = msgspec.json.encode({"channel_id": str(sms), "body": "Oi"}).decode()
    audience = msgspec.json.encode({"everyone": True} if abroad else {"ids": await at_home(owner_db, owner)}).decode()
    campaign = await factories.campaign(owner_db, owner, channel, template, settings=LIMIT, fallback=chosen, audience=audience)
    if not abroad:
        await actions.launch(owner, campaign, None)
        return
    with pytest.raises(Conflict) as refused:
        await actions.launch(owner, campaign, None)
    [wrong] = refused.value.fields
    assert (wrong.path, wrong.code, wrong.params) == ("when", "fallback_price_unknown", {"currency": "USD", "count": 1})


async def test_what_goes_instead_goes_on_once_the_limit_that_stopped_it_is_gone(
    owner_db: asyncpg.Connection, owner: Actor
) -> None:
    channel, sms = await factories.channel(owner_db, owner), await factories.channel(owner_db, owner, "sms")
    template = await factories.template(owner_db, owner, channel)
    await people(owner_db, owner)
    chosen = msgspec.json.encode({"channel_id": str(sms), "body": "Oi"}).decode()
    campaign = await factories.campaign(owner_db, owner, channel, template, fallback=chosen)
    await actions.launch(owner, campaign, None)
    await lifecycle.prepare(owner.company_id, campaign)
    child = await owner_db.fetchval("select id from campaign where fallback_of = $1", campaign)
    await owner_db.execute(
        "update message set state = 6, reason = 'not_on_whatsapp', done_at = now() where campaign_id = $1", campaign
    )
    assert await fallback.rounds() == 6
    await money.set_limit(owner, campaign, 10_000_000, "JPY")
    _, stop = await claimed(owner, sms, child)
    assert stop is not None
    await gated.stop(owner.company_id, child, stop)
    told = (await queries.progress(owner, campaign)).fallback
    assert told is not None
    assert told.stopped == "price_unknown"
    await money.set_limit(owner, campaign, None, None)
    assert await owner_db.fetchval("select state from campaign where id = $1", child) == "running"


SAY = "Oi {{first_name|cliente}}"


async def test_a_sequence_asks_for_prices_when_it_is_published(owner_db: asyncpg.Connection, owner: Actor) -> None:
    sms = await factories.channel(owner_db, owner, "sms", sandbox=False)
    await people(owner_db, owner)
    await rates.set_rates(owner, [Rate("sms", "BR", "sms", "USD", 50_000, date(2026, 1, 1), "")])
    await caps.set_month(owner, 10_000_000, "USD")
    steps = [
        Send(id=uuid4(), channel_id=sms, text=SAY),
        Wait(id=uuid4(), minutes=60),
        Send(id=uuid4(), channel_id=sms, text=SAY + "!"),
    ]
    for entry, wrong in (
        (ContactFilter(everyone=True), [("steps[0]", "price_unknown")]),
        (ContactFilter(ids=await at_home(owner_db, owner)), []),
        (None, []),
    ):
        row = await cadences.create(owner, "Boas-vindas", Plan(steps=list(steps), entry=entry))
        assert await refused(owner, row["id"]) == wrong
    await caps.set_month(owner, 10_000_000, "JPY")
    row = await cadences.create(owner, "Boas-vindas", Plan(steps=list(steps)))
    assert await refused(owner, row["id"]) == [("steps[0]", "no_price")]
    await owner_db.execute("update channel set sandbox = true where id = $1", sms)  # the simulator costs nothing
    assert await refused(owner, row["id"]) == []


async def refused(owner: Actor, cadence_id: UUID) -> list[tuple[str, str]]:
    try:
        await cadences.start(owner, cadence_id)
    except Conflict as error:
        return [(one.path, one.code) for one in error.fields]
    return []
