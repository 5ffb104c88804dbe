"""The leads of a board, for a download of any length. Who took them stands in the audit log.

Pages instead of one cursor: a slow download must not hold a transaction open, nor a connection of the pool.
"""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg

from db.boards import boards, listing
from db.boards.enums import LeadSort
from db.boards.listing import LeadFilter
from db.permissions import Permission
from db.tenancy import Actor
from db.work import read, work

_PAGE = 1000
_MORE = """
select l.id, s.name as stage, (select value from contact_identity i where i.company_id = $1 and i.contact_id = l.contact_id
    and i.kind = 'phone' order by i.id limit 1) as phone
from lead l join stage s on s.company_id = $1 and s.id = l.stage_id where l.company_id = $1 and l.id = any($2::uuid[])
"""


async def begin_export(actor: Actor, board_id: UUID, *, audited: bool) -> None:
    """Notes the export. Raises Forbidden, NotFound."""
    actor.require(Permission.BOARDS_READ)
    async with work(actor, Permission.CONTACTS_EXPORT) as w:
        await boards.must_exist(w, w.company_id, board_id)
        if audited:
            w.audit("leads.exported", board_id)


async def exported(actor: Actor, board_id: UUID, filter: LeadFilter) -> AsyncIterator[list[dict[str, Any]]]:
    """Pages of `leads.COLUMNS` with `stage` and `phone`, newest first."""
    after: tuple[Any, ...] | None = None
    while True:
        rows = await listing.board_leads(actor, board_id, filter, sort=LeadSort.CREATED, after=after, limit=_PAGE)
        if rows:
            yield await _completed(actor, rows)
        if len(rows) < _PAGE:
            return
        after = listing.key(rows[-1], LeadSort.CREATED)


async def _completed(actor: Actor, rows: list[asyncpg.Record]) -> list[dict[str, Any]]:
    async with read(actor, Permission.CONTACTS_EXPORT) as r:
        more = {row["id"]: row for row in await r.fetch(_MORE, actor.company_id, [row["id"] for row in rows])}
    return [{**row, **(more.get(row["id"]) or {"stage": "", "phone": ""})} for row in rows]
