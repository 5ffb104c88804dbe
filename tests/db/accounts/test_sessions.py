"""How long a session lives, and what reads and ends it."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta

import asyncpg
import msgspec
import pytest

from db.accounts import identify, recover, sign_in
from db.accounts.passwords import hash_password
from db.errors import AppError, Unauthenticated
from db.tenancy import Actor, Origin
from tests import factories

ORIGIN = Origin(ip="127.0.0.1")
OLD, NEW = "cavalo-azul-42", "girafa-verde-17"


async def test_a_session_ends_two_weeks_after_it_was_opened(owner: Actor, owner_db: asyncpg.Connection) -> None:
    stored = await hash_password("cavalo-azul-42")
    email = await owner_db.fetchval("update account_user set password_hash = $2 where id = $1 returning email", owner.id, stored)
    opened = await sign_in.sign_in(Origin(ip="127.0.0.1"), email=email, password="cavalo-azul-42")
    row = await owner_db.fetchrow("select expires_at, created_at from session where id = $1", opened.actor.session_id)
    assert row["expires_at"] == opened.expires_at == (await identify.identify(opened.token)).expires_at
    assert abs(row["expires_at"] - row["created_at"] - timedelta(days=14)) < timedelta(minutes=1)


async def _signed_in(db: asyncpg.Connection, owner: Actor, stranger: Actor) -> tuple[str, Actor]:
    """The owner's address, and their session: a member of the stranger's company too."""
    stored = await hash_password(OLD)
    email: str = await db.fetchval("update account_user set password_hash = $2 where id = $1 returning email", owner.id, stored)
    await db.execute("insert into membership(company_id, user_id, role) values ($1, $2, 'agent')", stranger.company_id, owner.id)
    opened = await sign_in.sign_in(ORIGIN, email=email, password=OLD)
    return email, opened.actor


async def test_an_ended_session_opens_no_other(owner: Actor, stranger: Actor, owner_db: asyncpg.Connection) -> None:
    _, actor = await _signed_in(owner_db, owner, stranger)
    there = stranger.company_id if actor.company_id == owner.company_id else owner.company_id
    await sign_in.sign_out(actor)
    with pytest.raises(Unauthenticated):  # also where the API still remembers it
        await sign_in.switch_company(actor, ORIGIN, there)


@pytest.mark.parametrize("way", ["sign_in", "switch", "change"])
async def test_who_gets_in_while_the_password_changes_is_out_after_it(
    way: str, owner: Actor, stranger: Actor, owner_db: asyncpg.Connection
) -> None:
    email, actor = await _signed_in(owner_db, owner, stranger)
    there = stranger.company_id if actor.company_id == owner.company_id else owner.company_id
    ways: dict[str, Callable[[], Awaitable[sign_in.Opened]]] = {
        "sign_in": lambda: sign_in.sign_in(ORIGIN, email=email, password=OLD),
        "switch": lambda: sign_in.switch_company(actor, ORIGIN, there),
        "change": lambda: recover.change_password(msgspec.structs.replace(actor, session_id=None), ORIGIN, OLD, OLD + "x"),
    }
    stored = await hash_password(NEW)
    async with owner_db.transaction():  # as `recover._set_password` does it
        await owner_db.execute("update account_user set password_hash = $2 where id = $1", owner.id, stored)
        await owner_db.execute("update session set revoked_at = now() where user_id = $1", owner.id)

        async def get_in() -> None:
            with contextlib.suppress(AppError):
                await ways[way]()

        entering = asyncio.create_task(get_in())
        while not entering.done() and not await factories.somebody_waits(owner_db):
            await asyncio.sleep(0.01)
    await entering
    assert await owner_db.fetchval("select password_hash from account_user where id = $1", owner.id) == stored
    open_ones = "select count(*) from session where user_id = $1 and revoked_at is null"
    assert await owner_db.fetchval(open_ones, owner.id) == 0
