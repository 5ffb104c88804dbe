"""Reading contacts: how many, and one person."""

from uuid import UUID

import asyncpg

from db.contacts.filter import ContactFilter
from db.contacts.filters import where
from db.errors import RequestError
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Read, read


async def count_contacts(actor: Actor, filter: ContactFilter) -> int:
    """Exactly how many."""
    async with read(actor, Permission.CONTACTS_READ) as r:
        args: list[object] = [actor.company_id]
        condition = where(filter, args)
        count: int = await r.fetchval(f"select count(*) from contact c where c.company_id = $1 and {condition}", *args)
        return count


VERSION = "(extract(epoch from c.updated_at) * 1000000)::bigint"
"""Of the contact `c`: it grows with every change."""

_DETAIL = f"""
select c.id, c.name, c.language, c.custom::text as custom, c.external_id, c.metadata::text as metadata, c.opted_out_at, c.opt_out_source, c.source, c.created_at, c.updated_at,
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
