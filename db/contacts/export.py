"""All contacts of a filter, a page at a time, for a download of any length.

Pages instead of one cursor: a slow download must not hold a transaction open, nor a connection of the pool.
"""

from collections.abc import AsyncIterator
from uuid import UUID

import asyncpg
import msgspec

from db.contacts.filter import ContactFilter
from db.contacts.filters import where
from db.contacts.segments import resolved
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Read, read, work

_PAGE = 5000
_MOST_TEXT = 8_000_000
"""Characters of custom fields in a page, the last contact not counted: a list may bring 200,000 for each, and memory ends before 5,000
of those."""
_ROW = """
select c.id, c.name, c.language, c.custom::text as custom, c.opted_out_at is not null as opted_out,
    (select value from contact_identity i where i.company_id = c.company_id and i.contact_id = c.id and i.kind = 'phone'
        order by i.id limit 1) as phone,
    (select value from contact_identity i where i.company_id = c.company_id and i.contact_id = c.id and i.kind = 'email'
        order by i.id limit 1) as email,
    (select string_agg(t.name, ', ' order by fold(t.name)) from contact_tag ct
        join tag t on t.company_id = ct.company_id and t.id = ct.tag_id
        where ct.company_id = c.company_id and ct.contact_id = c.id) as tags
from contact c where c.company_id = $1
"""

_CUT = """
select * from (
    select p.*, count(*) over () as there, sum(length(p.custom)) over (order by p.id) - length(p.custom) as before from ({rows}) p) page
where before < {most} order by id
"""


async def begin_export(actor: Actor, filter: ContactFilter) -> list[str]:
    """Notes the export in the audit log; returns the keys of the custom fields. Raises Forbidden."""
    async with work(actor, Permission.CONTACTS_EXPORT) as w:
        w.audit("contacts.exported", filter=msgspec.to_builtins(filter))
        return await _keys(w)


async def custom_keys(actor: Actor) -> list[str]:
    """The keys of the custom fields, for an export of which nothing is handed over. Raises Forbidden."""
    async with read(actor, Permission.CONTACTS_EXPORT) as r:
        return await _keys(r)


async def _keys(r: Read) -> list[str]:
    assert r.actor is not None
    rows = await r.fetch(
        "select key from custom_field where company_id = $1 and deleted_at is null order by fold(label), id", r.actor.company_id
    )
    return [row["key"] for row in rows]


async def exported(actor: Actor, filter: ContactFilter) -> AsyncIterator[list[asyncpg.Record]]:
    """Pages of `id, name, language, custom (JSON), opted_out, phone, email, tags`."""
    last: UUID | None = None
    while True:
        async with read(actor, Permission.CONTACTS_EXPORT) as r:
            args: list[object] = [actor.company_id]
            condition = where(await resolved(r, filter), args)
            if last is not None:
                args.append(last)
                condition += f" and c.id > ${len(args)}::uuid"
            rows = await r.fetch(_CUT.format(rows=f"{_ROW} and {condition} order by c.id limit {_PAGE}", most=_MOST_TEXT), *args)
        if rows:
            yield rows
        if not rows or len(rows) == rows[0]["there"] < _PAGE:
            return
        last = rows[-1]["id"]
