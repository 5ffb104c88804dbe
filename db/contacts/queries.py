"""Reading contacts: the list, one person, what was said between them and us."""

from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db.contacts.filter import ContactFilter
from db.contacts.filters import like_pattern, needle, where
from db.errors import RequestError
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Read, read

Sort = Literal["name", "recent"]
COUNTED = 10_000
"""Up to here totals are exact; above they are the planner's guess."""

_KEYS: dict[Sort, tuple[str, str, str]] = {  # column, its type, comparison and order
    "name": ("name_key", "text", ">"),
    "recent": ("updated_at", "timestamptz", "<"),
}
_ROW = """
select p.id, p.name, p.name_key, p.updated_at, p.opted_out_at is not null as opted_out,
    ph.value as phone, ph.line, em.value as email,
    coalesce((select json_agg(json_build_object('id', t.id, 'name', t.name) order by fold(t.name))
        from contact_tag ct join tag t on t.company_id = ct.company_id and t.id = ct.tag_id
        where ct.company_id = p.company_id and ct.contact_id = p.id), '[]')::text as tags
from page p
left join lateral (select value, line from contact_identity i where i.company_id = p.company_id and i.contact_id = p.id
    and i.kind = 'phone' order by i.id limit 1) ph on true
left join lateral (select value from contact_identity i where i.company_id = p.company_id and i.contact_id = p.id
    and i.kind = 'email' order by i.id limit 1) em on true
"""


class Contacts(NamedTuple):
    """`rows`: id, name, name_key, updated_at, opted_out, phone, line, email, tags (JSON).
    `total` only on the first page."""

    rows: list[asyncpg.Record]
    total: int | None


async def contacts(
    actor: Actor,
    filter: ContactFilter,
    *,
    sort: Sort = "name",
    after: tuple[str | datetime, UUID] | None = None,
    limit: int = 50,
    exact: bool = False,
) -> Contacts:
    """One page. `after` is the sort key and id of the last row of the page before."""
    column, type_, sign = _KEYS[sort]
    direction = "desc" if sign == "<" else "asc"
    async with read(actor, Permission.CONTACTS_READ) as r:
        source, total, args = await _source(r, actor.company_id, filter, f"{column} {direction}, id {direction}")
        conditions, counted = source, list(args)
        if after is not None:
            args += [after[0], after[1]]
            conditions += f" and (k.{column}, k.id) {sign} (${len(args) - 1}::{type_}, ${len(args)}::uuid)"
        args.append(limit)
        order = f"k.{column} {direction}, k.id {direction}"
        # Materialised: the planner must not join the addresses of everybody before it has cut the page.
        rows = await r.fetch(
            f"with page as materialized (select c.* {conditions} order by {order} limit ${len(args)}) {_ROW} "
            f"order by p.{column} {direction}, p.id {direction}",
            *args,
        )
        if after is not None:
            total = None
        elif exact:
            total = await r.fetchval(f"select count(*) {source}", *counted)
        elif total is None:
            total = len(rows) if len(rows) < limit else await _count(r, source, counted)
        return Contacts(rows, total)


async def _source(r: Read, company_id: UUID, filter: ContactFilter, order: str) -> tuple[str, int | None, list[object]]:
    """`from … where …` with the contacts as `c` and the sort keys as `k`; how many, if that is known already; the values.

    Row-level security hides the trigram index, so a search goes through `contact_search` first: few hits are sorted and
    joined, many (then they are dense) are met soon by walking the list and looking at each."""
    args: list[object] = [company_id]
    text = needle(filter.search) if filter.search else None
    rest = where(msgspec.structs.replace(filter, search=None), args)
    if text is None:
        return f"from contact c join lateral (select c.*) k on true where c.company_id = $1 and {rest}", None, args
    args.append(text)
    pattern = like_pattern(f"${len(args)}::text")
    hits = await r.fetchval(f"select count(*) from contact_search({like_pattern('$1::text')}, {COUNTED + 1})", text)
    if hits > COUNTED:
        condition = f"c.company_id = $1 and c.search like {pattern} and {rest}"
        return f"from contact c join lateral (select c.*) k on true where {condition}", None, args
    found = f"(select * from contact_search({pattern}, {COUNTED}) order by {order}) k"
    condition = f"c.company_id = $1 and c.id = k.id and {rest}"
    return f"from {found}, contact c where {condition}", hits if rest == "true" else None, args


async def _count(r: Read, source: str, args: list[object]) -> int:
    """Exact up to COUNTED, then the planner's estimate."""
    count: int = await r.fetchval(f"select count(*) from (select 1 {source} limit {COUNTED + 1}) x", *args)
    if count <= COUNTED:
        return count
    plan = msgspec.json.decode(await r.fetchval(f"explain (format json) select 1 {source}", *args))
    return max(COUNTED + 1, int(plan[0]["Plan"]["Plan Rows"]))


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
select c.id, c.name, c.language, c.custom::text as custom, c.opted_out_at, c.opt_out_source, c.source, c.created_at, c.updated_at,
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
