"""Keys of sessions: sealed, written as a whole, and by the present holder alone."""

import asyncpg
import pytest

from db.crypto import SealBroken
from db.qr import keys, leases, sessions
from db.qr.closing import Closed
from db.qr.enums import CloseReason, SessionState
from db.qr.keys import Name
from db.qr.leases import Fenced
from db.settings import Settings
from db.tenancy import Actor
from tests.db.qr import scenes

CREDS, SESSION = Name("creds", ""), Name("session", "5511987654321.0")


async def test_what_is_kept_comes_back_and_cannot_be_read_in_the_table(
    database: Settings, owner_db: asyncpg.Connection, owner: Actor
) -> None:
    held = await scenes.held(owner_db, owner)
    await keys.save(
        held.company_id, held.channel_id, 1, {CREDS: "noise-key-1", SESSION: "chain-key-1", Name("pre-key", "7"): "k7"}
    )
    await keys.save(held.company_id, held.channel_id, 1, {SESSION: "chain-key-2", Name("pre-key", "7"): None})
    found = await keys.load(held.company_id, held.channel_id, 1, [CREDS, SESSION, Name("pre-key", "7")])
    assert found == {CREDS: "noise-key-1", SESSION: "chain-key-2"}
    rows = await owner_db.fetch("select qr_key::text as whole, sealed from qr_key where channel_id = $1", held.channel_id)
    assert len(rows) == 2
    for row in rows:
        assert b"key-" not in row["sealed"]
        assert "5511987654321" not in row["whole"], "names tell of people"


async def test_a_key_opens_in_its_own_place_only(owner_db: asyncpg.Connection, owner: Actor) -> None:
    held = await scenes.held(owner_db, owner)
    await keys.save(held.company_id, held.channel_id, 1, {CREDS: "a", SESSION: "b"})
    await owner_db.execute(
        "update qr_key set sealed = (select sealed from qr_key where channel_id = $1 and kind = 'creds') where channel_id = $1 and kind <> 'creds'",
        held.channel_id,
    )
    with pytest.raises(SealBroken):
        await keys.load(held.company_id, held.channel_id, 1, [SESSION])


async def test_an_old_epoch_neither_writes_nor_reads(owner_db: asyncpg.Connection, owner: Actor) -> None:
    held = await scenes.held(owner_db, owner)
    await keys.save(held.company_id, held.channel_id, 1, {SESSION: "old"})
    await scenes.expire(owner_db, held.channel_id)
    (taken,) = [one for one in await leases.take("other", 500) if one.channel_id == held.channel_id]
    await keys.save(held.company_id, held.channel_id, taken.epoch, {SESSION: "new"})
    for batch in ({SESSION: "old"}, {SESSION: None}, {CREDS: "old"}):
        with pytest.raises(Fenced):
            await keys.save(held.company_id, held.channel_id, 1, batch)
    with pytest.raises(Fenced):
        await keys.load(held.company_id, held.channel_id, 1, [SESSION])
    assert await keys.load(held.company_id, held.channel_id, taken.epoch, [SESSION, CREDS]) == {SESSION: "new"}


async def test_keys_that_come_after_the_phone_took_the_device_away_are_not_kept(
    owner_db: asyncpg.Connection, owner: Actor
) -> None:
    held = await scenes.held(owner_db, owner)
    await keys.save(held.company_id, held.channel_id, 1, {CREDS: "a"})
    assert await sessions.closed(held, Closed(CloseReason.LOGGED_OUT)) is SessionState.LOGGED_OUT
    with pytest.raises(Fenced):
        await keys.save(held.company_id, held.channel_id, 1, {SESSION: "late"})
    assert await owner_db.fetchval("select count(*) from qr_key where channel_id = $1", held.channel_id) == 0


async def test_a_batch_is_whole_or_not_at_all(owner_db: asyncpg.Connection, owner: Actor) -> None:
    held = await scenes.held(owner_db, owner)
    await keys.save(held.company_id, held.channel_id, 1, {SESSION: "1"})
    with pytest.raises(AttributeError):
        await keys.save(held.company_id, held.channel_id, 1, {SESSION: "2", CREDS: 3})  # type: ignore[dict-item]
    assert await keys.load(held.company_id, held.channel_id, 1, [SESSION, CREDS]) == {SESSION: "1"}


async def test_two_channels_and_two_companies_share_no_key(owner_db: asyncpg.Connection, owner: Actor, stranger: Actor) -> None:
    mine, other, theirs = (
        await scenes.held(owner_db, owner),
        await scenes.held(owner_db, owner),
        await scenes.held(owner_db, stranger),
    )
    for held, text in ((mine, "mine"), (other, "other"), (theirs, "theirs")):
        await keys.save(held.company_id, held.channel_id, 1, {SESSION: text})
    for held, text in ((mine, "mine"), (other, "other"), (theirs, "theirs")):
        assert await keys.load(held.company_id, held.channel_id, 1, [SESSION]) == {SESSION: text}
    with pytest.raises(Fenced):
        await keys.load(owner.company_id, theirs.channel_id, 1, [SESSION])
