"""Rotation seals every kept secret anew, in its own place, and says what it could not open."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import asyncpg
import pytest

from db import crypto
from db.accounts import api_keys, key_hashes
from db.accounts.identify import identify
from db.crypto import KeyRing, SealBroken, new_key
from db.errors import Unavailable
from db.idempotency import Answer, Attempt, Replayed
from db.permissions import Permission
from db.rotate import ANSWERS, OF_ALL, OF_PEOPLE, SEALED, rotate
from db.settings import Settings
from db.tenancy import Actor
from db.work import one_transaction

OLD, NEW = new_key("old"), new_key("new")


@pytest.fixture(autouse=True)
async def _nobody_else(owner_db: asyncpg.Connection) -> AsyncIterator[None]:
    """A run goes over every company, and other tests leave a thousand."""
    await owner_db.execute("truncate company, second_factor cascade")
    await owner_db.execute("truncate installation_secret")
    yield
    await owner_db.execute("truncate installation_secret")


async def channel(owner_db: asyncpg.Connection, company_id: UUID, ring: KeyRing, token: str) -> UUID:
    row_id = uuid4()
    place = {"company_id": company_id, "table": "channel", "row_id": row_id}
    await owner_db.execute(
        "insert into channel(company_id, id, kind, name, account_id, external_id, portfolio_id, token, signing_secret)"
        " values ($1, $2, 'whatsapp', 'x', 'a', $3, 'p', $4, $5)",
        company_id,
        row_id,
        row_id.hex,
        ring.seal(token, column="token", **place),
        ring.seal(f"{token}-signing", column="signing_secret", **place),
    )
    return row_id


async def token(owner_db: asyncpg.Connection, ring: KeyRing, row_id: UUID, column: str = "token") -> str:
    row = await owner_db.fetchrow(f"select company_id, {column} as blob from channel where id = $1", row_id)
    return ring.open(row["blob"], company_id=row["company_id"], table="channel", column=column, row_id=row_id)


async def test_every_secret_of_every_company_gets_the_new_key(
    database: Settings, owner_db: asyncpg.Connection, owner: Actor, stranger: Actor
) -> None:
    old = KeyRing(OLD)
    rows = [
        await channel(owner_db, actor.company_id, old, f"EAA{number}") for number, actor in enumerate((owner, owner, stranger))
    ]
    both = KeyRing(f"{NEW},{OLD}")
    first = await rotate(database.database_owner_url, both)
    assert (first.resealed, first.broken, first.keys) == (6, [], {"new": 6})
    assert "old" not in first.sentence("new")
    again = await rotate(database.database_owner_url, both)
    assert (again.resealed, again.keys) == (0, {"new": 6})
    only_new = KeyRing(NEW)
    assert [await token(owner_db, only_new, row) for row in rows] == ["EAA0", "EAA1", "EAA2"]
    assert await token(owner_db, only_new, rows[2], "signing_secret") == "EAA2-signing"


async def test_what_was_moved_or_changed_is_named_and_left(
    database: Settings, owner_db: asyncpg.Connection, owner: Actor, stranger: Actor
) -> None:
    old = KeyRing(OLD)
    mine, theirs = (
        await channel(owner_db, owner.company_id, old, "mine"),
        await channel(owner_db, stranger.company_id, old, "theirs"),
    )
    moved = await channel(owner_db, owner.company_id, old, "moved")
    await owner_db.execute("update channel set token = (select token from channel where id = $1) where id = $2", theirs, mine)
    await owner_db.execute("update channel set token = (select signing_secret from channel where id = $1) where id = $1", moved)
    await owner_db.execute(
        "update channel set signing_secret = set_byte(signing_secret, 30, get_byte(signing_secret, 30) # 1) where id = $1", theirs
    )
    done = await rotate(database.database_owner_url, KeyRing(f"{NEW},{OLD}"))
    assert {(column, row) for _, column, _, row in done.broken} == {("token", mine), ("token", moved), ("signing_secret", theirs)}
    assert done.keys == {"new": 3, "old": 3}
    assert "3 could not be opened" in done.sentence("new")
    with pytest.raises(SealBroken):
        await token(owner_db, KeyRing(f"{NEW},{OLD}"), mine)


async def test_second_factors_get_the_new_key_too(database: Settings, owner_db: asyncpg.Connection, owner: Actor) -> None:
    assert owner.id is not None
    place = {"company_id": owner.id, "table": "second_factor", "column": "secret", "row_id": owner.id}
    await owner_db.execute(
        "insert into second_factor(user_id, secret) values ($1, $2)", owner.id, KeyRing(OLD).seal("ABC", **place)
    )
    lost = await rotate(database.database_owner_url, KeyRing(NEW))
    assert ([(table, row) for table, _, _, row in lost.broken], lost.keys) == ([("second_factor", owner.id)], {"old": 1})
    done = await rotate(database.database_owner_url, KeyRing(f"{NEW},{OLD}"))
    assert (done.resealed, done.broken, done.keys) == (1, [], {"new": 1})
    blob = await owner_db.fetchval("select secret from second_factor where user_id = $1", owner.id)
    assert KeyRing(NEW).open(blob, **place) == "ABC"


async def test_api_keys_outlive_the_keys_of_secrets(database: Settings, owner_db: asyncpg.Connection, owner: Actor) -> None:
    before = crypto.ring()
    try:
        crypto._ring = KeyRing(OLD)
        _, secret = await api_keys.create(owner, "Shop", [Permission.COMPANY_READ], None)
        done = await rotate(database.database_owner_url, KeyRing(f"{NEW},{OLD}"))
        assert (done.resealed, done.broken, done.keys) == (1, [], {"new": 1})
        key_hashes._opened.clear()
        crypto._ring = KeyRing(NEW)
        assert (await identify(secret)).actor.company_id == owner.company_id
        key_hashes._opened.clear()
        crypto._ring = KeyRing(new_key("third"))
        with pytest.raises(Unavailable):
            await identify(secret)
    finally:
        crypto._ring = before
        key_hashes._opened.clear()


async def test_a_key_that_is_gone_is_said(database: Settings, owner_db: asyncpg.Connection, owner: Actor) -> None:
    await channel(owner_db, owner.company_id, KeyRing(OLD), "EAA")
    done = await rotate(database.database_owner_url, KeyRing(NEW))
    assert (done.resealed, len(done.broken), done.keys) == (0, 2, {"old": 2})


async def test_kept_answers_get_the_new_key_too(database: Settings, owner_db: asyncpg.Connection, owner: Actor) -> None:
    """They hold secrets that are shown once: an old key that still seals one is not called done with."""
    attempt = Attempt(owner.company_id, "order-1042", b"hash")
    answer = Answer(201, {}, b'{"secret":"mia_live_1"}')
    before = crypto.ring()
    try:
        crypto._ring = KeyRing(OLD)
        async with one_transaction(owner.company_id, attempt.begin) as ambient:
            await ambient.begin()
            await attempt.keep(answer)
        done = await rotate(database.database_owner_url, KeyRing(f"{NEW},{OLD}"))
        assert (done.resealed, done.broken, done.keys) == (1, [], {"new": 1})
        crypto._ring = KeyRing(NEW)
        with pytest.raises(Replayed) as replayed:
            async with one_transaction(owner.company_id, attempt.begin) as ambient:
                await ambient.begin()
        assert replayed.value.answer == answer
        crypto._ring = KeyRing(OLD)
        done = await rotate(database.database_owner_url, KeyRing(new_key("third")))
        assert done.keys == {"new": 1}
        assert len(done.broken) == 1
    finally:
        crypto._ring = before


async def test_no_sealed_column_is_forgotten(owner_db: asyncpg.Connection) -> None:
    columns = await owner_db.fetch(
        "select table_name, column_name from information_schema.columns where table_schema = 'public' and data_type = 'bytea'"
    )
    not_sealed = {  # hashes of tokens, and what others sent us
        ("session", "token_hash"), ("invitation", "token_hash"), ("password_reset", "token_hash"), ("known_device", "token_hash"), ("email_verification", "token_hash"),
        ("api_key", "secret_hash"), ("api_key", "old_secret_hash"), ("recovery_code", "code_hash"), ("sign_in_flow", "token_hash"), ("sign_in_flow", "invitation_hash"),
        ("incoming_hook", "token_hash"), ("erased_address", "mark"), ("kommo_connection", "hook_hash"),
        ("idempotency", "request_hash"), ("sent_text", "digest"), ("webhook_inbox", "body"), ("message_file", "sha256"),
        ("knowledge_source", "sha256"), ("knowledge_chunk", "body_sha256"),
    }  # fmt: skip
    assert {tuple(row) for row in columns} - not_sealed == {*SEALED, ANSWERS, OF_PEOPLE, OF_ALL}
