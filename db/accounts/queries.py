"""Who is asking, in which company, with whom: what the account screens show."""

from uuid import UUID

import asyncpg

from db import tenancy
from db.accounts.identify import LACKS_FACTOR
from db.accounts.standing import COLUMNS, CUSTOM_ROLE, columns, custom_role, holds, standing
from db.errors import RequestError
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Read, read, system_read

_COMPANY = "select id, name, language, time_zone, country, created_at, demo, answer_target, second_factor_required, same_text_hours from company where id = $1"
_PERSON = "select name, email, language, email_verified_at is not null as verified, second_factor_at is not null as second_factor from account_user where id = $1"
_HELD = "select exists (select from hold where company_id = $1 and ended_at is null)"


async def company(actor: Actor) -> asyncpg.Record:
    """The actor's company."""
    async with read(actor, Permission.COMPANY_READ) as r:
        return await own_company(r)


async def own_company(r: Read) -> asyncpg.Record:
    """As `company`, inside a unit of work."""
    assert r.actor is not None
    row = await r.fetchrow(_COMPANY, r.actor.company_id)
    assert row is not None
    return row


async def person(user_id: UUID) -> tuple[asyncpg.Record, list[asyncpg.Record]]:
    """A person (name, email, language, verified) and their companies (id, name, role, role_id, role_name)."""
    async with system_read() as s:
        row = await s.fetchrow(_PERSON, user_id)
        if row is None:
            raise RequestError.NOT_FOUND(what="person")
        companies = await s.fetch(
            f"select c.id, c.name, {COLUMNS} from membership m join company c on c.id = m.company_id {CUSTOM_ROLE} "
            "where m.user_id = $1 order by fold(c.name), c.id",
            user_id,
        )
        return row, companies


async def own_person(r: Read) -> asyncpg.Record:
    """The person who asks (name, email, language, verified), inside a unit of work."""
    assert r.actor is not None
    row = await r.fetchrow(_PERSON, r.actor.id)
    assert row is not None
    return row


async def key_name(actor: Actor) -> str:
    """What the API key is called."""
    async with system_read() as s:
        name: str | None = await s.fetchval(
            "select name from api_key where company_id = $1 and id = $2", actor.company_id, actor.id
        )
        return name or ""


async def company_of(actor: Actor) -> asyncpg.Record:
    """The actor's company without asking for a permission: for `GET /v1/me`, which every caller may see."""
    async with system_read() as s:
        row = await s.fetchrow(_COMPANY, actor.company_id)
        if row is None:
            raise RequestError.NOT_FOUND(what="company")
        return row


async def holds_something(actor: Actor) -> bool:
    """Whether something waits for a decision after a restore or a failover (db/holds), for `GET /v1/me` too."""
    async with system_read() as s:
        return await s.fetchval(_HELD, actor.company_id) is True


async def my_sessions(actor: Actor) -> list[asyncpg.Record]:
    """The person's open sessions in all their companies, last used first: whoever got at one may have changed the company."""
    async with system_read() as s:
        return await s.fetch(
            "select s.id, s.created_at, s.last_seen_at, s.ip, s.user_agent, c.name as company, s.id = $2 as current from session s "
            "join membership m on m.company_id = s.company_id and m.user_id = s.user_id join company c on c.id = s.company_id "
            "where s.user_id = $1 "
            "and s.revoked_at is null and s.expires_at > now() and s.last_seen_at > now() - interval '24 hours' "
            "order by s.last_seen_at desc, s.id desc limit 100",
            actor.id,
            actor.session_id,
        )


_MEMBER = f"""
select m.user_id, u.name, u.email, {COLUMNS}, {holds(Permission.CONVERSATIONS_WRITE, "m")} as answers, m.created_at as joined_at, u.second_factor_at is not null as second_factor, fold(u.name) as sort,
    (select max(s.last_seen_at) from session s where s.company_id = m.company_id and s.user_id = m.user_id) as last_seen_at
from membership m join account_user u on u.id = m.user_id {CUSTOM_ROLE} where m.company_id = $1
"""


async def team(actor: Actor, after: tuple[str, UUID] | None, limit: int) -> list[asyncpg.Record]:
    """Members by name."""
    name, user_id = after or (None, None)
    async with read(actor, Permission.TEAM_READ) as r:
        return await r.fetch(
            _MEMBER
            + "and ($2::text is null or (fold(u.name), m.user_id) > ($2, $3::uuid)) order by fold(u.name), m.user_id limit $4",
            actor.company_id,
            name,
            user_id,
            limit,
        )


async def member(r: Read, user_id: UUID) -> asyncpg.Record:
    """One member. Raises NotFound."""
    assert r.actor is not None
    row = await r.fetchrow(_MEMBER + "and m.user_id = $2", r.actor.company_id, user_id)
    if row is None:
        raise RequestError.NOT_FOUND(what="member")
    return row


async def invitations(actor: Actor, before: UUID | None, limit: int) -> list[asyncpg.Record]:
    """Open invitations, newest first."""
    async with read(actor, Permission.TEAM_READ) as r:
        return await r.fetch(
            f"select i.id, i.email, {columns('i', 'r')}, coalesce(u.name, '') as invited_by, i.created_at, i.expires_at "
            f"from invitation i {custom_role('i', 'r')} left join account_user u on u.id = i.invited_by where i.company_id = $1 and i.accepted_at is null "
            "and i.revoked_at is null "
            "and i.expires_at > now() and ($2::uuid is null or i.id < $2) order by i.id desc limit $3",
            actor.company_id,
            before,
            limit,
        )


_KEYS = f"""
select k.id, k.name, k.prefix, k.scopes, k.addresses, k.test, k.created_at, k.expires_at, k.last_used_at, k.last_used_from, k.rotated_at, k.api_version,
    case when k.old_until > now() then k.old_until end as old_valid_until, k.revoked_at as ended_at, k.ended_because,
    coalesce(u.name, k.created_by_name, '') as created_by, coalesce({LACKS_FACTOR}, false) as second_factor_missing
from api_key k join company c on c.id = k.company_id left join account_user u on u.id = k.created_by
where k.company_id = $1 and ($2::uuid is null or k.id < $2)
and (k.revoked_at is null or k.ended_because is not null and k.revoked_at > now() - interval '30 days')
order by k.id desc limit $3
"""


async def api_keys(actor: Actor, before: UUID | None, limit: int) -> list[asyncpg.Record]:
    """Keys, newest first: those nobody revoked, and for 30 days those that ended with their maker's rights."""
    async with read(actor, Permission.KEYS_WRITE) as r:
        return await r.fetch(_KEYS, actor.company_id, before, limit)


async def member_actor(r: Read, user_id: UUID) -> Actor | None:
    """Somebody of the caller's company with the rights that they have now, for what is done in their name; None: they left."""
    assert r.actor is not None
    row = await r.fetchrow(
        f"select m.user_id, {COLUMNS}, {LACKS_FACTOR} as lacks_factor from membership m join company c on c.id = m.company_id"
        f" join account_user u on u.id = m.user_id {CUSTOM_ROLE} where m.company_id = $1 and m.user_id = $2",
        r.actor.company_id,
        user_id,
    )
    return None if row is None else tenancy.member(r.actor.company_id, user_id, standing(row), row["lacks_factor"])
