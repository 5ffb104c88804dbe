"""A young number writes to so many new people on a day and no more, whichever lane asks; people whom it knows wait for nothing."""

import asyncio
from datetime import date, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from db.campaigns import actions, gate, lifecycle, preflight, preflight_people, warm_up
from db.campaigns.enums import PreflightRule
from db.channels.secrets import load_channel
from db.clock import now
from db.errors import Invalid, NotFound, PreconditionFailed
from db.messages import ledger
from db.messages.enums import MessageState as M
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work
from tests import factories
from workers import gated

SEND = Permission.CAMPAIGNS_SEND


async def today(db: asyncpg.Connection, owner: Actor) -> date:
    found: date = await db.fetchval("select (now() at time zone time_zone)::date from company where id = $1", owner.company_id)
    return found


async def running(db: asyncpg.Connection, owner: Actor, people: int = 8) -> tuple[UUID, UUID]:
    channel = await factories.channel(db, owner)
    template = await factories.template(db, owner, channel)
    await factories.contacts(db, owner, people)
    campaign = await factories.campaign(db, owner, channel, template)
    await actions.launch(owner, campaign, None)
    await lifecycle.prepare(owner.company_id, campaign)
    return channel, campaign


async def leave(owner: Actor, channel_id: UUID, campaign: UUID, limit: int = 4) -> list[ledger.Claimed]:
    """Who leaves with one claim."""
    async with work(owner, SEND) as w:
        channel = await load_channel(w, channel_id)
        assert channel is not None
        batch = await ledger.claim(w, channel_id, campaign, limit=limit, units=100)
        return await gated.by_warmth(w, channel, campaign, await gate.ask(w, campaign), batch)


