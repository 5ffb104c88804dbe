"""What a campaign would cost: every text by its share, the others at the dearest, and apart from that the SMS for whom WhatsApp does not reach."""

from datetime import date
from uuid import UUID

import asyncpg
import msgspec
import pytest

from db.campaigns import actions, estimates, preflight
from db.campaigns.check import load_draft
from db.campaigns.estimates import CampaignEstimate, InsteadCost
from db.campaigns.trial import Letter
from db.costs import rates
from db.costs.estimate import Total
from db.costs.rates import Rate
from db.errors import Invalid
from db.permissions import Permission
from db.tenancy import Actor
from db.work import read
from tests import factories

LONG = "Só hoje: " + "promoção " * 20  # three parts
DAY = date(2026, 1, 1)
CARD = [
    Rate("sms", "BR", "sms", "BRL", 80_000, DAY, ""),
    Rate("whatsapp", "BR", "marketing", "BRL", 400_000, DAY, ""),
    Rate("whatsapp", "BR", "utility", "BRL", 50_000, DAY, ""),
]


async def estimate(owner: Actor, campaign: UUID) -> CampaignEstimate:
    async with read(owner, Permission.CAMPAIGNS_READ) as r:
        found = await estimates.estimated(r, await load_draft(r, campaign))
    assert (await preflight.preflight(owner, campaign)).cost == found  # said before the launch, too
    return found


def trial(**said: object) -> str:
    return msgspec.json.encode(said).decode()


async def test_each_text_costs_what_its_people_get_and_the_others_the_dearest(owner_db: asyncpg.Connection, owner: Actor) -> None:
    await rates.set_rates(owner, CARD)
    channel = await factories.channel(owner_db, owner, "sms")
    await factories.contacts(owner_db, owner, 20)
    await owner_db.execute(  # two places, and one of them with an odd number of people
        "update contact_identity set value = replace(value, '+5511', '+5568') where company_id = $1 and value > '+5511900000012'",
        owner.company_id,
    )
    said = trial(variants=[{"share": 30, "body": LONG}], test_percent=50)
    found = await estimate(owner, await factories.campaign(owner_db, owner, channel, body="Oi", trial=said))
    assert [(one.variant, one.category, one.people, one.units) for one in found.texts] == [
        ("A", "sms", 7, 7),
        ("B", "sms", 3, 9),
        (None, "sms", 10, 30),
    ]
    assert [one.totals for one in found.texts] == [[Total("BRL", n * 80_000)] for n in (7, 9, 30)]
    assert found.all.totals == [Total("BRL", 46 * 80_000)]
    assert sum(line.people for line in found.all.lines) == 20
    assert found.instead is None


async def test_a_text_of_another_category_has_its_own_price(owner_db: asyncpg.Connection, owner: Actor) -> None:
    await rates.set_rates(owner, CARD)
    channel = await factories.channel(owner_db, owner)
    template, other = [await factories.template(owner_db, owner, channel) for _ in range(2)]
    await owner_db.execute("update template set category = 'utility' where id = $1", other)
    await factories.contacts(owner_db, owner, 10)
    said = trial(variants=[{"share": 40, "template_id": str(other), "bindings": factories.BINDINGS}], test_percent=100)
    found = await estimate(owner, await factories.campaign(owner_db, owner, channel, template, trial=said))
    assert [(one.variant, one.category, one.people, one.totals) for one in found.texts] == [
        ("A", "marketing", 6, [Total("BRL", 6 * 400_000)]),
        ("B", "utility", 4, [Total("BRL", 4 * 50_000)]),
    ]
    assert found.all.totals == [Total("BRL", 2_600_000)]
    assert {(line.category, line.people) for line in found.all.lines} == {("marketing", 6), ("utility", 4)}


async def test_what_goes_by_sms_in_its_place_is_said_apart(owner_db: asyncpg.Connection, owner: Actor) -> None:
    await rates.set_rates(owner, CARD)
    channel, sms = await factories.channel(owner_db, owner), await factories.channel(owner_db, owner, "sms")
    template = await factories.template(owner_db, owner, channel)
    await factories.contacts(owner_db, owner, 20)
    instead = msgspec.json.encode({"channel_id": str(sms), "body": LONG}).decode()
    campaign = await factories.campaign(owner_db, owner, channel, template, fallback=instead)
    found = await estimate(owner, campaign)
    assert found.all.totals == [Total("BRL", 20 * 400_000)]
    most = [Total("BRL", 20 * 3 * 80_000)]
    assert found.instead is not None
    whole = found.instead.whole
    assert (whole.totals, whole.unpriced) == (most, 0)
    assert found.instead == InsteadCost(2, 10.0, 0, [Total("BRL", 480_000)], most, 0, whole)  # assumed
    before = await factories.campaign(owner_db, owner, channel, template, state="finished")
    await owner_db.execute("update campaign set launched_at = now() - interval '3 days' where id = $1", before)
    await owner_db.execute(
        "insert into message(company_id, channel_id, queue_id, campaign_id, address, dedupe_key, state, reason)"
        " select $1, $2, $3::uuid, $3::uuid, '+55', $3::uuid::text || ':' || n, case when n <= 60 then 6 else 4 end,"
        " case when n <= 50 then 'not_on_whatsapp' when n <= 60 then 'opted_out' end from generate_series(1, 200) n",
        owner.company_id, channel, before,
    )  # fmt: skip
    assert await owner_db.fetchval("select count(*) from message where campaign_id = $1 and in_trouble", before) == 60
    found = await estimate(owner, campaign)  # a quarter of the last ones did not arrive for a reason that an SMS does not share
    assert found.instead == InsteadCost(5, 25.0, 200, [Total("BRL", 1_200_000)], most, 0, whole)


async def test_any_of_the_texts_is_sent_as_a_test(owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel = await factories.channel(owner_db, owner, "sms")
    await factories.contacts(owner_db, owner, 1)
    said = trial(variants=[{"share": 30, "body": "Olá {{first_name|você}}"}])
    campaign = await factories.campaign(owner_db, owner, channel, body="Oi", trial=said)

    async def sent(variant: Letter) -> str:
        [message] = await actions.test_send(owner, campaign, ["+5511987654321"], variant)
        text: str = await owner_db.fetchval("select content->>'body' from message where id = $1", message)
        return text

    assert [await sent("A"), await sent("B")] == ["Oi", "Olá {{first_name|você}}"]
    with pytest.raises(Invalid) as refused:
        await sent("C")
    assert [(one.code.value, one.path) for one in refused.value.fields] == [("unknown_variant", "variant")]
