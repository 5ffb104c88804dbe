"""One gateway speaks for a session at a time, and one that lost it changes nothing any more."""

import asyncio

import asyncpg
import pytest

from db import installation
from db.permissions import Permission
from db.qr import leases, sessions
from db.qr.closing import Closed
from db.qr.enums import CloseReason, SessionState
from db.qr.leases import Fenced
from db.settings import Settings
from db.tenancy import Actor, worker
from db.work import work
from tests.db.qr import scenes


@pytest.fixture(autouse=True)
async def _alone(database: Settings, owner_db: asyncpg.Connection) -> None:
    """Other tests leave sessions that are due."""
    await owner_db.execute("update qr_session set next_at = 'infinity'")


async def test_of_two_that_ask_at_once_one_gets_it(owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel_id = await scenes.session(owner_db, owner)
    taken = await asyncio.gather(*(leases.take(f"g{number}", 5) for number in range(4)))
    assert sorted(len(one) for one in taken) == [0, 0, 0, 1]
    assert await scenes.column(owner_db, channel_id, "epoch") == 1


async def test_it_is_not_taken_before_its_last_lease_is_well_over(owner_db: asyncpg.Connection, owner: Actor) -> None:
    held = await scenes.held(owner_db, owner)
    assert await leases.take("other", 5) == []
    await scenes.expire(owner_db, held.channel_id, leases.GRACE - 2)
    assert await leases.take("other", 5) == [], "its holder may still be closing its connection"
    await scenes.expire(owner_db, held.channel_id, leases.GRACE + 1)
    assert [one.epoch for one in await leases.take("other", 5)] == [2]


async def test_a_released_one_is_free_at_once(owner_db: asyncpg.Connection, owner: Actor) -> None:
    held = await scenes.held(owner_db, owner)
    await leases.release([held._replace(epoch=7)])
    assert await leases.take("other", 5) == [], "an epoch that is not the present one releases nothing"
    await leases.release([held])
    assert [one.channel_id for one in await leases.take("other", 5)] == [held.channel_id]


async def test_a_lease_that_ran_out_is_lost_though_nobody_took_it(owner_db: asyncpg.Connection, owner: Actor) -> None:
    held = await scenes.held(owner_db, owner)
    assert await leases.renew([held]) == {(held.channel_id, 1): False}
    await scenes.expire(owner_db, held.channel_id, 0.001)
    assert await leases.renew([held]) == {}


async def test_every_verb_of_an_old_epoch_is_refused(owner_db: asyncpg.Connection, owner: Actor) -> None:
    held = await scenes.held(owner_db, owner)
    await scenes.expire(owner_db, held.channel_id)
    await leases.take("other", 5)
    before = await owner_db.fetchrow("select * from qr_session where id = $1", held.channel_id)
    for verb in (
        sessions.opened(held, "engine"),
        sessions.closed(held, Closed(CloseReason.LOGGED_OUT, 401)),
        sessions.paired(held, sessions.Identity("5511@s.whatsapp.net", None, None, None), "engine"),
        sessions.gone(held),
    ):
        with pytest.raises(Fenced):
            await verb
    assert await owner_db.fetchrow("select * from qr_session where id = $1", held.channel_id) == before


async def test_who_takes_it_waits_for_what_its_holder_writes(owner_db: asyncpg.Connection, owner: Actor) -> None:
    """Or the old one's last write would come after the new one's first."""
    held = await scenes.held(owner_db, owner)
    async with work(worker(owner.company_id), Permission.CHANNELS_WRITE) as w:
        await leases.fence(w, held.channel_id, 1)
        await asyncio.create_task(_passes_over(owner_db, held.channel_id))


async def _passes_over(owner_db: asyncpg.Connection, channel_id: object) -> None:
    with pytest.raises(asyncpg.LockNotAvailableError):
        await owner_db.fetchval("select from qr_session where id = $1 for update nowait", channel_id)


async def test_what_came_with_a_copy_of_the_database_opens_nothing(owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel_id = await scenes.session(owner_db, owner)
    await owner_db.execute("update qr_session set home = gen_random_uuid() where id = $1", channel_id)
    await owner_db.execute(
        "insert into qr_key(company_id, id, channel_id, kind, sealed, epoch) values ($1, $2, $2, 'creds', 'x', 1)",
        owner.company_id,
        channel_id,
    )
    assert await leases.take("other", 5) == []
    assert await sessions.strand() >= 1
    assert await scenes.column(owner_db, channel_id, "state") == SessionState.LOGGED_OUT
    assert await owner_db.fetchval("select count(*) from qr_key where channel_id = $1", channel_id) == 0
    assert await owner_db.fetchval("select state_reason from channel where id = $1", channel_id) == "session_ended"
    assert await sessions.strand() == 0


async def test_a_database_that_is_not_known_gives_none(owner_db: asyncpg.Connection, owner: Actor) -> None:
    await scenes.session(owner_db, owner)
    known = installation._known
    installation.forget()
    try:
        assert await leases.take("other", 5) == []
    finally:
        installation._known = known
    assert len(await leases.take("other", 5)) == 1


async def test_nobody_is_paired_when_nobody_waits_for_a_code(owner_db: asyncpg.Connection, owner: Actor) -> None:
    channel_id = await scenes.session(owner_db, owner, paired=False)
    await owner_db.execute("update qr_session set pairing_until = now() - interval '1 second' where id = $1", channel_id)
    assert await leases.take("other", 5) == []
