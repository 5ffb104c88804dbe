"""Which addresses a contact has and had, since when and until when. An address that goes is kept with who took it; where a contact becomes part of
another one its former addresses go with it, and come back when the two are parted."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from db.contacts.notes import must_exist
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Work, read

MOST = 200

_TAKE = """
with gone as (
    delete from contact_identity where company_id = $1 and id = any($2::uuid[]) returning contact_id, kind, value, created_at
)
insert into identity_past(company_id, contact_id, kind, value, since, by_kind, by_id) select $1, contact_id, kind, value, created_at, $3, $4 from gone
"""
_HISTORY = """
select h.id, h.kind, h.value, h.since, h.until, u.name as by_name from (
    select id, kind, value, created_at as since, null::timestamptz as until, null::uuid as by_id from contact_identity
    where company_id = $1 and contact_id = $2
    union all
    select id, kind, value, since, until, case when by_kind = 'user' then by_id end from identity_past
    where company_id = $1 and contact_id = $2
) h left join account_user u on u.id = h.by_id
order by h.until desc nulls first, h.since desc, h.id desc limit $3
"""


async def take(w: Work, identity_ids: Sequence[UUID]) -> None:
    """These addresses are their contacts' no longer."""
    assert w.actor is not None
    await w.execute(_TAKE, w.company_id, list(identity_ids), w.actor.kind, w.actor.id)


async def history(actor: Actor, contact_id: UUID) -> list[asyncpg.Record]:
    """Rows `id, kind, value, since, until, by_name`: those that it has first, then the latest that went. Raises NotFound."""
    async with read(actor, Permission.CONTACTS_READ) as r:
        await must_exist(r, actor.company_id, contact_id)
        return await r.fetch(_HISTORY, actor.company_id, contact_id, MOST)
