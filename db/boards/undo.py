"""Taking a bulk move back: every lead to the stage and place it had, except those that somebody moved since.

The move keeps where each lead stood and which rank it was given. A lead that has that rank in that stage still was not moved since;
what else became of it, a new title or value, stays.
"""

from typing import NamedTuple
from uuid import UUID

import asyncpg

from db.boards.enums import LeadEvent, StageKind
from db.boards.errors import BoardError
from db.boards.moves import Moved, tell_moved, write
from db.errors import RequestError
from db.permissions import Permission
from db.tenancy import Actor
from db.work import SystemWork, Work, work

_BULK = "select stage_id, undone_at from lead_bulk_move where company_id = $1 and id = $2 for update"
_PLACES = """
select p.* from lead_bulk_move b, unnest(b.lead_ids, b.ranks, b.from_stage_ids, b.from_ranks, b.from_reasons, b.from_since)
    p(lead_id, given, stage_id, rank, reason, since)
where b.company_id = $1 and b.id = $2
"""
_STAGES = (
    "select id, kind from stage where company_id = $1 and id = any($2::uuid[]) and moving_to is null order by id for key share"
)
_LEADS = "select * from lead where company_id = $1 and id = any($2::uuid[]) order by id for update"
_ARCHIVED = """
select b.archived_at is not null from stage s join board b on b.company_id = $1 and b.id = s.board_id where s.company_id = $1 and s.id = $2
"""


class Undone(NamedTuple):
    moved: int
    stayed: int  # moved or deleted since, or the stage is gone from which they came


async def undo_move(actor: Actor, bulk_id: UUID) -> Undone:
    """Once, within seven days. Raises NotFound, Conflict `move_undone`, `board_archived`."""
    async with work(actor, Permission.LEADS_WRITE) as w:
        bulk = await w.fetchrow(_BULK, w.company_id, bulk_id)
        if bulk is None:
            raise RequestError.NOT_FOUND(what="bulk move")
        if bulk["undone_at"] is not None:
            raise BoardError.MOVE_UNDONE()
        if await w.fetchval(_ARCHIVED, w.company_id, bulk["stage_id"]):
            raise BoardError.BOARD_ARCHIVED()
        places = await w.fetch(_PLACES, w.company_id, bulk_id)
        back = await _unmoved(w, bulk["stage_id"], places)
        if back:
            await write(w, back, LeadEvent.MOVED_BACK)
            await tell_moved(w, back)
        for one in back:
            w.audit("lead.moved_back", one.lead["id"], stage=str(one.stage_id))
        await w.execute("update lead_bulk_move set undone_at = now() where company_id = $1 and id = $2", w.company_id, bulk_id)
        return Undone(len(back), len(places) - len(back))


async def _unmoved(w: Work, stage_id: UUID, places: list[asyncpg.Record]) -> list[Moved]:
    """The leads that stand where the move put them, with the places that they had; locked, as are the stages from which they came."""
    kinds = {row["id"]: row["kind"] for row in await w.fetch(_STAGES, w.company_id, list({row["stage_id"] for row in places}))}
    leads = {row["id"]: row for row in await w.fetch(_LEADS, w.company_id, [row["lead_id"] for row in places])}
    found = []
    for place in places:
        lead, kind = leads.get(place["lead_id"]), kinds.get(place["stage_id"])
        if lead is not None and kind is not None and (lead["stage_id"], lead["rank"]) == (stage_id, place["given"]):
            reason = place["reason"] if kind == StageKind.LOST else None
            found.append(Moved(lead, place["stage_id"], place["rank"], reason, place["since"]))
    return found


async def forget_old(s: SystemWork) -> None:
    """Deletes after seven days what undoing a bulk move needs."""
    await s.execute("delete from lead_bulk_move where at < now() - interval '7 days'")
