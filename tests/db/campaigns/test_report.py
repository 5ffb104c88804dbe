"""What a campaign's report counts: times, hours, goals, the hour to send at."""

from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import pytest

from db.campaigns import goals, received, report
from db.campaigns.enums import CampaignGoalKind
from db.campaigns.goals import Goal
from db.campaigns.report import Hour, best_of
from db.clock import now
from db.errors import Invalid, NotFound
from db.ids import first_of
from db.messages.enums import MessageState as M
from db.permissions import Permission
from db.stats.metrics import Metric
from db.tenancy import Actor
from tests import factories

START = now().replace(hour=13, minute=0, second=0, microsecond=0) - timedelta(days=3)  # ten in São Paulo


async def _sent(db: asyncpg.Connection, owner: Actor, people: int = 4, **columns: object) -> UUID:
    """Sent to so many; the first read it after ten minutes and answered after twenty, the second read it after two hours."""
    channel = await factories.channel(db, owner)
    await factories.contacts(db, owner, people)
    campaign = await factories.campaign(
        db, owner, channel, state="finished", started_at=START, finished_at=START, audience_size=people, **columns
    )
    await db.execute(
        "insert into message(company_id, channel_id, queue_id, campaign_id, contact_id, address, dedupe_key, state, sent_at, read_at, replied_at)"
        " select $1, $2, $3::uuid, $3::uuid, c.id, '+55', $3::text || ':' || c.id, case when c.name in ('Pessoa 0', 'Pessoa 1') then $5::smallint else $6::smallint end, $4::timestamptz,"
        " case c.name when 'Pessoa 0' then $4::timestamptz + interval '10 min' when 'Pessoa 1' then $4::timestamptz + interval '2 hours' end,"
        " null from contact c where c.company_id = $1",
        owner.company_id, channel, campaign, START, int(M.READ), int(M.DELIVERED),
    )  # fmt: skip
    await db.execute(
        "update message m set replied_at = $2 from contact c where m.campaign_id = $1 and c.id = m.contact_id and c.name = 'Pessoa 0'",
        campaign,
        START + timedelta(minutes=20),
    )
    return campaign


async def test_times_are_of_those_who_read(owner_db: asyncpg.Connection, owner: Actor, stranger: Actor) -> None:
    campaign = await _sent(owner_db, owner)
    found = await report.report(owner, campaign)
    assert (found.figures.sent, found.figures.read, found.figures.replied) == (4, 2, 1)
    assert (found.times.read_median, found.times.replied_median) == (3900, 1200)
    assert found.times.bins == [0, 0, 1, 0, 1, 0, 0, 0, 0]
    assert {hour: n for hour, n in enumerate(found.times.read) if n} == {10: 1, 12: 1}
    assert {hour: n for hour, n in enumerate(found.times.replied) if n} == {10: 1}
    with pytest.raises(NotFound):
        await report.report(stranger, campaign)


async def test_nothing_read_has_no_times(owner_db: asyncpg.Connection, owner: Actor) -> None:
    campaign = await factories.campaign(owner_db, owner, await factories.channel(owner_db, owner), state="running")
    found = await report.report(owner, campaign)
    assert (found.times.read_median, sum(found.times.bins), found.converted, found.best.best) == (None, 0, 0, None)


async def _person(db: asyncpg.Connection, owner: Actor, number: int) -> UUID:
    found: UUID = await db.fetchval(
        "select id from contact where company_id = $1 and name = $2", owner.company_id, f"Pessoa {number}"
    )
    return found


async def _moved(db: asyncpg.Connection, owner: Actor, number: int, at: datetime, stage: UUID) -> None:
    board = await db.fetchval("select board_id from stage where id = $1", stage)
    lead = await db.fetchval(
        "insert into lead(company_id, board_id, stage_id, rank, title, search, contact_id) values ($1, $2, $3, $4, 'x', 'x', $5) returning id",
        owner.company_id, board, stage, f"a{number}{at:%d%H}", await _person(db, owner, number),
    )  # fmt: skip
    await db.execute(
        "insert into lead_change(company_id, id, lead_id, at, kind, to_stage_id) values ($1, $2, $3, $4, 'moved', $5)",
        owner.company_id, first_of(at), lead, at, stage,
    )  # fmt: skip


async def test_a_goal_counts_people_once_and_within_its_days(owner_db: asyncpg.Connection, owner: Actor) -> None:
    campaign = await _sent(owner_db, owner)
    board = await owner_db.fetchval("insert into board(company_id, name) values ($1, 'Vendas') returning id", owner.company_id)
    stages = [
        await owner_db.fetchval(
            "insert into stage(company_id, board_id, name, rank) values ($1, $2, $3, $4) returning id",
            owner.company_id, board, f"Etapa {number}", f"a{number}",
        )
        for number in range(2)
    ]  # fmt: skip
    await _moved(owner_db, owner, 0, START + timedelta(hours=1), stages[0])
    await _moved(owner_db, owner, 0, START + timedelta(hours=2), stages[1])
    await _moved(owner_db, owner, 1, START + timedelta(hours=3), stages[0])
    await _moved(owner_db, owner, 2, START - timedelta(hours=1), stages[0])  # before the message
    await _moved(owner_db, owner, 3, START + timedelta(days=2), stages[0])
    assert (await report.report(owner, campaign)).converted == 3
    await goals.set_goal(owner, campaign, Goal(CampaignGoalKind.STAGE, [stages[0]], 1))
    assert (await report.report(owner, campaign)).converted == 2
    blind = Actor(company_id=owner.company_id, kind="user", id=owner.id, permissions=owner.permissions - {Permission.BOARDS_READ})
    assert (await report.report(blind, campaign)).converted is None


