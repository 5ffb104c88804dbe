"""A made-up company's number: shown as connected, held by nobody, and connected for true once somebody uses it."""

from datetime import timedelta

import asyncpg

from db.clock import now
from db.qr import leases, pairing, played, sessions, wanted
from db.qr.enums import CodeKind, SessionState
from db.settings import Settings
from db.tenancy import Actor
from db.up.servers import has_sessions
from tests import factories
from tests.db.qr import scenes


async def _played(db: asyncpg.Connection, owner: Actor) -> pairing.SessionView:
    await db.execute("update qr_session set next_at = 'infinity', pairing_until = null, wa_jid = null")  # of other tests
    channel_id = await scenes.session(db, owner, paired=False, state="open", played=True, next_at=now() + timedelta(days=9999))
    await db.execute("update qr_session set pairing_until = null where id = $1", channel_id)
    await db.execute("update channel set sandbox = true where id = $1", channel_id)
    return await pairing.session(owner, channel_id)


async def test_it_is_shown_as_connected_and_nobody_is_wanted_for_it(
    owner_db: asyncpg.Connection, owner: Actor, database: Settings
) -> None:
    await owner_db.execute("delete from qr_session")
    view = await _played(owner_db, owner)
    assert (view.state, view.paired) == (SessionState.OPEN, True)
    assert not await wanted.any_session(sandbox=True)
    assert not await has_sessions(database.database_owner_url)
    assert await leases.take("g", 5) == []
    assert await played.wake() == 0


async def test_a_message_that_waits_has_it_connected(owner_db: asyncpg.Connection, owner: Actor, database: Settings) -> None:
    view = await _played(owner_db, owner)
    await factories.contacts(owner_db, owner, 1)
    contact = await owner_db.fetchval("select id from contact where company_id = $1", owner.company_id)
    await owner_db.execute(
        "insert into message(company_id, channel_id, queue_id, contact_id, address, dedupe_key, content)"
        ' values ($1, $2, $2, $3, \'+5511900000000\', \'answer:1\', \'{"kind": "literal", "body": "Oi"}\')',
        owner.company_id,
        view.channel_id,
        contact,
    )
    assert await has_sessions(database.database_owner_url)
    assert await played.wake() == 1
    assert await played.wake() == 0
    assert await wanted.any_session(sandbox=True)
    [held] = await leases.take("g", 5, sandbox=True)
    await sessions.show_code(held, CodeKind.QR, "2@ref,noise,identity,secret,1", now() + timedelta(minutes=1))
    asked = "select payload->>'verb' from job where company_id = $1 and payload->>'channel_id' = $2"
    assert await owner_db.fetchval(asked, owner.company_id, str(view.channel_id)) == "scan", "its code is scanned by itself"
    shown = await pairing.shown(owner.company_id, view.channel_id)
    assert shown == pairing.Displayed(CodeKind.QR, "2@ref,noise,identity,secret,1")


async def test_somebody_who_writes_to_it_tries_again_until_it_is_there(owner_db: asyncpg.Connection, owner: Actor) -> None:
    view = await _played(owner_db, owner)
    assert await played.comes(owner.company_id, view.channel_id)
    assert (await pairing.session(owner, view.channel_id)).state is SessionState.PAIRING
    assert await played.comes(owner.company_id, view.channel_id), "it is still being connected"
    await owner_db.execute("update qr_session set state = 'logged_out', pairing_until = null where id = $1", view.channel_id)
    assert not await played.comes(owner.company_id, view.channel_id)
