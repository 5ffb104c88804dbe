"""Figures against a plain count of the messages: whatever happened to them, in whatever order, folded or not."""

import random
import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from db.accounts import profile
from db.messages import echoes
from db.messages.content import Text
from db.messages.echoes import Echo
from db.messages.enums import MessageOrigin, MessageState
from db.permissions import Permission
from db.stats import check, fold
from db.stats.metrics import Metric
from db.stats.queries import daily
from db.tenancy import Actor
from db.work import read, system_read, system_work, work
from tests import factories

START = datetime(2026, 3, 7, 22, 0, tzinfo=UTC)  # New York leaves winter time on the 8th
FIRST, LAST = date(2026, 3, 1), date(2026, 3, 31)
ENDS = (
    MessageState.SENT,
    MessageState.DELIVERED,
    MessageState.READ,
    MessageState.FAILED,
    MessageState.FAILED_UNKNOWN,
    MessageState.QUEUED,
)


async def _messages(db: asyncpg.Connection, actor: Actor, campaign: UUID, channel: UUID, count: int) -> list[UUID]:
    rows = await db.fetch(
        "insert into message(company_id, channel_id, queue_id, campaign_id, address, dedupe_key, author_id)"
        " select $1, $2, $3, case when g % 4 > 0 then $3::uuid end, '+5511', case when g % 8 = 0 then 'ai:' else '' end || $3::text || ':' || g,"
        " case when g % 8 = 4 then $5::uuid end from generate_series(1, $4::int) g returning id",
        actor.company_id, channel, campaign, count, actor.id,
    )  # fmt: skip
    return [row["id"] for row in rows]


async def _step(db: asyncpg.Connection, actor: Actor, ids: list[UUID], dice: random.Random) -> None:
    """Some messages move at once, each anywhere: also back into the queue, and late ones into the past."""
    at = START + timedelta(minutes=dice.randrange(60 * 40))
    state = dice.choice(ENDS)
    await db.execute(
        "update message set state = $3::smallint, sent_at = case when $3::smallint between 3 and 5 then coalesce(sent_at, $4) when $3::smallint = 0 then null else sent_at end,"
        " done_at = case when $3::smallint in (6, 7) then $4 end, reason = case when $3::smallint = 6 then 'blocked' end,"
        " replied_at = case when $3::smallint = 5 and $5 then coalesce(replied_at, $4) else replied_at end"
        " where company_id = $1 and id = any($2::uuid[])",
        actor.company_id, dice.sample(ids, dice.randint(1, len(ids))), int(state), at, dice.random() < 0.5,
    )  # fmt: skip


async def _counted(db: asyncpg.Connection, actor: Actor, zone: str) -> dict[tuple[date, Metric], int]:
    found: Counter[tuple[date, Metric]] = Counter()
    for row in await db.fetch("select * from message where company_id = $1", actor.company_id):
        state, sent, done, replied = row["state"], row["sent_at"], row["done_at"], row["replied_at"]
        facts = {
            Metric.SENT: sent if state in (3, 4, 5) else None,
            Metric.DELIVERED: sent if state in (4, 5) else None,
            Metric.READ: sent if state == 5 else None,
            Metric.REPLIED: (sent or replied) if replied else None,
            Metric.FAILED: done if state == 6 else None,
            Metric.NO_RESULT: done if state == 7 else None,
            Metric.AUTHORED: sent if state in (3, 4, 5) and row["campaign_id"] is None else None,
            Metric.WROTE: sent if state in (3, 4, 5) and row["author_id"] else None,
            Metric.REFUSED: done if state == 6 else None,
        }
        for metric, at in facts.items():
            if at is not None:
                found[at.astimezone(ZoneInfo(zone)).date(), metric] += 1
                if row["campaign_id"] is not None:
                    found[at.astimezone(ZoneInfo(zone)).date(), Metric(metric + 10)] += 1
    return dict(found)


async def _kept(actor: Actor) -> dict[tuple[date, Metric], int]:
    async with read(actor, Permission.CAMPAIGNS_READ) as r:
        kept = await daily(r, actor.company_id, list(Metric), FIRST, LAST)
    return {key: n for key, n in kept.items() if n}


async def _fold_all() -> None:
    while await fold.fold():
        pass


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("zone", ["America/Sao_Paulo", "America/New_York", "Asia/Kolkata"])
async def test_figures_equal_a_count_of_the_messages(
    owner_db: asyncpg.Connection, owner: Actor, stranger: Actor, zone: str, seed: int
) -> None:
    await owner_db.execute("update company set time_zone = $2 where id = $1", owner.company_id, zone)
    dice = random.Random(seed)
    channel = await factories.channel(owner_db, owner)
    campaign = await factories.campaign(owner_db, owner, channel, body="Oi")
    ids = await _messages(owner_db, owner, campaign, channel, 24)
    for _ in range(15):
        await _step(owner_db, owner, ids, dice)
        if dice.random() < 0.4:
            await fold.fold()
        assert await _kept(owner) == await _counted(owner_db, owner, zone)
    await _fold_all()
    assert await owner_db.fetchval("select count(*) from stat_delta where company_id = $1", owner.company_id) == 0
    assert await _kept(owner) == await _counted(owner_db, owner, zone)
    assert await _kept(stranger) == {}
    async with system_read() as s:
        assert await check.differences(s, owner.company_id) == []


