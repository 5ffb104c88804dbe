"""What is said before a launch is what then happens: to whom, when, for how much."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import msgspec
import pytest

from db.campaigns import actions, gate, lifecycle, preflight, preflight_people, rules
from db.campaigns.enums import PreflightEffect, PreflightRule
from db.campaigns.plan import plan_of
from db.campaigns.preflight import Finding
from db.campaigns.rules import SendHours
from db.channels.secrets import load_channel
from db.clock import now
from db.contacts import actions as contacts
from db.contacts.places import place
from db.costs import rates
from db.costs.rates import Rate
from db.errors import NotFound
from db.messages import ledger
from db.messages.enums import SkipReason
from db.permissions import Permission
from db.tenancy import Actor
from db.work import read, work
from tests import factories
from tests.db.channels.factories import make_message
from workers import gated

SEND = Permission.CAMPAIGNS_SEND
NIGHT = datetime(2027, 3, 10, 2, 0, tzinfo=UTC)  # Tuesday, 23:00 in São Paulo
MORNING = datetime(2027, 3, 10, 12, 0, tzinfo=UTC)


def weekdays(name: str = "Comercial", **more: object) -> SendHours:
    return SendHours(uuid4(), name, "", "", [0, 1, 2, 3, 4], 540, 1080, False, None, None, "policy")._replace(**more)  # type: ignore[arg-type]


async def draft(db: asyncpg.Connection, owner: Actor, people: int = 4, settings: str = "{}", **columns: Any) -> UUID:
    channel = await factories.channel(db, owner, **columns)
    template = await factories.template(db, owner, channel)
    await factories.contacts(db, owner, people)
    return await factories.campaign(db, owner, channel, template, settings=settings)


def test_every_reason_to_leave_somebody_out_is_a_rule() -> None:
    assert {reason.value for reason in SkipReason} <= set(PreflightRule)


async def test_a_launch_at_night_tells_whom_which_rule_holds_until_when(owner_db: asyncpg.Connection, owner: Actor) -> None:
    await rules.add(owner, weekdays())
    campaign = await draft(owner_db, owner)
    found = await preflight.preflight(owner, campaign, NIGHT)
    for name, count in (("Comercial", 4), ("Outra", 0)):
        held = await preflight_people.people(
            owner, campaign, PreflightRule.QUIET_HOURS, name=name, at=NIGHT, limit=10, after=None
        )
        assert len(held) == count
    assert Finding(PreflightRule.QUIET_HOURS, PreflightEffect.DELAYS, 4, "Comercial", MORNING) in found.findings
    assert found.binding == "hours"
    assert found.finish is not None
    assert MORNING <= found.finish < MORNING + timedelta(minutes=1)


async def test_marketing_to_the_united_states_is_left_out_and_says_by_which_rule(
    owner_db: asyncpg.Connection, owner: Actor
) -> None:
    campaign = await draft(owner_db, owner)
    for name, phone in (("Joe", "+12125550123"), ("Ann", "+14165550123")):  # New York, Toronto
        await contacts.create_contact(owner, name=name, phone=phone)
    found = await preflight.preflight(owner, campaign)
    [told] = [one for one in found.findings if one.rule is PreflightRule.COUNTRY_UNREACHED]
    assert (told.effect, told.count, told.name) == (PreflightEffect.LEAVES_OUT, 1, "US")
    assert told.detail.startswith("Meta")
    assert (found.matched, found.reachable) == (6, 5)
    listed = await preflight_people.people(owner, campaign, PreflightRule.COUNTRY_UNREACHED, limit=10, after=None)
    assert [one.name for one in listed] == ["Joe"]
    await actions.launch(owner, campaign, None)
    await lifecycle.prepare(owner.company_id, campaign)
    left = await owner_db.fetchval(
        "select address from message where campaign_id = $1 and reason = 'country_unreached'", campaign
    )
    assert left == "+12125550123"

    await owner_db.execute("update template set category = 'utility'")
    other = await factories.campaign(
        owner_db, owner, await owner_db.fetchval("select channel_id from campaign where id = $1", campaign),
        await owner_db.fetchval("select template_id from campaign where id = $1", campaign),
    )  # fmt: skip
    rules_of = [one.rule for one in (await preflight.preflight(owner, other)).findings]
    assert PreflightRule.COUNTRY_UNREACHED not in rules_of


async def test_missing_values_are_counted_listed_and_shown(owner_db: asyncpg.Connection, owner: Actor) -> None:
    campaign = await draft(owner_db, owner)
    found = await preflight.preflight(owner, campaign)
    assert Finding(PreflightRule.MISSING_VALUE, PreflightEffect.SUBSTITUTES, 2, "custom.cidade") in found.findings
    assert [one.missing for one in found.samples] == [["custom.cidade"], ["custom.cidade"], [], []]
    assert "sua cidade" in found.samples[0].body
    listed = await preflight_people.people(
        owner, campaign, PreflightRule.MISSING_VALUE, name="custom.cidade", limit=10, after=None
    )
    assert {one.name for one in listed} == {one.name for one in found.samples[:2]}
    assert (
        await preflight_people.people(
            owner, campaign, PreflightRule.MISSING_VALUE, name="custom.cidade", limit=10, after=listed[0].contact_id
        )
        == listed[1:]
    )


async def test_who_is_left_out_is_counted_as_the_launch_leaves_them_out(owner_db: asyncpg.Connection, owner: Actor) -> None:
    campaign = await draft(owner_db, owner, 5)
    await owner_db.execute(
        "update contact set opted_out_at = now() where company_id = $1 and name in ('Pessoa 0', 'Pessoa 1')", owner.company_id
    )
    found = await preflight.preflight(owner, campaign)
    assert (found.matched, found.reachable) == (5, 3)
    assert Finding(PreflightRule.OPTED_OUT, PreflightEffect.LEAVES_OUT, 2) in found.findings
    assert len(await preflight_people.people(owner, campaign, PreflightRule.OPTED_OUT, limit=10, after=None)) == 2
    await actions.launch(owner, campaign, None)
    await lifecycle.prepare(owner.company_id, campaign)
    assert await owner_db.fetchval("select count(*) from message where campaign_id = $1 and state = 0", campaign) == 3


async def test_the_cost_the_day_of_the_number_and_a_limit_that_is_too_small(owner_db: asyncpg.Connection, owner: Actor) -> None:
    settings = '{"max_cost_micro": 125000, "max_cost_currency": "USD"}'
    found = await preflight.preflight(owner, await draft(owner_db, owner, 4, settings, messaging_limit=3))
    assert found.cost is not None
    assert [(one.currency, one.amount) for one in found.cost.all.totals] == [("USD", 250_000)]
    assert Finding(PreflightRule.SPEND_CAP, PreflightEffect.STOPS, 2, "campaign") in found.findings
    assert Finding(PreflightRule.TIER, PreflightEffect.TELLS, 3, "today") in found.findings
    assert Finding(PreflightRule.TIER, PreflightEffect.DELAYS, 1, until=found.starts + timedelta(days=1)) in found.findings
    assert found.binding == "tier"


async def test_who_goes_today_and_who_waits_until_when_is_listed(owner_db: asyncpg.Connection, owner: Actor) -> None:
    """Whoever the number wrote to within the day takes no place."""
    campaign = await draft(owner_db, owner, 8, messaging_limit=2)
    channel = await owner_db.fetchval("select channel_id from campaign where id = $1", campaign)
    known = await owner_db.fetchval("select id from contact where company_id = $1 and name = 'Pessoa 7'", owner.company_id)
    await make_message(owner_db, owner, channel, contact_id=known, state=3, provider_id="wamid.known")
    found = await preflight.preflight(owner, campaign, now() + timedelta(hours=1))
    assert [(one.effect.value, one.count, one.name) for one in found.findings if one.rule is PreflightRule.TIER] == [
        ("tells", 3, "today"),
        ("delays", 5, ""),
    ]
    at = found.starts

    async def listed(name: str, limit: int = 50, after: UUID | None = None) -> list[preflight_people.Listed]:
        return await preflight_people.people(owner, campaign, PreflightRule.TIER, name=name, at=at, limit=limit, after=after)

    today, later = await listed("today"), await listed("")
    assert (len(today), {one.until for one in today}) == (3, {None})
    assert known in {one.contact_id for one in today}
    assert [one.until for one in later] == [at + timedelta(days=days) for days in (1, 1, 2, 2, 3)]
    assert await listed("", 2, later[1].contact_id) == later[2:4]
    assert {one.contact_id for one in today}.isdisjoint({one.contact_id for one in later})
    # In three days everybody is new again, and all places are free.
    found = await preflight.preflight(owner, campaign, now() + timedelta(days=3))
    assert [one.count for one in found.findings if one.rule is PreflightRule.TIER] == [2, 6]


@pytest.mark.parametrize("status", ["paused", "pending"])
async def test_a_template_that_does_not_go_is_said_with_those_who_would_get_it(
    owner_db: asyncpg.Connection, owner: Actor, status: str
) -> None:
    campaign = await draft(owner_db, owner)
    name = await owner_db.fetchval(
        "update template set status = $2 where company_id = $1 returning name", owner.company_id, status
    )
    found = await preflight.preflight(owner, campaign)
    assert found.findings[0] == Finding(PreflightRule.TEMPLATE, PreflightEffect.STOPS, 4, name, detail=status)
    assert len(await preflight_people.people(owner, campaign, PreflightRule.TEMPLATE, limit=10, after=None)) == 4
    other = await factories.template(
        owner_db, owner, await owner_db.fetchval("select channel_id from campaign where id = $1", campaign)
    )
    trial = {"variants": [{"share": 25, "template_id": str(other), "bindings": factories.BINDINGS}], "test_percent": 100}
    await owner_db.execute("update campaign set trial = $2::jsonb where id = $1", campaign, msgspec.json.encode(trial).decode())
    found = await preflight.preflight(owner, campaign)  # of the first text only
    assert found.findings[0] == Finding(PreflightRule.TEMPLATE, PreflightEffect.STOPS, 3, name, detail=status)


async def test_hours_that_leave_nobody_any_time_are_said(owner_db: asyncpg.Connection, owner: Actor) -> None:
    await rules.add(owner, weekdays("Cedo", opens=60, closes=120))
    await rules.add(owner, weekdays("Tarde"))
    found = await preflight.preflight(owner, await draft(owner_db, owner))
    assert Finding(PreflightRule.NO_HOURS, PreflightEffect.STOPS, 4) in found.findings
    assert found.finish is None


async def test_others_do_not_see_it(owner_db: asyncpg.Connection, owner: Actor, stranger: Actor) -> None:
    campaign = await draft(owner_db, owner)
    with pytest.raises(NotFound):
        await preflight.preflight(stranger, campaign)


async def test_an_audience_is_laid_out_over_open_time(owner_db: asyncpg.Connection, owner: Actor) -> None:
    campaign = await draft(owner_db, owner, 10, '{"spread_minutes": 100}')
    await actions.launch(owner, campaign, None)
    await lifecycle.prepare(owner.company_id, campaign)
    rows = await owner_db.fetch("select next_at from message where campaign_id = $1 order by next_at", campaign)
    gaps = {round((b["next_at"] - a["next_at"]).total_seconds()) for a, b in itertools.pairwise(rows)}
    assert gaps == {600}
    assert abs((rows[0]["next_at"] - now()).total_seconds()) < 60


async def test_who_may_not_be_written_to_now_waits_with_all_of_their_place(owner_db: asyncpg.Connection, owner: Actor) -> None:
    campaign = await draft(owner_db, owner, 6)
    channel = await owner_db.fetchval("select channel_id from campaign where id = $1", campaign)
    await owner_db.execute(
        "update contact_identity set value = replace(value, '+5511', '+5568') where company_id = $1 and value > '+5511900000002'",
        owner.company_id,
    )
    await actions.launch(owner, campaign, None)
    await lifecycle.prepare(owner.company_id, campaign)
    await rules.add(owner, weekdays())
    at = MORNING + timedelta(minutes=30)  # half past nine in São Paulo, half past seven in Acre
    async with work(owner, SEND) as w:
        batch = await ledger.claim(w, channel, campaign, limit=4, units=100)
        asked = await gate.ask(w, campaign)
        assert asked is not None
        closed = await gate.closed(w, asked, campaign, batch, at)
    assert {one.address[:5] for one in batch if one.message_id in closed} <= {"+5568"}
    assert {one.address[:5] for one in batch if one.message_id not in closed} <= {"+5511"}
    assert {(round(held.wait), held.rule) for held in closed.values()} == {(5400, "Comercial")}
    waiting = await owner_db.fetch(
        "select left(address, 5) as start, next_at > now() + interval '1 hour' as later from message where campaign_id = $1 and state = 0",
        campaign,
    )
    assert {row["later"] for row in waiting if row["start"] == "+5568"} <= {True}
    assert {row["later"] for row in waiting if row["start"] == "+5511"} <= {False}


async def test_holidays_of_the_company_and_of_the_country_are_days_off(owner_db: asyncpg.Connection, owner: Actor) -> None:
    plan = plan_of({"hours": {"opens": 540, "closes": 1080, "skip_holidays": True}})
    async with read(owner, Permission.CAMPAIGNS_READ) as r:
        found = await rules.load(r, owner.company_id, plan, "marketing")
    year = now().year
    christmas = datetime(year, 12, 25, 13, 0, tzinfo=UTC)
    assert found.opens(place("+5511987654321"), christmas) == datetime(year, 12, 26, 12, 0, tzinfo=UTC)
    assert found.opens(place("+351912345678"), christmas) == christmas


async def listed(owner: Actor, campaign: UUID, rule: PreflightRule, name: str = "") -> list[preflight_people.Listed]:
    """Page by page, one at a time."""
    found: list[preflight_people.Listed] = []
    while page := await preflight_people.people(
        owner, campaign, rule, name=name, limit=1, after=found[-1].contact_id if found else None
    ):
        found += page
    return found


async def by_sms(db: asyncpg.Connection, owner: Actor, people: int = 4) -> tuple[UUID, UUID]:
    channel = await factories.channel(db, owner, "sms")
    await factories.contacts(db, owner, people)
    return channel, await factories.campaign(db, owner, channel, body="Oi {{first_name|você}}, só hoje")


async def test_who_had_the_same_text_lately_is_counted_and_listed_until_the_text_is_another(
    owner_db: asyncpg.Connection, owner: Actor
) -> None:
    channel, campaign = await by_sms(owner_db, owner)
    before = await factories.campaign(
        owner_db, owner, channel, body="Oi  {{first_name|você}}, só hoje "
    )  # spaces make no other text
    await actions.launch(owner, before, None)
    await lifecycle.prepare(owner.company_id, before)
    async with work(owner, SEND) as w:
        found = await load_channel(w, channel)
        assert found is not None
        batch = await ledger.claim(w, channel, before, limit=3, units=100)
        texts = await lifecycle.contents(w, before)
        had = await gated.by_text(w, found, batch, texts[0])
    assert len(had) == 3
    found_now = await preflight.preflight(owner, campaign)
    assert Finding(PreflightRule.SAME_TEXT, PreflightEffect.LEAVES_OUT, 3) in found_now.findings
    assert {one.contact_id for one in await listed(owner, campaign, PreflightRule.SAME_TEXT)} == {one.contact_id for one in had}
    await owner_db.execute("update campaign set body = 'Oi {{first_name|você}}, só amanhã' where id = $1", campaign)
    assert PreflightRule.SAME_TEXT not in {one.rule for one in (await preflight.preflight(owner, campaign)).findings}
    assert await listed(owner, campaign, PreflightRule.SAME_TEXT) == []


async def test_whoever_was_chosen_and_is_no_contact_any_more_is_counted_and_listed(
    owner_db: asyncpg.Connection, owner: Actor
) -> None:
    campaign = await draft(owner_db, owner)
    away = sorted([uuid4(), uuid4()])
    ids = [*(row["id"] for row in await owner_db.fetch("select id from contact where company_id = $1", owner.company_id)), *away]
    chosen = msgspec.json.encode({"ids": ids}).decode()
    await owner_db.execute("update campaign set audience = $2::jsonb where id = $1", campaign, chosen)
    found = await preflight.preflight(owner, campaign)
    assert Finding(PreflightRule.CONTACT_DELETED, PreflightEffect.LEAVES_OUT, 2) in found.findings
    assert [one.contact_id for one in await listed(owner, campaign, PreflightRule.CONTACT_DELETED)] == away


async def test_whose_price_nobody_knows_is_listed(owner_db: asyncpg.Connection, owner: Actor) -> None:
    _channel, campaign = await by_sms(owner_db, owner)
    await owner_db.execute(
        "update contact_identity set value = replace(value, '+55119', '+244923') where company_id = $1 and value like '%1'",
        owner.company_id,
    )
    await rates.set_rates(owner, [Rate("sms", "BR", "sms", "BRL", 80_000, now().date(), "")])
    found = await preflight.preflight(owner, campaign)
    abroad = {
        row["contact_id"]
        for row in await owner_db.fetch(
            "select contact_id from contact_identity where company_id = $1 and value like '+244%'", owner.company_id
        )
    }
    assert len(abroad) == 1
    assert Finding(PreflightRule.PRICE_UNKNOWN, PreflightEffect.TELLS, 1) in found.findings
    assert {one.contact_id for one in await listed(owner, campaign, PreflightRule.PRICE_UNKNOWN)} == abroad


async def test_who_comes_after_the_limit_is_listed_as_the_launch_leaves_them(owner_db: asyncpg.Connection, owner: Actor) -> None:
    campaign = await draft(owner_db, owner, 4, '{"max_cost_micro": 125000, "max_cost_currency": "USD"}')
    channel = await owner_db.fetchval("select channel_id from campaign where id = $1", campaign)
    told = {one.contact_id for one in await listed(owner, campaign, PreflightRule.SPEND_CAP, "campaign")}
    assert len(told) == 2
    assert await listed(owner, campaign, PreflightRule.SPEND_CAP, "month") == []
    await actions.launch(owner, campaign, None)
    await lifecycle.prepare(owner.company_id, campaign)
    async with work(owner, SEND) as w:
        found = await load_channel(w, channel)
        assert found is not None
        batch = await ledger.claim(w, channel, campaign, limit=4, units=100)
        batch.sort(key=lambda one: one.message_id)
        go, _stop = await gated.by_money(w, found, await gate.ask(w, campaign), batch)
    assert {one.contact_id for one in batch} - {one.contact_id for one in go} == told
