"""Whoever waits for a rule is counted under its name, with the moment at which they go on; and so it stands in their history."""

from datetime import timedelta
from uuid import UUID

import asyncpg
import msgspec
import pytest

from db import valkey
from db.campaigns import actions, gate, lifecycle, queries, received, rules, waits, warm_up
from db.campaigns.plan import Plan
from db.campaigns.rules import SendHours
from db.campaigns.waits import Wait
from db.campaigns.windows import Holding, Hours, holding
from db.channels.secrets import load_channel
from db.clock import now
from db.messages.enums import WaitRule
from db.permissions import Permission
from db.tenancy import Actor
from db.work import read, work
from tests import factories
from tests.db.campaigns.test_warm_up import leave
from tests.workers.test_gated import step
from workers import gated, outgoing

PEOPLE = 6


async def running(db: asyncpg.Connection, owner: Actor, settings: str = "{}") -> tuple[UUID, UUID]:
    channel = await factories.channel(db, owner)
    template = await factories.template(db, owner, channel)
    await factories.contacts(db, owner, PEOPLE)
    campaign = await factories.campaign(db, owner, channel, template, settings=settings)
    await actions.launch(owner, campaign, None)
    await lifecycle.prepare(owner.company_id, campaign)
    return channel, campaign


async def told(owner: Actor, campaign: UUID) -> list[tuple[str, str, int, bool]]:
    found = (await queries.progress(owner, campaign)).waits
    return [(one.rule.value, one.name, one.count, one.until is not None and one.until > now()) for one in found]


async def test_nothing_holds_who_may_go(owner_db: asyncpg.Connection, owner: Actor) -> None:
    _channel, campaign = await running(owner_db, owner)
    assert await told(owner, campaign) == []


