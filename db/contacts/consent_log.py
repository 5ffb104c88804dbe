"""What people asked for, as it was said: who, what, where, when, and by what it is shown. Entries are added and never changed; those of a contact
that became part of another one are read with it, and go back with it."""

from typing import NamedTuple
from uuid import UUID

import asyncpg

from db.contacts.enums import Category
from db.contacts.notes import must_exist
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Read, Work, read

MOST = 200

_ADD = """
insert into consent_entry(company_id, contact_id, category, allowed, source, by_kind, by_id, message_id, import_id, note)
select $1, c, $3, $4, $5, $6, $7, $8, $9, $10 from unnest($2::uuid[]) c
"""
_ADD_ADDRESSES = """
insert into consent_entry(company_id, address, allowed, source, by_kind, by_id, import_id, note)
select $1, a, $3, $4, $5, $6, $7, $8 from unnest($2::text[]) a
"""
_ENTRIES = """
with recursive person(id) as (
    select $2::uuid union select m.merged_id from contact_merge m join person p on m.company_id = $1 and m.contact_id = p.id and m.undone_at is null
)
select e.id, e.category, e.allowed, e.source, u.name as by_name, e.by_kind, e.message_id, i.body as words, e.import_id, l.filename as list, e.note, e.at
from consent_entry e left join account_user u on e.by_kind = 'user' and u.id = e.by_id
left join inbound_message i on i.company_id = $1 and i.id = e.message_id
left join contact_import l on l.company_id = $1 and l.id = e.import_id
where e.company_id = $1 and (e.contact_id in (select id from person) or e.contact_id is null and e.address in (
    select a.value from contact_identity a where a.company_id = $1 and a.contact_id = $2)) order by e.at desc, e.id desc limit $3
"""


class Proof(NamedTuple):
    """What shows that it was said: the person's message, the list that came in, or what somebody wrote down."""

    message_id: UUID | None = None
    import_id: UUID | None = None
    note: str = ""


NO_PROOF = Proof()


async def add(
    w: Work, contact_ids: list[UUID], *, allowed: bool, source: str, category: Category | None = None, proof: Proof = NO_PROOF
) -> None:
    """One entry for each contact."""
    await w.execute(
        _ADD, w.company_id, contact_ids, category, allowed, source, *_by(w), proof.message_id, proof.import_id, proof.note
    )


async def add_addresses(w: Work, addresses: list[str], *, allowed: bool, source: str, proof: Proof = NO_PROOF) -> None:
    """One entry for each address that no contact has."""
    await w.execute(_ADD_ADDRESSES, w.company_id, addresses, allowed, source, *_by(w), proof.import_id, proof.note)


def _by(w: Work) -> tuple[str, UUID | None]:
    assert w.actor is not None
    return w.actor.kind, w.actor.id


async def latest(r: Read, contact_id: UUID) -> asyncpg.Record:
    """Row as in `entries`: what was written last, inside a unit of work."""
    assert r.actor is not None
    return (await r.fetch(_ENTRIES, r.actor.company_id, contact_id, 1))[0]


async def entries(actor: Actor, contact_id: UUID) -> list[asyncpg.Record]:
    """Rows `id, category, allowed, source, by_name, by_kind, message_id, words, import_id, list, note, at`, the newest first. Raises NotFound."""
    async with read(actor, Permission.CONTACTS_READ) as r:
        await must_exist(r, actor.company_id, contact_id)
        return await r.fetch(_ENTRIES, actor.company_id, contact_id, MOST)
