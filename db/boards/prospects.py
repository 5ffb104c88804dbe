"""What becomes of the leads of a person who turns out to be somebody else known here, is renamed or deleted.

Stands beneath the contacts, which call it in the transaction of the change: knows nothing but leads.
"""

from uuid import UUID

import asyncpg

from db.boards.events import BoardChanged, LeadChanged
from db.work import Work

_RENAMED = """
update lead l set search = lead_text(l.title, c.name) from contact c
where l.company_id = $1 and c.company_id = $1 and c.id = l.contact_id and l.search <> lead_text(l.title, c.name) and l.id = any(array(
    select id from lead where company_id = $1 and contact_id = any($2::uuid[]) order by id for update))
returning l.id, l.board_id, l.stage_id
"""
# The conversation of a lead is that of its contact on the same channel. In a merge the one it has comes along; when two are parted again
# it may be the other's, and then the lead has none.
_REASSIGNED = """
update lead l set contact_id = $2, conversation_id = coalesce((
    select n.id from conversation o join conversation n on n.company_id = $1 and n.channel_id = o.channel_id and n.contact_id = $2
    where o.company_id = $1 and o.id = l.conversation_id), case when $4::uuid[] is null then l.conversation_id end)
where l.company_id = $1 and l.id = any(array(
    select id from lead where company_id = $1 and contact_id = $3 and ($4::uuid[] is null or id = any($4)) order by id for update))
returning l.id, l.board_id, l.stage_id
"""
_DETACHED = """
update lead set contact_id = null, conversation_id = null, search = lead_text(title, null) where company_id = $1 and id = any(array(
    select id from lead where company_id = $1 and contact_id = any($2::uuid[]) order by id for update))
returning id, board_id, stage_id
"""
_TOLD = 50
"""Of more leads than that the boards are named instead: so many contacts at once are an import or a bulk action."""


async def hold(w: Work, contact_ids: list[UUID]) -> None:
    """Until the transaction ends nobody changes their leads: for who deletes some of these contacts and renames others."""
    await w.execute(
        "select from lead where company_id = $1 and contact_id = any($2::uuid[]) order by id for update",
        w.company_id,
        contact_ids,
    )


async def refresh(w: Work, contact_ids: list[UUID]) -> None:
    """These contacts may be called otherwise now: their leads are found by it."""
    _tell(w, await w.fetch(_RENAMED, w.company_id, contact_ids))


async def reassign(w: Work, contact_id: UUID, other: UUID, lead_ids: list[UUID] | None = None) -> list[UUID]:
    """The leads of `other`, in a merge before its conversations move, are those of `contact_id` now; those that are named, when two are
    parted and their conversations are where they belong. Which they were. The caller refreshes."""
    rows = await w.fetch(_REASSIGNED, w.company_id, contact_id, other, lead_ids)
    _tell(w, rows)
    return [row["id"] for row in rows]


async def detach(w: Work, contact_ids: list[UUID]) -> None:
    """These contacts are deleted: their leads stay, without them."""
    _tell(w, await w.fetch(_DETACHED, w.company_id, contact_ids))


def _tell(w: Work, rows: list[asyncpg.Record]) -> None:
    if len(rows) > _TOLD:
        for board_id in sorted({row["board_id"] for row in rows}):
            w.emit(BoardChanged(board_id=board_id))
        return
    for row in rows:
        w.emit(
            LeadChanged(
                board_id=row["board_id"],
                lead_id=row["id"],
                stage_id=row["stage_id"],
                from_stage_id=None,
                deleted=False,
                version=None,
            )
        )
