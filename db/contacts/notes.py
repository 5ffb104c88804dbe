"""What colleagues write down about a contact."""

from uuid import UUID

import asyncpg

from db.contacts.events import NotesChanged
from db.errors import RequestError, RequestField
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Read, read, work

_SELECT = """
select n.id, u.name as author, n.body, n.created_at
from contact_note n left join account_user u on u.id = n.author_id
where n.company_id = $1 and n.contact_id = $2
"""


async def must_exist(r: Read, company_id: UUID, contact_id: UUID) -> None:
    """Raises NotFound unless the company has this contact."""
    if not await r.fetchval("select true from contact where company_id = $1 and id = $2", company_id, contact_id):
        raise RequestError.NOT_FOUND(what="contact")


async def notes(actor: Actor, contact_id: UUID, *, after: UUID | None, limit: int) -> list[asyncpg.Record]:
    """Rows `id, author, body, created_at`, newest first. `author` is empty once they left the company."""
    async with read(actor, Permission.CONTACTS_READ) as r:
        await must_exist(r, actor.company_id, contact_id)
        return await r.fetch(
            f"{_SELECT} and ($3::uuid is null or n.id < $3) order by n.id desc limit $4",
            actor.company_id,
            contact_id,
            after,
            limit,
        )


async def add_note(actor: Actor, contact_id: UUID, body: str) -> asyncpg.Record:
    """Raises NotFound, Invalid."""
    text = body.replace("\0", "").strip()
    if not text:
        raise RequestError.INVALID(fields=[RequestField.REQUIRED("body")])
    async with work(actor, Permission.CONTACTS_WRITE) as w:
        await must_exist(w, w.company_id, contact_id)
        note_id = await w.fetchval(
            "insert into contact_note(company_id, contact_id, author_id, body) values ($1, $2, $3, $4) returning id",
            w.company_id,
            contact_id,
            actor.id if actor.kind == "user" else None,
            text,
        )
        w.audit("contact.note_added", contact_id)
        w.emit(NotesChanged(contact_id=contact_id, note_id=note_id, deleted=False))
        row = await w.fetchrow(f"{_SELECT} and n.id = $3", w.company_id, contact_id, note_id)
        assert row is not None
        return row


async def delete_note(actor: Actor, contact_id: UUID, note_id: UUID) -> None:
    """Raises NotFound."""
    async with work(actor, Permission.CONTACTS_WRITE) as w:
        if not await w.execute(
            "delete from contact_note where company_id = $1 and contact_id = $2 and id = $3", w.company_id, contact_id, note_id
        ):
            raise RequestError.NOT_FOUND(what="note")
        w.audit("contact.note_deleted", contact_id)
        w.emit(NotesChanged(contact_id=contact_id, note_id=note_id, deleted=True))
