"""How long a session lives, and what reads and ends it."""

from datetime import timedelta

import asyncpg

from db.accounts import identify, sign_in
from db.accounts.passwords import hash_password
from db.tenancy import Actor, Origin


async def test_a_session_ends_two_weeks_after_it_was_opened(owner: Actor, owner_db: asyncpg.Connection) -> None:
    stored = await hash_password("cavalo-azul-42")
    email = await owner_db.fetchval("update account_user set password_hash = $2 where id = $1 returning email", owner.id, stored)
    opened = await sign_in.sign_in(Origin(ip="127.0.0.1"), email=email, password="cavalo-azul-42")
    row = await owner_db.fetchrow("select expires_at, created_at from session where id = $1", opened.actor.session_id)
    assert row["expires_at"] == opened.expires_at == (await identify.identify(opened.token)).expires_at
    assert abs(row["expires_at"] - row["created_at"] - timedelta(days=14)) < timedelta(minutes=1)
