"""Roles that a company makes itself: a name and what it may do. Nothing picked is nothing, and nobody puts into a role, or changes one that
has, what they may not do themselves. A change holds for everybody who has the role from the next request on; one that somebody has is
deleted only together with the role that they get instead."""

from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db.accounts.errors import AccountError, AccountField
from db.accounts.events import TeamChanged
from db.accounts.rights import Doer, chosen, doer, end_borrowed, may_give, not_above, one_by_one, present, within
from db.accounts.team import become, lessened
from db.errors import RequestError
from db.permissions import ROLE_PERMISSIONS, Permission, Role, held
from db.tenancy import Actor, Standing
from db.versions import Expected, check
from db.work import Read, Work, read, work

MOST = 50
SHOWN = 10
"""So many people of a role are named."""
_OPEN = "i.company_id = $1 and i.accepted_at is null and i.revoked_at is null and i.expires_at > now()"


class TeamRole(NamedTuple):
    """A role as people see it. Built in: no id and no name. `names`: of the first SHOWN who have it; `invited`: open invitations to it."""

    id: UUID | None
    role: Role
    name: str | None
    permissions: list[Permission]
    people: int
    names: list[str]
    invited: int
    version: int


_PEOPLE = f"""
select m.role, m.role_id, count(*) as people, (array_agg(u.name order by fold(u.name), u.id))[:{SHOWN}] as names
from membership m join account_user u on u.id = m.user_id where m.company_id = $1 group by 1, 2
"""
_INVITED = f"select i.role, i.role_id, count(*) as invited from invitation i where {_OPEN} group by 1, 2"
_ROLE = "select id, name, permissions, version from custom_role where company_id = $1"


async def roles(actor: Actor) -> list[TeamRole]:
    """The built-in ones, from most to least, then the company's own by name."""
    async with read(actor, Permission.TEAM_READ) as r:
        return await _all(r, actor.company_id)


async def _all(r: Read, company_id: UUID) -> list[TeamRole]:
    people = {(row["role"], row["role_id"]): row for row in await r.fetch(_PEOPLE, company_id)}
    invited = {(row["role"], row["role_id"]): row["invited"] for row in await r.fetch(_INVITED, company_id)}

    def made(role: Role, permissions: Collection[Permission], id: UUID | None, name: str | None, version: int) -> TeamRole:
        at = (role.value, id)
        count, names = (people[at]["people"], people[at]["names"]) if at in people else (0, [])
        return TeamRole(id, role, name, _sorted(permissions), count, names, invited.get(at, 0), version)

    own = await r.fetch(f"{_ROLE} order by fold(name), id", company_id)
    return [
        *(made(role, ROLE_PERMISSIONS[role], None, None, 0) for role in Role if role in ROLE_PERMISSIONS),
        *(made(Role.CUSTOM, held(Role.CUSTOM, row["permissions"]), row["id"], row["name"], row["version"]) for row in own),
    ]


def _sorted(permissions: Collection[Permission]) -> list[Permission]:
    return [one for one in Permission if one in permissions]


async def _one(r: Read, company_id: UUID, role_id: UUID) -> TeamRole:
    return next(role for role in await _all(r, company_id) if role.id == role_id)


async def create(actor: Actor, name: str, permissions: Collection[Permission]) -> TeamRole:
    """Raises Forbidden `scope_too_wide`, Conflict `role_exists`, `too_many_roles`."""
    async with work(actor, Permission.TEAM_WRITE) as w:
        await one_by_one(w)
        within(await doer(w, Permission.TEAM_WRITE), frozenset(permissions))
        if await w.fetchval("select count(*) from custom_role where company_id = $1", w.company_id) >= MOST:
            raise AccountError.TOO_MANY_ROLES(limit=MOST)
        role_id: UUID | None = await w.fetchval(
            "insert into custom_role(company_id, name, permissions) values ($1, $2, $3) on conflict (company_id, fold(name)) do nothing"
            " returning id",
            w.company_id,
            name,
            _sorted(permissions),
        )
        if role_id is None:
            raise AccountError.ROLE_EXISTS()
        w.audit("role.created", role_id, name=name, permissions=_sorted(permissions))
        w.emit(TeamChanged())
        return await _one(w, w.company_id, role_id)


