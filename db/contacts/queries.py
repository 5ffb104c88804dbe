"""Reading contacts: how many, and one person."""

from typing import NamedTuple
from uuid import UUID

import asyncpg

from db.contacts import search
from db.contacts.filter import ContactFilter
from db.contacts.filters import where
from db.contacts.segments import resolved
from db.errors import RequestError
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Read, read

SMALL = 50_000
"""Of a company with so many contacts at most, everybody is counted."""
SURE = 60
"""With so many hits in the sample at least, what it says of all is right to about an eighth."""


class Counted(NamedTuple):
    """`estimated`: nobody counted it; rounded to two digits."""

    people: int
    estimated: bool


async def counted(actor: Actor, filter: ContactFilter, *, exact: bool) -> Counted:
    """How many. Not `exact`: soon, where a company has many contacts and many of them are meant."""
    async with read(actor, Permission.CONTACTS_READ) as r:
        asked = await resolved(r, filter)
        if not exact and (about := await _about(r, actor, asked)) is not None:
            return Counted(rounded(about), estimated=True)
        args: list[object] = [actor.company_id]
        condition = where(asked, args)
        return Counted(
            await r.fetchval(f"select count(*) from contact c where c.company_id = $1 and {condition}", *args), estimated=False
        )


async def _about(r: Read, actor: Actor, filter: ContactFilter) -> int | None:
    """What the sample says, where it can be believed (decision 32)."""
    args: list[object] = [actor.company_id]
    condition = where(filter, args, few=True)
    row = await r.fetchrow(
        f"select count(*) as sampled, count(*) filter (where {condition}) as met from contact c where c.company_id = $1 and {search.IN_SAMPLE}",
        *args,
    )
    assert row is not None
    return None if row["sampled"] * search.SAMPLED <= SMALL or row["met"] < SURE else row["met"] * search.SAMPLED


def rounded(guess: int) -> int:
    """To two digits, so that nobody takes it for a count."""
    step: int = 10 ** max(0, len(str(guess)) - 2)
    return guess // step * step


VERSION = "(extract(epoch from c.updated_at) * 1000000)::bigint"
"""Of the contact `c`: it grows with every change."""

_DETAIL = f"""
select c.id, c.name, c.language, c.custom::text as custom, c.external_id, c.metadata::text as metadata, c.opted_out_at, c.opt_out_source, c.refuses, c.source, c.created_at, c.updated_at,
    {VERSION} as version,
    coalesce((select json_agg(json_build_object('id', i.id, 'kind', i.kind, 'value', i.value, 'line', i.line,
            'region', i.region, 'valid', i.valid) order by i.kind, i.id)
        from contact_identity i where i.company_id = c.company_id and i.contact_id = c.id), '[]')::text as identities,
    coalesce((select json_agg(json_build_object('id', t.id, 'name', t.name) order by fold(t.name))
        from contact_tag ct join tag t on t.company_id = ct.company_id and t.id = ct.tag_id
        where ct.company_id = c.company_id and ct.contact_id = c.id), '[]')::text as tags
from contact c where c.company_id = $1 and c.id = $2
"""


async def contact(actor: Actor, contact_id: UUID) -> asyncpg.Record:
    """The contact with its identities, tags and custom values as JSON texts. Raises NotFound."""
    async with read(actor, Permission.CONTACTS_READ) as r:
        return await one(r, contact_id)


async def one(r: Read, contact_id: UUID) -> asyncpg.Record:
    """As `contact`, inside a unit of work."""
    assert r.actor is not None
    row = await r.fetchrow(_DETAIL, r.actor.company_id, contact_id)
    if row is None:
        raise RequestError.NOT_FOUND(what="contact")
    return row
