"""What people wrote comes before news of what was sent, and two transactions that waited for each other cost nobody anything."""

import asyncio
import contextvars
from uuid import uuid4

import asyncpg

from db.messages import inbox
from db.messages.enums import MessageState
from db.permissions import Permission
from db.tenancy import Actor, worker
from db.work import work
from tests import factories
from tests.db.channels.factories import envelope, make_channel, make_message, put_inbox, status, text
from workers.inbound import process_inbox


async def test_what_people_wrote_waits_for_no_statuses(owner: Actor, owner_db: asyncpg.Connection) -> None:
    """A batch of statuses is under way and does not end: who writes meanwhile is heard all the same."""
    channel = await make_channel(owner_db, owner)
    message, attempt = await make_message(owner_db, owner, channel)
    await put_inbox(owner_db, owner, channel, envelope(status(attempt, "delivered")))
    async with work(worker(owner.company_id), Permission.CONTACTS_WRITE) as w:
        await w.fetchval("select true from message where company_id = $1 and id = $2 for update", w.company_id, message)
        batch = asyncio.create_task(process_inbox(owner.company_id), context=contextvars.Context())
        while not await factories.somebody_waits(owner_db):
            await asyncio.sleep(0.01)
        await put_inbox(owner_db, owner, channel, envelope(text("Tem alguém aí?")), people=True)
        assert await asyncio.create_task(process_inbox(owner.company_id), context=contextvars.Context()) == 1
        assert not batch.done()
        heard = await owner_db.fetch("select body from inbound_message where company_id = $1", owner.company_id)
        assert [row["body"] for row in heard] == ["Tem alguém aí?"]
    assert await batch == 1
    assert await owner_db.fetchval("select state from message where id = $1", message) == MessageState.DELIVERED


async def test_what_people_wrote_is_taken_first(owner: Actor, owner_db: asyncpg.Connection) -> None:
    channel = await make_channel(owner_db, owner)
    for _ in range(3):
        await put_inbox(owner_db, owner, channel, envelope(status(uuid4(), "delivered")))
    last = await put_inbox(owner_db, owner, channel, envelope(text("Oi")), people=True)
    async with work(worker(owner.company_id), Permission.CONTACTS_WRITE) as w:
        assert (await inbox.claim(w, 2))[0].id == last


async def test_two_that_crossed_are_no_fault_of_a_row(owner: Actor, owner_db: asyncpg.Connection) -> None:
    """However often Postgres ends a transaction because two waited for each other, the row is due at once and loses no try."""
    channel = await make_channel(owner_db, owner)
    row = await put_inbox(owner_db, owner, channel, envelope(text("Oi")), people=True)
    await owner_db.execute(
        "create function crossed() returns trigger language plpgsql as $$ begin raise exception 'crossed' using errcode = '40P01'; end $$;"
        " create trigger crossed before insert on inbound_message for each row when (new.body = 'Oi') execute function crossed()"
    )
    try:
        assert await process_inbox(owner.company_id) == 0
        assert await owner_db.fetchval("select tries = 0 and next_at <= now() from webhook_inbox where id = $1", row)
    finally:
        await owner_db.execute("drop trigger crossed on inbound_message; drop function crossed()")
    assert await process_inbox(owner.company_id) == 1
