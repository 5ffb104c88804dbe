"""A webhook that Postgres refuses is refused, or set aside, alone."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import asyncpg

from api.hooks.collector import Collector, Down
from api.hooks.spool import Spool
from db.ids import uuid7
from db.messages.inbox import Received
from db.settings import Settings
from db.tenancy import Actor
from tests.db.channels.factories import make_channel
from tests.poison import refusing


def rows_of(owner: Actor, channel: UUID, bad: int) -> list[Received]:
    return [
        Received(owner.company_id, uuid7(), channel, "meta", None, b"veneno" if n == bad else b"{}", datetime.now(UTC))
        for n in range(20)
    ]


async def test_waiting_together_they_are_not_refused_together(
    database: Settings, owner: Actor, owner_db: asyncpg.Connection
) -> None:
    rows = rows_of(owner, await make_channel(owner_db, owner), 5)
    stored: list[Received] = []
    collector = Collector(database.system_url, stored.append)
    collector.start()
    async with refusing(owner_db, "webhook_inbox", "body = 'veneno'::bytea"):
        ends = await asyncio.gather(*(collector.add(row) for row in rows), return_exceptions=True)
    await collector.stop()
    assert [type(end) for end in ends] == [Down if n == 5 else type(None) for n in range(20)]
    assert {row.id for row in stored} == {row.id for n, row in enumerate(rows) if n != 5}
    assert await owner_db.fetchval("select count(*) from webhook_inbox where company_id = $1", owner.company_id) == 19


async def test_in_a_spool_it_is_set_aside_and_kept(
    database: Settings, owner: Actor, owner_db: asyncpg.Connection, tmp_path: Path
) -> None:
    spool = Spool(tmp_path, database.system_url, lambda row: None)
    for row in rows_of(owner, await make_channel(owner_db, owner), 0):
        await spool.append(row)
    async with refusing(owner_db, "webhook_inbox", "body = 'veneno'::bytea"):
        assert await spool.replay() == 19
        [aside] = tmp_path.iterdir()
        assert aside.suffix == ".refused"
        assert await spool.replay() == 0
    aside.rename(aside.with_suffix(".replay"))
    assert await spool.replay() == 1
    assert await owner_db.fetchval("select count(*) from webhook_inbox where company_id = $1", owner.company_id) == 20
    await spool.close()