async def change(
    actor: Actor,
    role_id: UUID,
    *,
    name: str | msgspec.UnsetType,
    permissions: Collection[Permission] | msgspec.UnsetType,
    expected: Expected = None,
) -> TeamRole:
    """Ends what people who have it borrowed and it holds no more, and open invitations to it that who invites may no longer give. Raises
    NotFound, PreconditionFailed, Forbidden `above_you`, `scope_too_wide`, `own_role`, Conflict `role_exists`."""
    async with work(actor, Permission.TEAM_WRITE) as w:
        await one_by_one(w)
        who = await doer(w, Permission.TEAM_WRITE)
        row, before = await _found(w, who, role_id)
        check(row["version"], expected)
        name = before.role_name or "" if name is msgspec.UNSET else name
        picked = before.permissions if permissions is msgspec.UNSET else frozenset(permissions)
        after = Standing(role=Role.CUSTOM, permissions=picked, role_id=role_id, role_name=name)
        within(who, picked)
        taken = "select true from custom_role where company_id = $1 and fold(name) = fold($2) and id <> $3"
        if await w.fetchval(taken, w.company_id, name, role_id):
            raise AccountError.ROLE_EXISTS()
        people = await _people(w, role_id)
        await w.execute(
            "update custom_role set name = $3, permissions = $4, version = version + 1 where company_id = $1 and id = $2",
            w.company_id,
            role_id,
            name,
            _sorted(picked),
        )
        await lessened(w, people, after)
        await _measure_inviters(w, role_id)
        w.audit(
            "role.changed",
            role_id,
            name=name,
            before=before.role_name,
            added=_sorted(picked - before.permissions),
            removed=_sorted(before.permissions - picked),
        )
        w.emit(TeamChanged())
        return await _one(w, w.company_id, role_id)


async def delete(actor: Actor, role_id: UUID, move_to: tuple[Role, UUID | None] | None, *, expected: Expected = None) -> None:
    """`move_to`: the role that whoever has it, or is invited to it, gets instead. Raises NotFound, PreconditionFailed, Invalid, Forbidden
    `owner_only`, `above_you`, `scope_too_wide`, `own_role`, Conflict `role_in_use`."""
    async with work(actor, Permission.TEAM_WRITE) as w:
        await one_by_one(w)
        who = await doer(w, Permission.TEAM_WRITE)
        row, before = await _found(w, who, role_id)
        check(row["version"], expected)
        # Who accepts an invitation holds it before the role: so it is done here, too.
        invited = await w.fetch(
            f"select i.id, i.email, i.invited_by from invitation i where i.role_id = $2 and {_OPEN} order by i.id for update",
            w.company_id,
            role_id,
        )
        people = await _people(w, role_id)
        after = None
        if move_to is not None:
            after = await chosen(w, *move_to, field="move_to_id")
            if after.role_id == role_id:
                raise RequestError.INVALID(fields=[AccountField.NO_ROLE("move_to_id")])
            may_give(who, after)
        elif people or invited:
            names = await w.fetch("select name from account_user where id = any($1) order by fold(name), id", people)
            raise AccountError.ROLE_IN_USE(people=_named([one["name"] for one in names] + [one["email"] for one in invited]))
        if after is not None:
            for user_id in people:
                await become(w, user_id, before, after)
            await w.execute(
                "update invitation set role = $3, role_id = $4 where company_id = $1 and id = any($2)",
                w.company_id,
                [one["id"] for one in invited],
                after.role.value,
                after.role_id,
            )
            for inviter in sorted({one["invited_by"] for one in invited}):
                await end_borrowed(w, inviter, await present(w, inviter))
        await w.execute("delete from custom_role where company_id = $1 and id = $2", w.company_id, role_id)
        w.audit("role.deleted", role_id, name=before.role_name, people=len(people), invited=len(invited))
        w.emit(TeamChanged())


async def _found(w: Work, who: Doer, role_id: UUID) -> tuple[asyncpg.Record, Standing]:
    """Raises NotFound, Forbidden `own_role`, `above_you`."""
    row = await w.fetchrow(f"{_ROLE} and id = $2", w.company_id, role_id)
    if row is None:
        raise RequestError.NOT_FOUND(what="role")
    actor = w.actor
    assert actor is not None
    if actor.kind == "api_key" and (await present(w, actor.maker_id)).role_id == role_id:
        raise AccountError.OWN_ROLE()
    before = Standing(role=Role.CUSTOM, permissions=held(Role.CUSTOM, row["permissions"]), role_id=role_id, role_name=row["name"])
    not_above(who, before.permissions)
    return row, before


async def _people(w: Work, role_id: UUID) -> list[UUID]:
    """Who has it, locked: nobody gives them a conversation meanwhile that they may not answer then."""
    rows = await w.fetch(
        "select user_id from membership where company_id = $1 and role_id = $2 order by user_id for update", w.company_id, role_id
    )
    return [row["user_id"] for row in rows]


async def _measure_inviters(w: Work, role_id: UUID) -> None:
    rows = await w.fetch(
        f"select distinct i.invited_by from invitation i where i.role_id = $2 and {_OPEN} order by 1", w.company_id, role_id
    )
    for row in rows:
        await end_borrowed(w, row["invited_by"], await present(w, row["invited_by"]))


def _named(people: list[str]) -> str:
    more = len(people) - SHOWN
    return ", ".join(people[:SHOWN]) + (f" (+{more})" if more > 0 else "")