async def test_the_rule_for_days_stands_at_the_campaign_and_at_each_person(owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel, campaign = await running(owner_db, owner)
    later = (now() + timedelta(days=2)).weekday()
    await rules.add(owner, SendHours(campaign, "Só depois", "", "", [later], 0, 1440, False, None, None, ""))
    assert (await step(owner, channel, campaign))[0] == 0
    progress = await queries.progress(owner, campaign)
    assert [(one.rule, one.name, one.count) for one in progress.waits] == [(WaitRule.OFFICE_DAYS, "Só depois", PEOPLE)]
    until = progress.waits[0].until
    assert until is not None
    assert now() < until < now() + timedelta(days=3)
    assert (progress.limiting_factor, progress.limit_name) == ("office_days", "Só depois")

    claimed = await owner_db.fetchval("select message_id from attempt where company_id = $1 limit 1", owner.company_id)
    person = await owner_db.fetchval("select contact_id from message where id = $1", claimed)
    history = await received.history(owner, person, campaign)
    assert history.waits == Wait(WaitRule.OFFICE_DAYS, "Só depois", 1, until)
    assert [(one.outcome, one.held_by, one.held_name) for one in history.tries] == [("held", WaitRule.OFFICE_DAYS, "Só depois")]

    await rules.remove(owner, await owner_db.fetchval("select id from send_hours where company_id = $1", owner.company_id))
    assert [one.rule for one in (await queries.progress(owner, campaign)).waits] == [
        WaitRule.QUIET_HOURS
    ]  # until the job released them


async def test_the_pace_of_a_young_number_is_told_with_tomorrow(owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel, campaign = await running(owner_db, owner)
    noon = f"Etc/GMT{now().hour - 12:+d}"  # where midnight is far
    await owner_db.execute("update company set time_zone = $2 where id = $1", owner.company_id, noon)
    today = await owner_db.fetchval("select (now() at time zone time_zone)::date from company where id = $1", owner.company_id)
    await warm_up.keep(owner, channel, today, [1, 1], "policy")
    await leave(owner, channel, campaign)
    assert await told(owner, campaign) == [("warm_up", "", PEOPLE - 1, True)]


async def test_a_limit_of_costs_that_stopped_it_is_told_with_its_scope(owner_db: asyncpg.Connection, owner: Actor) -> None:
    settings = '{"max_cost_micro": 0, "max_cost_currency": "USD"}'
    channel, campaign = await running(owner_db, owner, settings)
    _left, stop = await step(owner, channel, campaign)
    assert stop is not None
    await gated.stop(owner.company_id, campaign, gate.Stop(stop))
    assert await told(owner, campaign) == [("spend_cap", "campaign", PEOPLE, False)]


@pytest.mark.parametrize("seconds", [None, 3600])
async def test_a_channel_that_cannot_send_holds_all(owner_db: asyncpg.Connection, owner: Actor, seconds: int | None) -> None:
    channel, campaign = await running(owner_db, owner)
    await owner_db.execute(
        "update channel set state = 'paused', state_reason = 'spam_rate', paused_until = now() + make_interval(secs => $2) where id = $1",
        channel,
        seconds,
    )
    assert await told(owner, campaign) == [("channel", "spam_rate", PEOPLE, seconds is not None)]


async def test_the_daily_limit_of_the_number_and_tries_that_failed_are_told_apart(
    owner_db: asyncpg.Connection, owner: Actor
) -> None:
    channel, campaign = await running(owner_db, owner)
    await owner_db.execute(
        "update message set next_at = now() + interval '1 hour', reason = case when n < 3 then 'temporary' when n < 5 then 'pair_rate' end"
        " from (select id as m, row_number() over (order by id) as n from message where campaign_id = $1) r where id = m and n < 6",
        campaign,
    )
    async with work(owner, Permission.CAMPAIGNS_SEND) as w:
        found = await load_channel(w, channel)
    assert found is not None
    await outgoing.note_limit(found, "tier", 250, until=now() + timedelta(hours=2))
    try:
        assert set(await told(owner, campaign)) == {
            ("retry", "temporary", 2, True), ("pace", "pair_rate", 2, True), ("moment", "", 1, True), ("tier", "", 1, True)
        }  # fmt: skip
    finally:
        await valkey.client().delete(f"binding:{channel}")


async def test_messages_spread_over_hours_wait_for_their_moment(owner_db: asyncpg.Connection, owner: Actor) -> None:
    _channel, campaign = await running(owner_db, owner, '{"spread_minutes": 600}')
    assert [(rule, count) for rule, _name, count, _until in await told(owner, campaign)] == [("spread", PEOPLE - 1)]


async def test_of_calls_the_companys_own_rule_is_told_before_the_law(owner: Actor) -> None:
    later, until = (now() + timedelta(days=2)).weekday(), now() + timedelta(days=1)
    await rules.add(owner, SendHours(owner.company_id, "Só depois", "", "", [later], 0, 1440, False, None, None, ""))
    async with read(owner, Permission.CAMPAIGNS_READ) as r:
        found = await rules.load(r, owner.company_id, Plan(), "marketing", calls=True)
    asked = waits._Asked({}, found, False, True, now())
    held = waits._why(asked, "quiet_hours", "+5511987654321", 3, until)
    assert (held.rule, held.name, held.count) == (WaitRule.OFFICE_DAYS, "Só depois", 3)


def test_a_rule_says_which_of_its_parts_forbids_a_moment() -> None:
    christmas = now().replace(month=12, day=25, hour=12)
    hours = Hours(540, 1080, (0, 1, 2, 3, 4, 5, 6), (christmas.date(),), "Comercial")
    assert holding([hours], ["UTC"], christmas) == Holding("Comercial", WaitRule.HOLIDAY)
    night = christmas.replace(day=24, hour=3)
    assert holding([hours], ["UTC"], night) == Holding("Comercial", WaitRule.QUIET_HOURS)
    closed = msgspec.structs.replace(hours, weekdays=((night.weekday() + 1) % 7,))
    assert holding([closed], ["UTC"], night) == Holding("Comercial", WaitRule.OFFICE_DAYS)
    assert holding([hours], ["UTC"], night.replace(hour=12)) is None
