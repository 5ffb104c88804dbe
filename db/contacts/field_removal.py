"""Taking a custom field off every contact: batch by batch, because no request may change 200,000 people at once.

The field is gone for everybody from the first moment; its row holds the key until no contact has a value under it.
"""

from uuid import UUID

from db.contacts.errors import ContactError
from db.contacts.events import ContactsChanged
from db.jobs import RemoveField
from db.permissions import Permission
from db.tenancy import worker
from db.work import Read, Work, work

BATCH = 1000

_STRIP = """
update contact c set custom = c.custom - $3::text, updated_at = clock_timestamp()
where c.company_id = $1 and c.id = any($2::uuid[])
"""
_WITH_VALUE = """
select c.id from contact c where c.company_id = $1 and c.custom ? $2::text and ($3::uuid is null or c.id > $3)
order by c.id limit $4 for update
"""


async def begin(w: Work, field_id: UUID) -> str | None:
    """Nobody sees the field any more; returns its key, None when there is none."""
    key: str | None = await w.fetchval(
        "update custom_field set deleted_at = now() where company_id = $1 and id = $2 and deleted_at is null returning key",
        w.company_id,
        field_id,
    )
    if key is not None:
        w.enqueue(RemoveField(field_id=field_id))
    return key


async def must_be_over(r: Read, company_id: UUID, keys: list[str]) -> None:
    """A value written under such a key now would go with the old ones. Raises Conflict `field_busy`."""
    if await r.fetchval(
        "select true from custom_field where company_id = $1 and key = any($2::text[]) and deleted_at is not null limit 1",
        company_id,
        keys,
    ):
        raise ContactError.FIELD_BUSY()


async def step(company_id: UUID, field_id: UUID, after: UUID | None) -> UUID | None:
    """Takes the value from the next contacts that have one; returns the last of them, None when that was all."""
    async with work(worker(company_id), Permission.CONTACTS_WRITE) as w:
        key: str | None = await w.fetchval(
            "select key from custom_field where company_id = $1 and id = $2 and deleted_at is not null for update",
            company_id,
            field_id,
        )
        if key is None:
            return None
        ids: list[UUID] = [row["id"] for row in await w.fetch(_WITH_VALUE, company_id, key, after, BATCH)]
        await w.execute(_STRIP, company_id, ids, key)
        w.emit(ContactsChanged())
        if len(ids) == BATCH:
            return ids[-1]
        await w.execute("delete from custom_field where company_id = $1 and id = $2", company_id, field_id)
        return None
