"""The stages of a board: made, changed, put elsewhere in the order, deleted."""

from typing import Any
from uuid import UUID

import asyncpg

from db import versions
from db.boards import boards
from db.boards.enums import StageKind
from db.boards.errors import BoardError
from db.boards.events import BoardChanged
from db.boards.rank import between
from db.errors import RequestError
from db.permissions import Permission
from db.tenancy import Actor
from db.versions import Expected
from db.work import Read, Work, read, work

MOST = 50
MOST_MOVED = 5000
"""Leads that go with a stage that is deleted, in one statement of some seconds. More are moved away first, 500 at a time."""

_LAST = "select max(rank) from stage where company_id = $1 and board_id = $2"
_BEHIND = """
select o.rank as after, (select min(n.rank) from stage n where n.company_id = $1 and n.board_id = $2 and n.rank > o.rank and n.id <> $4) as before
from stage o where o.company_id = $1 and o.board_id = $2 and o.id = $3
"""
_IN_FRONT = """
select (select max(n.rank) from stage n where n.company_id = $1 and n.board_id = $2 and n.rank < o.rank and n.id <> $4) as after, o.rank as before
from stage o where o.company_id = $1 and o.board_id = $2 and o.id = $3
"""


async def stages(actor: Actor, board_id: UUID) -> list[asyncpg.Record]:
    """Rows `id, board_id, name, color, kind, lead_limit, probability, version, leads, value_cents, totals_version, moving_to`, in order. Raises NotFound."""
    async with read(actor, Permission.BOARDS_READ) as r:
        await boards.must_exist(r, actor.company_id, board_id)
        return await r.fetch(
            f"{boards.STAGE} where s.company_id = $1 and s.board_id = $2 order by s.rank, s.id", actor.company_id, board_id
        )


async def _one(r: Read, company_id: UUID, stage_id: UUID) -> asyncpg.Record:
    row = await r.fetchrow(f"{boards.STAGE} where s.company_id = $1 and s.id = $2", company_id, stage_id)
    if row is None:
        raise RequestError.NOT_FOUND(what="stage")
    return row


async def create_stage(
    actor: Actor, board_id: UUID, *, name: str, color: str, kind: StageKind, limit: int | None, probability: int
) -> asyncpg.Record:
    """The last one of its board, as in `stages`. Raises NotFound, Conflict `too_many_stages`."""
    async with work(actor, Permission.BOARDS_WRITE) as w:
        await boards.lock(w, board_id)
        if await w.fetchval("select count(*) from stage where company_id = $1 and board_id = $2", w.company_id, board_id) >= MOST:
            raise BoardError.TOO_MANY_STAGES(most=MOST)
        rank = between(await w.fetchval(_LAST, w.company_id, board_id), None)
        stage_id = await boards.insert_stage(w, board_id, name, color, kind, rank, limit, probability)
        w.audit("stage.created", stage_id)
        w.emit(BoardChanged(board_id=board_id))
        return await _one(w, w.company_id, stage_id)


async def locked(w: Work, stage_id: UUID, expected: Expected) -> asyncpg.Record:
    """The stage, under the lock of its board. Raises NotFound, PreconditionFailed, Conflict `stage_leaving`."""
    board_id = await w.fetchval("select board_id from stage where company_id = $1 and id = $2", w.company_id, stage_id)
    if board_id is None:
        raise RequestError.NOT_FOUND(what="stage")
    await boards.lock(w, board_id)
    row = await w.fetchrow("select * from stage where company_id = $1 and id = $2 for update", w.company_id, stage_id)
    if row is None:
        raise RequestError.NOT_FOUND(what="stage")
    if row["moving_to"] is not None:
        raise BoardError.STAGE_LEAVING()
    versions.check(row["version"], expected)
    return row


async def change_stage(
    actor: Actor,
    stage_id: UUID,
    *,
    expected: Expected = None,
    after_id: UUID | None = None,
    before_id: UUID | None = None,
    **columns: Any,
) -> asyncpg.Record:
    """As in `stages`. `columns`: new values of name, color, kind, lead_limit, probability. A neighbour that is gone leaves the stage
    where it is. Leads of a lost stage that becomes another one lose their reasons. Raises NotFound, PreconditionFailed, Conflict
    `stage_too_full`."""
    async with work(actor, Permission.BOARDS_WRITE) as w:
        stage = await locked(w, stage_id, expected)
        board_id: UUID = stage["board_id"]
        for other, place in ((after_id, _BEHIND), (before_id, _IN_FRONT)):
            if other not in (None, stage_id) and (found := await w.fetchrow(place, w.company_id, board_id, other, stage_id)):
                columns["rank"] = between(found["after"], found["before"])
                break
        if stage["kind"] == StageKind.LOST and columns.get("kind", StageKind.LOST) != StageKind.LOST:
            await _no_longer_lost(w, stage_id)
        for name, value in columns.items():
            await w.execute(f"update stage set {name} = $3 where company_id = $1 and id = $2", w.company_id, stage_id, value)
        await w.execute("update stage set version = version + 1 where company_id = $1 and id = $2", w.company_id, stage_id)
        w.audit("stage.changed", stage_id)
        w.emit(BoardChanged(board_id=board_id))
        return await _one(w, w.company_id, stage_id)


_LEADS = "select from lead where company_id = $1 and stage_id = $2 order by id for update"
"""In the order in which everybody who moves locks them: the change itself takes them as it meets them."""

_FOUND_AGAIN = """
update lead set lost_reason = null, version = version + 1 where company_id = $1 and stage_id = $2 and lost_reason is not null
"""


async def _no_longer_lost(w: Work, stage_id: UUID) -> None:
    """The stage becomes another one: what stands in it is not lost. Raises Conflict `stage_too_full`."""
    leads = await w.fetchval("select leads from stage_total where company_id = $1 and stage_id = $2", w.company_id, stage_id)
    if leads > MOST_MOVED:
        raise BoardError.STAGE_TOO_FULL(most=MOST_MOVED)
    await w.execute(_LEADS, w.company_id, stage_id)
    await w.execute(_FOUND_AGAIN, w.company_id, stage_id)
