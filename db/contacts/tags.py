"""Labels on contacts. Two names that differ only in case or accents are one tag."""

from uuid import UUID

import asyncpg

from db.contacts.errors import ContactError
from db.contacts.events import ContactsChanged
from db.errors import RequestError, RequestField
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Read, Work, read, work

MAX_TAGS = 5000  # per company; beyond that a column was taken for tags that is none

_PARTING = dict.fromkeys(map(ord, ",;|\0"), " ")

_SELECT = """
select t.id, t.name, fold(t.name) as key,
    (select count(*) from contact_tag ct where ct.company_id = t.company_id and ct.tag_id = t.id) as contacts
from tag t where t.company_id = $1
"""


def plain(name: str) -> str:
    """The name as it is kept: without the signs that part tags in a file. Raises Invalid when nothing is left of it."""
    text = " ".join(name.translate(_PARTING).split())[:60].strip("# ")
    if not text:
        raise RequestError.INVALID(fields=[RequestField.REQUIRED("name")])
    return text


async def tags(
    actor: Actor, *, search: str | None = None, after: tuple[str, UUID] | None = None, limit: int = 200
) -> list[asyncpg.Record]:
    """Rows `id, name, key, contacts` by name; `after` is `(key, id)` of the last one. One row more than `limit`."""
    key, last = after or ("", None)
    async with read(actor, Permission.CONTACTS_READ) as r:
        return await r.fetch(
            f"{_SELECT} and ($2::uuid is null or (fold(t.name), t.id) > ($3, $2)) "
            "and ($4::text is null or strpos(fold(t.name), fold($4)) > 0) order by fold(t.name), t.id limit $5",
            actor.company_id,
            last,
            key,
            search,
            limit,
        )


async def _one(r: Read, company_id: UUID, tag_id: UUID) -> asyncpg.Record:
    row = await r.fetchrow(f"{_SELECT} and t.id = $2", company_id, tag_id)
    if row is None:
        raise RequestError.NOT_FOUND(what="tag")
    return row


async def create_tag(actor: Actor, name: str) -> asyncpg.Record:
    """Row as in `tags`. Raises Conflict `tag_exists`."""
    async with work(actor, Permission.CONTACTS_WRITE) as w:
        tag_id = await w.fetchval(
            "insert into tag(company_id, name) values ($1, $2) on conflict (company_id, fold(name)) do nothing returning id",
            w.company_id,
            plain(name),
        )
        if tag_id is None:
            raise ContactError.TAG_EXISTS()
        w.audit("tag.created", tag_id)
        w.emit(ContactsChanged())
        return await _one(w, w.company_id, tag_id)


async def rename_tag(actor: Actor, tag_id: UUID, name: str) -> asyncpg.Record:
    """Raises NotFound, Conflict `tag_exists`."""
    async with work(actor, Permission.CONTACTS_WRITE) as w:
        text = plain(name)
        if await w.fetchval(
            "select true from tag where company_id = $1 and fold(name) = fold($2) and id <> $3", w.company_id, text, tag_id
        ):
            raise ContactError.TAG_EXISTS()
        if not await w.execute("update tag set name = $3 where company_id = $1 and id = $2", w.company_id, tag_id, text):
            raise RequestError.NOT_FOUND(what="tag")
        w.audit("tag.renamed", tag_id)
        w.emit(ContactsChanged())
        return await _one(w, w.company_id, tag_id)


async def delete_tag(actor: Actor, tag_id: UUID) -> None:
    """Takes it off every contact. Raises NotFound."""
    async with work(actor, Permission.CONTACTS_WRITE) as w:
        if not await w.execute("delete from tag where company_id = $1 and id = $2", w.company_id, tag_id):
            raise RequestError.NOT_FOUND(what="tag")
        w.audit("tag.deleted", tag_id)
        w.emit(ContactsChanged())


_ENSURE = """
with wanted as (select distinct on (fold(name)) name from unnest($2::text[]) name order by fold(name)),
made as (
    insert into tag(company_id, name) select $1, name from wanted on conflict (company_id, fold(name)) do nothing
    returning id, name
)
select id, fold(name) as key from made
union all
select t.id, fold(t.name) from tag t join wanted on fold(wanted.name) = fold(t.name) where t.company_id = $1
"""


async def ensure_tags(w: Work, names: list[str]) -> list[UUID]:
    """The ids of these names, made where missing."""
    names = sorted({plain(name) for name in names})
    if not names:
        return []
    for _ in range(3):  # a tag that another transaction makes this moment is seen by the second look
        rows = await w.fetch(_ENSURE, w.company_id, names)
        missing = await w.fetchval("select count(distinct fold(n)) from unnest($1::text[]) n", names)
        if len(rows) == missing:
            return [row["id"] for row in rows]
    raise ContactError.TAG_BUSY()


async def set_tags(w: Work, contact_id: UUID, names: list[str]) -> None:
    """Exactly these."""
    ids = await ensure_tags(w, names)
    await w.execute(
        "delete from contact_tag where company_id = $1 and contact_id = $2 and tag_id <> all($3::uuid[])",
        w.company_id,
        contact_id,
        ids,
    )
    await add_tags(w, [contact_id], ids)


async def add_tags(w: Work, contact_ids: list[UUID], tag_ids: list[UUID]) -> None:
    await w.execute(
        "insert into contact_tag(company_id, tag_id, contact_id) "
        "select $1, t, c from unnest($3::uuid[]) t cross join unnest($2::uuid[]) c on conflict do nothing",
        w.company_id,
        contact_ids,
        tag_ids,
    )


async def remove_tags(w: Work, contact_ids: list[UUID], tag_ids: list[UUID]) -> None:
    await w.execute(
        "delete from contact_tag where company_id = $1 and tag_id = any($3::uuid[]) and contact_id = any($2::uuid[])",
        w.company_id,
        contact_ids,
        tag_ids,
    )
