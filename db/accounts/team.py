"""Who belongs to a company, and as what. A company always keeps an owner, and only an owner touches an owner."""

from uuid import UUID

import asyncpg

from db.accounts import queries
from db.accounts.errors import AccountError
from db.accounts.events import SessionRevoked, TeamChanged
from db.accounts.rights import chosen, doer, end_borrowed, may_give, may_touch, one_by_one
from db.accounts.standing import COLUMNS, CUSTOM_ROLE, standing
from db.conversations import record
from db.errors import RequestError
from db.permissions import Permission, Role
from db.tenancy import Actor, Standing
from db.work import Work, work


async def _locked(w: Work, user_id: UUID) -> Standing:
    """What the member is, with all owners' rows locked, so that two owners cannot remove one another at once."""
    await w.fetch(
        "select user_id from membership where company_id = $1 and (role = 'owner' or user_id = $2) order by user_id for update",
        w.company_id,
        user_id,
    )
    row = await w.fetchrow(
        f"select {COLUMNS} from membership m {CUSTOM_ROLE} where m.company_id = $1 and m.user_id = $2", w.company_id, user_id
    )
    if row is None:
        raise RequestError.NOT_FOUND(what="member")
    return standing(row)


async def _keep_an_owner(w: Work, before: Standing) -> None:
    if before.role is Role.OWNER:
        owners = await w.fetchval("select count(*) from membership where company_id = $1 and role = 'owner'", w.company_id)
        if owners < 2:
            raise AccountError.LAST_OWNER()


async def change_role(actor: Actor, user_id: UUID, role: Role, role_id: UUID | None = None) -> asyncpg.Record:
    """The row of `queries.member`. `role_id`: which of the company's own roles, with `custom`. Ends keys and invitations of theirs that
    exceed the new role. Raises NotFound, Invalid, Forbidden `owner_only`, `own_role`, `above_you`, `scope_too_wide`, Conflict
    `last_owner`."""
    if actor.kind == "api_key" and user_id == actor.maker_id:
        raise AccountError.OWN_ROLE()
    async with work(actor, Permission.TEAM_WRITE) as w:
        await one_by_one(w)
        who = await doer(w, Permission.TEAM_WRITE)
        before = await _locked(w, user_id)
        after = await chosen(w, role, role_id)
        may_touch(who, before)
        may_give(who, after)
        if before != after:
            await _keep_an_owner(w, before)
            await become(w, user_id, before, after)
            w.emit(TeamChanged())
        return await queries.member(w, user_id)


async def become(w: Work, user_id: UUID, before: Standing, after: Standing) -> None:
    """Gives a member, whose row is locked, another role, and ends what they borrowed of the one before."""
    await w.execute(
        "update membership set role = $3, role_id = $4 where company_id = $1 and user_id = $2",
        w.company_id,
        user_id,
        after.role.value,
        after.role_id,
    )
    await lessened(w, [user_id], after)
    w.audit("member.role_changed", user_id, before=_named(before), after=_named(after))


async def lessened(w: Work, user_ids: list[UUID], left: Standing) -> None:
    """These members, whose rows are locked, have no more than this any more: what exceeds it ends, and is let go."""
    for user_id in user_ids:
        await end_borrowed(w, user_id, left)
    if user_ids and Permission.CONVERSATIONS_WRITE not in left.permissions:
        await record.let_go(w, user_ids)


def _named(standing: Standing) -> str:
    return standing.role_name or standing.role.value


async def remove(actor: Actor, user_id: UUID) -> None:
    """Ends the membership, its sessions, keys and open invitations in this company. Raises NotFound, Forbidden `owner_only`, `above_you`,
    Conflict `last_owner`."""
    async with work(actor, Permission.TEAM_WRITE) as w:
        await one_by_one(w)
        who = await doer(w, Permission.TEAM_WRITE)
        before = await _locked(w, user_id)
        may_touch(who, before)
        await _keep_an_owner(w, before)
        await w.execute(
            "update session set revoked_at = now() where company_id = $1 and user_id = $2 and revoked_at is null",
            w.company_id,
            user_id,
        )
        await end_borrowed(w, user_id, None)
        await record.left(w, user_id)
        await w.execute("delete from membership where company_id = $1 and user_id = $2", w.company_id, user_id)
        w.audit("member.removed", user_id, role=_named(before))
        w.emit(TeamChanged())
        w.emit(SessionRevoked(user_id=user_id))
