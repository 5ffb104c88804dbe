"""A number that people block or that fails sends more slowly, its owners are told, and it goes on when that is over."""

from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from db.channels import health, notices, templates
from db.channels.enums import HealthAdvice, NoticeCode, Quality
from db.channels.health import Counts, rising
from db.channels.secrets import load_channel
from db.clock import now
from db.errors import NotFound
from db.permissions import Permission
from db.stats.metrics import Metric
from db.tenancy import Actor
from db.work import read, work
from tests import factories

Q = NoticeCode


@pytest.mark.parametrize(
    ("last", "before", "found"),
    [
        (Counts(90, 0, 90), Counts(0, 0, 0), None),  # too few to say anything
        (Counts(1000, 0, 12), Counts(0, 0, 0), None),  # it may be chance
        (Counts(1000, 0, 30), Counts(0, 0, 0), Q.STOPS_RISING),
        (Counts(1000, 0, 30), Counts(10_000, 0, 200), None),  # usual for this number
        (Counts(1000, 200, 0), Counts(0, 0, 0), Q.FAILURES_RISING),
        (Counts(1000, 200, 30), Counts(0, 0, 0), Q.STOPS_RISING),  # the worse one is told
        (Counts(1000, 110, 0), Counts(0, 0, 0), None),
    ],
)
def test_what_rises_is_surely_above_what_is_usual(last: Counts, before: Counts, found: NoticeCode | None) -> None:
    assert rising(last, before) is found


@pytest.fixture
async def number(owner_db: asyncpg.Connection, owner: Actor) -> UUID:
    return await factories.channel(owner_db, owner, sandbox=False, throughput=80)


async def _count(db: asyncpg.Connection, owner: Actor, channel: UUID, metric: Metric, n: int) -> None:
    at = now().replace(minute=0, second=0, microsecond=0)
    for table, column, value in (
        ("stat_hour", "bucket", at),
        ("stat_day", "day", at.astimezone(ZoneInfo("America/Sao_Paulo")).date()),
    ):
        await db.execute(
            f"insert into {table}(company_id, metric, {column}, dim1, dim2, h, n, sum) values ($1, $2, $3, $4, 0, 0, $5, 0)"
            f" on conflict (company_id, metric, {column}, dim1, dim2, h) do update set n = excluded.n",
            owner.company_id, int(metric), value, channel, n,
        )  # fmt: skip


async def _says_stop(db: asyncpg.Connection, owner: Actor, channel: UUID, people: int) -> None:
    await factories.contacts(db, owner, people)
    await db.execute(
        "with said as (insert into inbound_message(company_id, channel_id, contact_id, provider_id, address, kind, content, received_at)"
        " select $1, $2, id, id::text, '+55', 'text', '{\"kind\": \"text\"}', now() from contact where company_id = $1 returning id, contact_id)"
        " insert into consent_entry(company_id, contact_id, allowed, source, by_kind, message_id)"
        " select $1, contact_id, false, 'keyword', 'worker', id from said",
        owner.company_id,
        channel,
    )


async def _rate(owner: Actor, channel: UUID) -> float:
    async with read(owner, Permission.CHANNELS_READ) as r:
        found = await load_channel(r, channel)
    assert found is not None
    return found.rate


async def test_it_slows_tells_and_goes_on_by_itself(owner_db: asyncpg.Connection, owner: Actor, number: UUID) -> None:
    await _count(owner_db, owner, number, Metric.SENT, 500)
    await health.look()
    assert await _rate(owner, number) == 80
    await _says_stop(owner_db, owner, number, 30)
    await health.look()
    await health.look()  # said once
    assert await _rate(owner, number) == pytest.approx(4)
    assert [one.code for one in await notices.open_notices(owner, number)] == [Q.STOPS_RISING]
    mails = await owner_db.fetchval(
        "select count(*) from mail where company_id = $1 and template = 'channel_notice'", owner.company_id
    )
    assert mails == 1
    found = await health.health(owner, number, 7)
    assert (found.slow_reason, found.last, found.advice) == (Q.STOPS_RISING, Counts(500, 0, 30), [HealthAdvice.ASK_FIRST])
    assert sum(day.stopped for day in found.days) == 30
    assert sum(day.sent for day in found.days) == 500
    await owner_db.execute("update consent_entry set at = at - interval '2 days' where company_id = $1", owner.company_id)
    await health.look()
    assert await _rate(owner, number) == 80
    assert await notices.open_notices(owner, number) == []


async def test_a_person_may_send_at_full_speed_for_a_day(
    owner_db: asyncpg.Connection, owner: Actor, stranger: Actor, number: UUID
) -> None:
    await _count(owner_db, owner, number, Metric.SENT, 500)
    await _count(owner_db, owner, number, Metric.FAILED, 300)
    assert await health.follow(owner.company_id, number)
    assert (await health.full_speed(owner, number)).pace == 1
    assert not await health.follow(owner.company_id, number)
    await owner_db.execute("update channel set full_speed_until = now() - interval '1 minute' where id = $1", number)
    assert await health.follow(owner.company_id, number)
    with pytest.raises(NotFound):
        await health.full_speed(stranger, number)


async def test_red_quality_slows_and_a_rehearsal_never(owner_db: asyncpg.Connection, owner: Actor, number: UUID) -> None:
    sandbox = await factories.channel(owner_db, owner)
    for channel in (number, sandbox):
        await owner_db.execute("update channel set quality = 'red' where id = $1", channel)
        await _count(owner_db, owner, channel, Metric.SENT, 10)
    await health.look()
    assert await owner_db.fetchval("select pace from channel where id = $1", sandbox) == 1
    found = await health.health(owner, number, 7)
    assert (found.pace, found.slow_reason, found.advice) == (pytest.approx(0.05), Q.QUALITY_DROPPED, [HealthAdvice.QUALITY_RED])


async def test_answers_by_hand_never_wait_long(owner_db: asyncpg.Connection, owner: Actor) -> None:
    sms = await factories.channel(owner_db, owner, "sms", sandbox=False, throughput=1, pace=0.05)
    assert await _rate(owner, sms) == 1


async def test_a_template_that_gets_worse_is_told_before_it_is_paused(
    owner_db: asyncpg.Connection, owner: Actor, number: UUID
) -> None:
    template = await factories.template(owner_db, owner, number)
    external = uuid4().hex
    await owner_db.execute("update template set external_id = $2, quality = 'green' where id = $1", template, external)

    async def news(quality: Quality) -> list[NoticeCode]:
        async with work(owner, Permission.CHANNELS_WRITE) as w:
            await templates.apply_news(w, external, at=now(), quality=quality.value.upper())
        return [one.code for one in await notices.open_notices(owner, number)]

    assert await news(Quality.YELLOW) == [Q.TEMPLATE_QUALITY_DROPPED]
    assert await news(Quality.GREEN) == []
    assert await owner_db.fetchval("select quality from template where id = $1", template) == "green"


def test_nothing_is_advised_while_all_is_well() -> None:
    fine = Counts(1000, 20, 2)
    assert health.advice(Quality.GREEN, fine, fine, 1000, 700) == []
    assert health.advice(Quality.YELLOW, fine, Counts(1000, 300, 0), 1000, 800) == [
        HealthAdvice.QUALITY_YELLOW, HealthAdvice.CLEAN_LIST, HealthAdvice.LIMIT_NEAR
    ]  # fmt: skip
