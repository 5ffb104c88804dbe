"""Rules of the team that must hold when two people act at the same moment."""

import asyncio
from uuid import uuid4

import asyncpg
import pytest

from db.accounts import invitations, team
from db.accounts.passwords import DECOY, hash_password, matches
from db.errors import AppError, Conflict
from db.permissions import Role
from db.tenancy import Actor, Origin, member


async def colleague(owner_db: asyncpg.Connection, owner: Actor, role: Role) -> Actor:
    user_id = await owner_db.fetchval(
        "insert into account_user(email, name, password_hash) values ($1, 'B', 'x') returning id", f"{uuid4().hex}@example.com"
    )
    await owner_db.execute(
        "insert into membership(company_id, user_id, role) values ($1, $2, $3)", owner.company_id, user_id, role.value
    )
    return member(owner.company_id, user_id, role)


async def test_two_owners_cannot_remove_one_another(owner_db: asyncpg.Connection, owner: Actor) -> None:
    for _ in range(5):
        other = await colleague(owner_db, owner, Role.OWNER)
        assert owner.id is not None
        assert other.id is not None
        await asyncio.gather(team.remove(owner, other.id), team.remove(other, owner.id), return_exceptions=True)
        left = await owner_db.fetch("select user_id from membership where company_id = $1 and role = 'owner'", owner.company_id)
        assert len(left) == 1
        owner = member(owner.company_id, left[0]["user_id"], Role.OWNER)


async def test_an_invitation_is_accepted_once(owner_db: asyncpg.Connection, owner: Actor) -> None:
    email = f"{uuid4().hex}@example.com"
    _, link = await invitations.invite(owner, email, Role.AGENT, "http://panel")
    token = link.rpartition("/")[2]
    results = await asyncio.gather(
        *(invitations.accept(Origin(), token, "cavalo-azul-42", "Bruno") for _ in range(4)), return_exceptions=True
    )
    assert sum(not isinstance(result, BaseException) for result in results) == 1
    assert all(isinstance(result, AppError) for result in results if isinstance(result, BaseException))
    assert await owner_db.fetchval("select count(*) from account_user where email = $1", email) == 1


async def test_the_last_owner_cannot_step_down(owner: Actor) -> None:
    assert owner.id is not None
    with pytest.raises(Conflict, match="last_owner"):
        await team.change_role(owner, owner.id, Role.ADMIN)


async def test_passwords_match_only_themselves() -> None:
    stored = await hash_password("cavalo-azul-42")
    assert await matches(stored, "cavalo-azul-42")
    assert not await matches(stored, "cavalo-azul-43")
    assert not await matches(DECOY, "cavalo-azul-42")
    assert not await matches("not a hash", "cavalo-azul-42")
