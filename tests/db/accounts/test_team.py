"""Rules of the team that must hold when two people act at the same moment."""

import asyncio
from uuid import uuid4

import asyncpg
import pytest
from msgspec import UNSET

from db.accounts import invitations, roles, team
from db.accounts.passwords import DECOY, hash_password, matches
from db.accounts.sign_in import Opened
from db.conversations import actions
from db.errors import AppError, Conflict, Invalid, NotFound
from db.permissions import Permission, Role
from db.tenancy import Actor, Origin, built_in, member
from tests import factories


async def colleague(owner_db: asyncpg.Connection, owner: Actor, role: Role) -> Actor:
    user_id = await owner_db.fetchval(
        "insert into account_user(email, name, password_hash) values ($1, 'B', 'x') returning id", f"{uuid4().hex}@example.com"
    )
    await owner_db.execute(
        "insert into membership(company_id, user_id, role) values ($1, $2, $3)", owner.company_id, user_id, role.value
    )
    return member(owner.company_id, user_id, built_in(role))


async def test_two_owners_cannot_remove_one_another(owner_db: asyncpg.Connection, owner: Actor) -> None:
    for _ in range(5):
        other = await colleague(owner_db, owner, Role.OWNER)
        assert owner.id is not None
        assert other.id is not None
        await asyncio.gather(team.remove(owner, other.id), team.remove(other, owner.id), return_exceptions=True)
        left = await owner_db.fetch("select user_id from membership where company_id = $1 and role = 'owner'", owner.company_id)
        assert len(left) == 1
        owner = member(owner.company_id, left[0]["user_id"], built_in(Role.OWNER))


async def test_two_who_lessen_one_another_are_done_one_after_the_other(owner_db: asyncpg.Connection, owner: Actor) -> None:
    """Neither by a deadlock, nor by rights that the other has just taken away."""
    for _ in range(5):
        one, other = [await colleague(owner_db, owner, Role.ADMIN) for _ in range(2)]
        assert one.id is not None
        assert other.id is not None
        done = await asyncio.gather(
            team.change_role(one, other.id, Role.VIEWER), team.change_role(other, one.id, Role.VIEWER), return_exceptions=True
        )
        refused = [result for result in done if isinstance(result, BaseException)]
        assert [getattr(error, "code", error) for error in refused] == ["forbidden"]


async def test_a_role_is_deleted_while_somebody_joins_with_it(owner_db: asyncpg.Connection, owner: Actor) -> None:
    """They have it and it stays, or they get the other one, or the link is gone: never a role that is not there."""
    seen = set()
    for attempt in range(8):
        role = await roles.create(owner, f"Caixa {attempt}", [Permission.CONTACTS_READ])
        assert role.id is not None
        _, link = await invitations.invite(owner, f"{uuid4().hex}@example.com", Role.CUSTOM, "http://panel", role.id)
        token = link.rpartition("/")[2]
        joined, deleted = await asyncio.gather(
            invitations.accept(Origin(), token, "cavalo-azul-42", "Bia"),
            roles.delete(owner, role.id, (Role.VIEWER, None) if attempt % 2 else None),
            return_exceptions=True,
        )
        assert isinstance(joined, Opened | NotFound), joined
        assert deleted is None or getattr(deleted, "code", "") == "role_in_use", deleted
        seen.add((type(joined), deleted is None))
        lost = "select count(*) from membership m where m.role = 'custom' and not exists (select from custom_role r where r.id = m.role_id)"
        assert await owner_db.fetchval(lost) == 0
    assert seen


async def test_who_may_no_longer_answer_lets_go_and_gets_nothing(owner_db: asyncpg.Connection, owner: Actor) -> None:
    role = await roles.create(owner, "Balcão", [Permission.CONVERSATIONS_READ, Permission.CONVERSATIONS_WRITE])
    assert role.id is not None
    person = await colleague(owner_db, owner, Role.AGENT)
    assert person.id is not None
    await team.change_role(owner, person.id, Role.CUSTOM, role.id)
    channel = await factories.channel(owner_db, owner)
    await factories.contacts(owner_db, owner, 1)
    conversation_id = await owner_db.fetchval(
        "insert into conversation(company_id, contact_id, channel_id, address, last_at, opened_at) select $1, id, $2, '+5511900000000', now(), now()"
        " from contact where company_id = $1 returning id",
        owner.company_id,
        channel,
    )
    given = await actions.change(owner, conversation_id, actions.Change(assignee_id=person.id))
    assert given.assignee is not None
    await roles.change(owner, role.id, name=UNSET, permissions=[Permission.CONVERSATIONS_READ])
    assert await owner_db.fetchval("select assignee_id from conversation where id = $1", conversation_id) is None
    with pytest.raises(Invalid):
        await actions.change(owner, conversation_id, actions.Change(assignee_id=person.id))


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