async def test_a_fold_that_dies_changes_nothing(owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel = await factories.channel(owner_db, owner)
    campaign = await factories.campaign(owner_db, owner, channel, body="Oi")
    ids = await _messages(owner_db, owner, campaign, channel, 10)
    await _step(owner_db, owner, ids, random.Random(1))
    before = await _kept(owner)
    assert before

    with pytest.raises(ZeroDivisionError):
        async with system_work() as s:
            assert await s.fetchval(fold._FOLD, fold.ROWS) > 0
            raise ZeroDivisionError
    assert await _kept(owner) == before
    await _fold_all()
    assert await _kept(owner) == before


async def test_days_follow_a_new_time_zone(owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel = await factories.channel(owner_db, owner)
    campaign = await factories.campaign(owner_db, owner, channel, body="Oi")
    ids = await _messages(owner_db, owner, campaign, channel, 30)
    dice = random.Random(5)
    for _ in range(6):
        await _step(owner_db, owner, ids, dice)
    await _fold_all()
    before = await _kept(owner)
    await _step(owner_db, owner, ids, dice)  # waits as a delta while the zone changes
    await profile.change_company(owner, name=None, language=None, time_zone="Pacific/Auckland", country=None)
    assert await _kept(owner) == await _counted(owner_db, owner, "Pacific/Auckland") != before
    await _fold_all()
    assert await _kept(owner) == await _counted(owner_db, owner, "Pacific/Auckland")


async def test_a_wrong_figure_is_found_and_mended(owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel = await factories.channel(owner_db, owner)
    campaign = await factories.campaign(owner_db, owner, channel, body="Oi")
    ids = await _messages(owner_db, owner, campaign, channel, 10)
    await owner_db.execute("update message set state = 3, sent_at = $2 where id = any($1::uuid[])", ids, START)
    await _fold_all()
    await owner_db.execute("update stat_day set n = n + 5 where company_id = $1 and metric = 1 and dim2 = 0", owner.company_id)
    async with system_read() as s:
        [wrong] = await check.differences(s, owner.company_id)
    assert (wrong.metric, wrong.counted, wrong.kept) == (Metric.SENT, 8, 13)
    async with system_work() as s:
        await check.repair(s, owner.company_id)
    async with system_read() as s:
        assert await check.differences(s, owner.company_id) == []
    await _fold_all()
    assert await _kept(owner) == await _counted(owner_db, owner, "America/Sao_Paulo")


async def test_hours_are_forgotten_and_their_days_stay(owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel = await factories.channel(owner_db, owner)
    campaign = await factories.campaign(owner_db, owner, channel, body="Oi")
    ids = await _messages(owner_db, owner, campaign, channel, 4)
    old = datetime.now(UTC) - timedelta(days=500)
    await owner_db.execute("update message set state = 3, sent_at = $2 where id = any($1::uuid[])", ids, old)
    await _fold_all()
    async with system_work() as s:
        await fold.forget_hours(s)
    assert await owner_db.fetchval("select count(*) from stat_hour where company_id = $1", owner.company_id) == 0
    assert await owner_db.fetchval("select sum(n) from stat_day where company_id = $1 and metric = 1", owner.company_id) == 4
    await profile.change_company(owner, name=None, language=None, time_zone="Asia/Tokyo", country=None)
    assert await owner_db.fetchval("select sum(n) from stat_day where company_id = $1 and metric = 1", owner.company_id) == 4


async def test_what_was_written_elsewhere_is_counted_as_such_alone(owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel = await factories.channel(owner_db, owner)
    for origin in MessageOrigin:
        async with work(owner, Permission.CONTACTS_WRITE) as w:
            echo = Echo(channel, uuid4(), f"wamid.{origin}", "+5511987654321", Text(text="Oi"), START, origin)
            assert await echoes.store(w, echo)
    await owner_db.execute(
        "update message set state = $2, replied_at = $3 where company_id = $1", owner.company_id, MessageState.READ, START
    )
    async with read(owner, Permission.CAMPAIGNS_READ) as r:
        assert await daily(r, owner.company_id, list(Metric), FIRST, LAST) == {(START.date(), Metric.AUTHORED): 1}  # on the phone
    async with system_read() as s:
        assert await check.differences(s, owner.company_id) == []


async def test_what_adds_up_figures_is_planned_once(owner_db: asyncpg.Connection) -> None:
    """It reads nothing but what its statement changed, so that no plan of it grows old; planned each time it cost as much as adding up."""
    counting = ["cost_counted", "inbound_counted", "message_tally_insert", "message_tally_update", "talk_counted"]
    rows = await owner_db.fetch("select proname, proconfig, prosrc from pg_proc where proname = any($1) order by 1", counting)
    assert [row["proname"] for row in rows] == counting
    for row in rows:
        assert "plan_cache_mode=force_generic_plan" in (row["proconfig"] or ()), row["proname"]
        read = set(re.findall(r"\b(?:from|join) (?!lateral \()(?:lateral )?(\w+)", row["prosrc"]))
        assert read <= {"fresh", "stale", "changed", "moved", "message_facts", "message_marks", "talk_facts"}, row["proname"]