async def test_tags_and_hooks_are_goals_too(owner_db: asyncpg.Connection, owner: Actor, stranger: Actor) -> None:
    campaign = await _sent(owner_db, owner)
    tag = await owner_db.fetchval("insert into tag(company_id, name) values ($1, 'Comprou') returning id", owner.company_id)
    for number, at in ((0, START + timedelta(hours=1)), (1, START - timedelta(days=1)), (2, None)):
        await owner_db.execute(
            "insert into contact_tag(company_id, tag_id, contact_id, added_at) values ($1, $2, $3, $4)",
            owner.company_id, tag, await _person(owner_db, owner, number), at,
        )  # fmt: skip
    await goals.set_goal(owner, campaign, Goal(CampaignGoalKind.TAG, [tag]))
    assert (await report.report(owner, campaign)).converted == 1
    hook = await owner_db.fetchval(
        "insert into incoming_hook(company_id, name, token_hash, token_hint) values ($1, 'Loja', $2, 'x') returning id",
        owner.company_id,
        campaign.bytes,
    )
    for number in (0, 1):
        await owner_db.execute(
            "insert into incoming_delivery(company_id, hook_id, source, content_type, size, contact_id, received_at) values ($1, $2, 'x', 'x', 1, $3, $4)",
            owner.company_id, hook, await _person(owner_db, owner, number), START + timedelta(hours=1),
        )  # fmt: skip
    await goals.set_goal(owner, campaign, Goal(CampaignGoalKind.HOOK, [hook]))
    assert (await report.report(owner, campaign)).converted == 2
    with pytest.raises(Invalid):
        await goals.set_goal(owner, campaign, Goal(CampaignGoalKind.TAG))
    with pytest.raises(NotFound):
        await goals.set_goal(owner, campaign, Goal(CampaignGoalKind.TAG, [campaign]))
    with pytest.raises(NotFound):
        await goals.set_goal(stranger, campaign, Goal())


def test_the_best_hour_is_surely_the_best() -> None:
    assert best_of([Hour(9, 1000, 500, 0)], by_read=True) is None
    assert best_of([Hour(9, 1000, 500, 0), Hour(18, 10, 10, 10)], by_read=True) is None
    assert best_of([Hour(9, 1000, 500, 9), Hour(18, 200, 110, 0), Hour(20, 1000, 530, 2)], by_read=True) == 20
    assert best_of([Hour(9, 1000, 500, 9), Hour(20, 1000, 530, 2)], by_read=False) == 9


async def test_the_hour_to_send_is_that_of_the_company(owner_db: asyncpg.Connection, owner: Actor, stranger: Actor) -> None:
    channel = await factories.channel(owner_db, owner)
    for at, sent, read in ((START, 400, 100), (START + timedelta(hours=5), 400, 300)):
        for metric, n in ((Metric.SENT, sent), (Metric.READ, read)):
            await owner_db.execute(
                "insert into stat_hour(company_id, metric, bucket, dim1, dim2, h, n, sum) values ($1, $2, $3, $4, 0, 0, $5, 0)",
                owner.company_id, int(metric), at, channel, n,
            )  # fmt: skip
    found = await report.best_hours(owner, channel)
    assert found.best == 15
    assert [(one.hour, one.sent, one.read) for one in found.hours] == [(10, 400, 100), (15, 400, 300)]
    with pytest.raises(NotFound):
        await report.best_hours(stranger, channel)


async def test_what_became_of_one_message_is_told_try_by_try(owner_db: asyncpg.Connection, owner: Actor, stranger: Actor) -> None:
    campaign = await _sent(owner_db, owner)
    person = await _person(owner_db, owner, 0)
    message = await owner_db.fetchrow(
        "select id, channel_id from message where contact_id = $1 and campaign_id = $2", person, campaign
    )
    assert message is not None
    for epoch, state, code in ((1, 2, 131000), (2, 1, None)):
        await owner_db.execute(
            "insert into attempt(company_id, message_id, channel_id, epoch, state, code, detail) values ($1, $2, $3, $4, $5, $6, 'x')",
            owner.company_id, message["id"], message["channel_id"], epoch, state, code,
        )  # fmt: skip
    found = await received.history(owner, person, campaign)
    assert (found.state, found.sent_at, found.replied_at) == ("read", START, START + timedelta(minutes=20))
    assert [(one.outcome, one.code) for one in found.tries] == [("accepted", None), ("rejected", 131000)]
    with pytest.raises(NotFound):
        await received.history(stranger, person, campaign)
    with pytest.raises(NotFound):
        await received.history(owner, person, person)
