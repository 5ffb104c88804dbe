"""What became of a lead, and what colleagues wrote about it."""

from uuid import UUID

import asyncpg

from db.boards.enums import LeadEvent
from db.boards.leads import UNSIGNED, Signed, doer, lock, note_change, tell
from db.errors import RequestError, RequestField
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Read, Work, read, work

_HISTORY = """
select h.id, h.at, h.by_id, u.name as by_name, h.kind, h.from_stage_id, h.from_stage, h.to_stage_id, h.to_stage, h.what::text as what
from lead_change h left join account_user u on u.id = h.by_id
where h.company_id = $1 and h.lead_id = $2 and ($3::uuid is null or h.id < $3) order by h.id desc limit $4
"""
_NOTE = """
select n.id, u.name as author, n.body, n.created_at from lead_note n left join account_user u on u.id = n.author_id
where n.company_id = $1 and n.lead_id = $2
"""


async def _must_exist(r: Read, company_id: UUID, lead_id: UUID) -> None:
    if not await r.fetchval("select true from lead where company_id = $1 and id = $2", company_id, lead_id):
        raise RequestError.NOT_FOUND(what="lead")


async def history(actor: Actor, lead_id: UUID, *, after: UUID | None, limit: int) -> list[asyncpg.Record]:
    """Newest first. Stages are called as they were then, `by_name` is null for keys and who left. Raises NotFound."""
    async with read(actor, Permission.BOARDS_READ) as r:
        await _must_exist(r, actor.company_id, lead_id)
        return await r.fetch(_HISTORY, actor.company_id, lead_id, after, limit)


async def notes(actor: Actor, lead_id: UUID, *, after: UUID | None, limit: int) -> list[asyncpg.Record]:
    """Rows `id, author, body, created_at`, newest first. Raises NotFound."""
    async with read(actor, Permission.BOARDS_READ) as r:
        await _must_exist(r, actor.company_id, lead_id)
        return await r.fetch(
            f"{_NOTE} and ($3::uuid is null or n.id < $3) order by n.id desc limit $4", actor.company_id, lead_id, after, limit
        )


_COUNT = "update lead set note_count = note_count + $3 where company_id = $1 and id = $2"


async def add_note(actor: Actor, lead_id: UUID, body: str) -> asyncpg.Record:
    """Row as in `notes`. Raises NotFound, Invalid."""
    text = body.replace("\0", "").strip()
    if not text:
        raise RequestError.INVALID(fields=[RequestField.REQUIRED("body")])
    async with work(actor, Permission.LEADS_WRITE) as w:
        note_id = await note_in(w, lead_id, text)
        row = await w.fetchrow(f"{_NOTE} and n.id = $3", w.company_id, lead_id, note_id)
        assert row is not None
        return row


async def note_in(w: Work, lead_id: UUID, text: str, *, signed: Signed = UNSIGNED) -> UUID:
    """The same inside a unit of work. Raises NotFound."""
    assert w.actor is not None
    lead = await lock(w, lead_id, None)
    note_id: UUID = await w.fetchval(
        "insert into lead_note(company_id, lead_id, author_id, body) values ($1, $2, $3, $4) returning id",
        w.company_id,
        lead_id,
        doer(w.actor),
        text,
    )
    await w.execute(_COUNT, w.company_id, lead_id, 1)
    await note_change(w, lead_id, LeadEvent.NOTED, **signed)
    w.audit("lead.note_added", lead_id)
    await tell(w, lead_id, lead["board_id"], [lead["stage_id"]], version=None, totals=False)
    return note_id


async def delete_note(actor: Actor, lead_id: UUID, note_id: UUID) -> None:
    """Raises NotFound."""
    async with work(actor, Permission.LEADS_WRITE) as w:
        await delete_note_in(w, lead_id, note_id)


async def delete_note_in(w: Work, lead_id: UUID, note_id: UUID) -> None:
    """The same inside a unit of work."""
    lead = await lock(w, lead_id, None)
    if not await w.execute(
        "delete from lead_note where company_id = $1 and lead_id = $2 and id = $3", w.company_id, lead_id, note_id
    ):
        raise RequestError.NOT_FOUND(what="note")
    await w.execute(_COUNT, w.company_id, lead_id, -1)
    w.audit("lead.note_deleted", lead_id)
    await tell(w, lead_id, lead["board_id"], [lead["stage_id"]], version=None, totals=False)
