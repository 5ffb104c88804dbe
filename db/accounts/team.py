"""Who belongs to a company, and as what. A company always keeps an owner, and only an owner touches an owner."""

from uuid import UUID

import asyncpg

from db.accounts import queries
from db.accounts.errors import AccountError
from db.accounts.events import SessionRevoked, TeamChanged
from db.accounts.rights import end_borrowed
from db.conversations import record
from db.errors import RequestError
from db.permissions import ROLE_PERMISSIONS, Permission, Role
from db.tenancy import Actor
from db.work import Work, work


def may_grant(actor: Actor, role: Role) -> None:
    """Raises Forbidden unless the actor may make, change or remove somebody of this role."""
    if role is Role.OWNER and actor.role is not Role.OWNER:
        raise AccountError.OWNER_ONLY()


async def _locked_role(w: Work, user_id: UUID) -> Role:
    """The member's role, with all owners' rows locked, so that two owners cannot remove one another at once."""
    await w.fetch(
        "select user_id from membership where company_id = $1 and (role = 'owner' or user_id = $2) order by user_id for update",
        w.company_id,
        user_id,
    )
    role = await w.fetchval("select role from membership where company_id = $1 and user_id = $2", w.company_id, user_id)
    if role is None:
        raise RequestError.NOT_FOUND(what="member")
    return Role(role)


async def _keep_an_owner(w: Work, role: Role) -> None:
    if role is Role.OWNER:
        owners = await w.fetchval("select count(*) from membership where company_id = $1 and role = 'owner'", w.company_id)
        if owners < 2:
            raise AccountError.LAST_OWNER()


async def change_role(actor: Actor, user_id: UUID, role: Role) -> asyncpg.Record:
    """The row of `queries.member`. Ends keys and invitations of theirs that exceed the new role. Raises NotFound, Forbidden
    `owner_only`, `own_role`, Conflict `last_owner`."""
    if actor.kind == "api_key" and user_id == actor.maker_id:
        raise AccountError.OWN_ROLE()
    async with work(actor, Permission.TEAM_WRITE) as w:
        before = await _locked_role(w, user_id)
        may_grant(actor, before)
        may_grant(actor, role)
        if before is not role:
            await _keep_an_owner(w, before)
            await w.execute(
                "update membership set role = $3 where company_id = $1 and user_id = $2", w.company_id, user_id, role.value
            )
            await end_borrowed(w, user_id, role)
            if Permission.CONVERSATIONS_WRITE not in ROLE_PERMISSIONS[role]:
                await record.let_go(w, [user_id])
            w.audit("member.role_changed", user_id, before=before.value, after=role.value)
            w.emit(TeamChanged())
        return await queries.member(w, user_id)


async def remove(actor: Actor, user_id: UUID) -> None:
    """Ends the membership, its sessions, keys and open invitations in this company. Raises NotFound, Forbidden `owner_only`, Conflict `last_owner`."""
    async with work(actor, Permission.TEAM_WRITE) as w:
        before = await _locked_role(w, user_id)
        may_grant(actor, before)
        await _keep_an_owner(w, before)
        await w.execute(
            "update session set revoked_at = now() where company_id = $1 and user_id = $2 and revoked_at is null",
            w.company_id,
            user_id,
        )
        await end_borrowed(w, user_id, None)
        await record.left(w, user_id)
        await w.execute("delete from membership where company_id = $1 and user_id = $2", w.company_id, user_id)
        w.audit("member.removed", user_id, role=before.value)
        w.emit(TeamChanged())
        w.emit(SessionRevoked(user_id=user_id))
