"""`just up` starts the gateway for who connects a number by a code, and for nobody else."""

import asyncpg

from db.settings import Settings
from db.tenancy import Actor
from db.up.servers import has_sessions
from db.up.supervisor import program
from tests.db.qr import scenes


async def test_it_is_wanted_once_there_is_a_session(database: Settings, owner_db: asyncpg.Connection, owner: Actor) -> None:
    await owner_db.execute("truncate qr_session")
    assert not await has_sessions(database.database_owner_url)
    await scenes.session(owner_db, owner, paired=False)
    assert await has_sessions(database.database_owner_url)


async def test_a_database_that_is_away_wants_none() -> None:
    assert not await has_sessions("postgresql://nobody@127.0.0.1:1/none")


def test_it_is_started_like_the_others() -> None:
    started = program("gateway", Settings(), {})
    assert started.argv[-1] == "workers.gateway"
