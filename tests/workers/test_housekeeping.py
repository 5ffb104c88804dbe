"""What is forgotten, and what is kept."""

import asyncpg

from db import blobs
from db.settings import Settings
from db.tenancy import Actor
from tests import factories
from workers import housekeeping


async def test_junk_of_one_company_is_bounded_and_costs_nobody_elses_webhooks(
    owner: Actor, stranger: Actor, owner_db: asyncpg.Connection, database: Settings
) -> None:
    blobs.connect(database)
    ours, theirs = await factories.channel(owner_db, owner), await factories.channel(owner_db, stranger)
    for actor, channel, count in ((owner, ours, 25), (stranger, theirs, 3)):
        await owner_db.execute(
            "insert into webhook_inbox(company_id, channel_id, source, body, tries)"
            " select $1, $2, 'meta', convert_to(repeat('x', 3000000), 'LATIN1'), 5 from generate_series(1, $3)",
            actor.company_id,
            channel,
            count,
        )
    waiting = await owner_db.fetchval(
        "insert into webhook_inbox(company_id, channel_id, source, body) values ($1, $2, 'meta', 'x') returning id",
        owner.company_id,
        ours,
    )
    await owner_db.execute("delete from tick where name = 'hourly'")
    await housekeeping.hourly()
    count = "select count(*) from webhook_inbox where company_id = $1 and tries = 5"
    assert await owner_db.fetchval(count, owner.company_id) == 16  # 50 MB of 75
    assert await owner_db.fetchval(count, stranger.company_id) == 3
    assert await owner_db.fetchval("select true from webhook_inbox where id = $1", waiting)
