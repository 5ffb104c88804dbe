"""The owners are told of numbers that do not come back by themselves, once, and that they are back."""

from uuid import UUID

import asyncpg
import pytest

from db.qr import sessions
from db.qr.closing import Closed
from db.qr.enums import CloseReason
from db.qr.leases import Held, release
from db.tenancy import Actor
from tests.db.qr import scenes

AGO = "now() - interval '6 minutes'"


async def told(db: asyncpg.Connection, channel_id: UUID) -> list[str]:
    rows = await db.fetch("select code from channel_notice where channel_id = $1 order by code", channel_id)
    return [row["code"] for row in rows]


async def mails(db: asyncpg.Connection, actor: Actor) -> list[str]:
    rows = await db.fetch("select params->>'code' as code from mail where company_id = $1", actor.company_id)
    return [row["code"] for row in rows]


async def away(db: asyncpg.Connection, held: Held) -> None:
    await db.execute(f"update qr_session set closed_at = {AGO} where id = $1 and closed_at is not null", held.channel_id)
    await sessions.alarm()


async def test_one_that_stays_away_is_told_of_once_and_so_is_its_return(owner_db: asyncpg.Connection, owner: Actor) -> None:
    held = await scenes.held(owner_db, owner)
    await sessions.opened(held, "engine")
    await sessions.closed(held, Closed(CloseReason.NETWORK, 503))
    await sessions.alarm()
    assert await told(owner_db, held.channel_id) == []
    await away(owner_db, held)
    await away(owner_db, held)
    assert await told(owner_db, held.channel_id) == ["session_away"]
    assert await mails(owner_db, owner) == ["session_away"]
    await sessions.opened(held, "engine")
    assert await told(owner_db, held.channel_id) == ["session_away", "session_back"]
    left = "select count(*) from channel_notice where channel_id = $1 and closed_at is null"
    assert await owner_db.fetchval(left, held.channel_id) == 0


async def test_it_is_told_also_where_no_gateway_runs(owner_db: asyncpg.Connection, owner: Actor) -> None:
    dead, ended = await scenes.held(owner_db, owner), await scenes.held(owner_db, owner)
    for held in (dead, ended):
        await sessions.opened(held, "engine")
    await scenes.expire(owner_db, dead.channel_id, 360)
    await release([ended])
    assert await scenes.column(owner_db, ended.channel_id, "state") == "reconnecting"
    await away(owner_db, ended)
    for held in (dead, ended):
        assert await told(owner_db, held.channel_id) == ["session_away"]


async def test_a_phone_that_is_not_heard_of_for_ten_days_is_told_of_once_each_time(
    owner_db: asyncpg.Connection, owner: Actor
) -> None:
    held = await scenes.held(owner_db, owner)
    await sessions.opened(held, "engine")
    quiet = "update qr_session set first_open_at = now() - interval '90 days', {} = now() - interval '{}' where id = $1"
    await owner_db.execute(quiet.format("last_receipt_at", "9 days"), held.channel_id)
    await sessions.remind()
    assert await told(owner_db, held.channel_id) == []
    await owner_db.execute(quiet.format("last_receipt_at", "11 days"), held.channel_id)
    for _ in range(2):
        await sessions.remind()
    assert await told(owner_db, held.channel_id) == await mails(owner_db, owner) == ["session_quiet"]
    await sessions.came_back(held)
    await sessions.remind()
    await owner_db.execute(
        "update qr_session set quiet_told_at = now() - interval '30 days', canary_at = now() - interval '12 days' where id = $1",
        held.channel_id,
    )
    await sessions.remind()
    assert await told(owner_db, held.channel_id) == ["session_quiet", "session_quiet"]


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        (CloseReason.LOGGED_OUT, "session_ended"),
        (CloseReason.BANNED, "session_banned"),
        (CloseReason.OUTDATED, "session_outdated"),
    ],
)
async def test_every_end_is_told_of_in_its_own_words(
    owner_db: asyncpg.Connection, owner: Actor, reason: CloseReason, code: str
) -> None:
    held = await scenes.held(owner_db, owner)
    await sessions.opened(held, "engine")
    await sessions.closed(held, Closed(reason))
    await away(owner_db, held)
    assert await told(owner_db, held.channel_id) == [code]
    assert await mails(owner_db, owner) == [code]