async def test_only_so_many_new_people_leave_and_the_others_wait_for_tomorrow(owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel, campaign = await running(owner_db, owner)
    await warm_up.keep(owner, channel, await today(owner_db, owner), [3, 5], "policy")
    went = await asyncio.gather(leave(owner, channel, campaign), leave(owner, channel, campaign))
    assert sum(len(one) for one in went) == 3
    assert await leave(owner, channel, campaign) == []
    rows = await owner_db.fetch(
        "select state, reason, tries, next_at > now() as later from message where campaign_id = $1", campaign
    )
    assert sum(row["state"] == M.SENDING for row in rows) == 3
    assert {(row["tries"], row["later"]) for row in rows if row["state"] == M.QUEUED} == {(0, True)}
    assert {row["reason"] for row in rows if row["state"] == M.QUEUED} <= {"warm_up", None}
    [rule] = await warm_up.warm_ups(owner)
    assert (rule.most, rule.used) == (3, 3)


async def test_trying_somebody_again_takes_no_second_place(owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel, campaign = await running(owner_db, owner, 2)
    await warm_up.keep(owner, channel, await today(owner_db, owner), [2], "")
    assert len(await leave(owner, channel, campaign)) == 2
    await owner_db.execute("update message set state = 0, lease_until = null where campaign_id = $1", campaign)
    assert len(await leave(owner, channel, campaign)) == 2


async def test_people_whom_the_number_knows_and_days_without_a_rule_wait_for_nothing(
    owner_db: asyncpg.Connection, owner: Actor
) -> None:
    channel, campaign = await running(owner_db, owner, 4)
    first = await owner_db.fetchval("select contact_id from message where campaign_id = $1 limit 1", campaign)
    await owner_db.execute(
        "insert into message(company_id, channel_id, queue_id, contact_id, address, dedupe_key, state, sent_at)"
        " values ($1, $2, $2, $3, '+5511', 'answer:1', $4, now() - interval '1 day')",
        owner.company_id, channel, first, int(M.SENT),
    )  # fmt: skip
    day = await today(owner_db, owner)
    await warm_up.keep(owner, channel, day, [1], "")
    assert len(await leave(owner, channel, campaign)) == 2  # one new, one known
    await warm_up.keep(owner, channel, day - timedelta(days=1), [1], "")  # its days are over
    await owner_db.execute("update message set next_at = now() where campaign_id = $1", campaign)
    assert len(await leave(owner, channel, campaign)) == 2


async def test_the_preflight_says_how_many_wait_until_when(owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel = await factories.channel(owner_db, owner)
    template = await factories.template(owner_db, owner, channel)
    await factories.contacts(owner_db, owner, 5)
    campaign = await factories.campaign(owner_db, owner, channel, template)
    await warm_up.keep(owner, channel, await today(owner_db, owner), [2, 4], "")
    told = await preflight.preflight(owner, campaign)
    [found] = [one for one in told.findings if one.rule is PreflightRule.WARM_UP]
    assert found.count == 3
    assert found.until is not None
    assert told.finish is not None
    assert told.binding == "warm_up"
    assert found.until < told.finish < found.until + timedelta(hours=1)  # four may go tomorrow
    await warm_up.keep(owner, channel, await today(owner_db, owner), [2, 2, 2], "")
    longer = (await preflight.preflight(owner, campaign)).finish
    assert longer is not None
    assert longer > found.until + timedelta(hours=23)  # and the last one the day after
    late = await preflight_people.people(owner, campaign, PreflightRule.WARM_UP, limit=10, after=None)
    everybody = await preflight_people.people(owner, campaign, None, limit=10, after=None)
    assert [one.contact_id for one in late] == [one.contact_id for one in everybody][2:]  # the first two have room today


async def test_a_planned_start_is_reckoned_with_the_pace_of_its_own_day(owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel = await factories.channel(owner_db, owner)
    template = await factories.template(owner_db, owner, channel)
    await factories.contacts(owner_db, owner, 5)
    campaign = await factories.campaign(owner_db, owner, channel, template)
    await warm_up.keep(owner, channel, await today(owner_db, owner), [1, 4], "")
    await owner_db.execute(
        "insert into warm_up_used(company_id, channel_id, day, message_id) select $1, $2, $3, uuidv7()",
        owner.company_id, channel, await today(owner_db, owner),
    )  # fmt: skip

    async def told(days: int) -> tuple[int, int, datetime | None]:
        at = now() + timedelta(days=days)
        found = await preflight.preflight(owner, campaign, at)
        listed = await preflight_people.people(owner, campaign, PreflightRule.WARM_UP, at=at, limit=10, after=None)
        late = [one for one in found.findings if one.rule is PreflightRule.WARM_UP]
        return sum(one.count for one in late), len(listed), late[0].until if late else None

    assert (await told(0))[:2] == (5, 5)  # its only place is taken
    tomorrow = await told(1)
    assert tomorrow[:2] == (1, 1)
    assert tomorrow[2] is not None
    assert tomorrow[2] > now() + timedelta(days=1)
    assert await told(2) == (0, 0, None)  # it is over by then


async def test_a_rule_grows_is_changed_once_and_belongs_to_its_company(
    owner_db: asyncpg.Connection, owner: Actor, stranger: Actor
) -> None:
    channel = await factories.channel(owner_db, owner)
    day = await today(owner_db, owner)
    with pytest.raises(Invalid):
        await warm_up.keep(owner, channel, day, [5, 3], "")
    kept = await warm_up.keep(owner, channel, day, warm_up.SUGGESTED, warm_up.SUGGESTED_SOURCE)
    with pytest.raises(NotFound):
        await warm_up.keep(stranger, channel, day, [1], "")
    assert await warm_up.warm_ups(stranger) == []
    await warm_up.keep(owner, channel, day, [10], "", frozenset({kept.version}))
    with pytest.raises(PreconditionFailed):
        await warm_up.keep(owner, channel, day, [10], "", frozenset({kept.version}))
    await warm_up.remove(owner, channel)
    with pytest.raises(NotFound):
        await warm_up.remove(owner, channel)
