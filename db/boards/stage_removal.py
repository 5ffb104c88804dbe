"""Deleting a stage with its leads moved to another one: at once, or, where they are many, by a job, a batch at a time.

A stage that is leaving takes no leads any more; how many are left is its total. Each batch is a transaction, so that a worker may die
between any two of them.
"""

from uuid import UUID

import asyncpg

from db.boards import rule_runs
from db.boards.enums import LeadEvent, StageKind
from db.boards.errors import BoardError
from db.boards.events import BoardChanged, BoardTotals
from db.boards.leads import doer
from db.boards.rank import between
from db.boards.stages import MOST_MOVED, locked
from db.boards.totals import totals_of
from db.errors import RequestError
from db.jobs import RemoveStage
from db.permissions import Permission
from db.tenancy import Actor, worker
from db.versions import Expected
from db.work import Work, work

BATCH = 1000  # leads of one transaction of the job
# In the order in which everybody who moves locks them: the change itself takes them as it meets them.
_LEADS = "select id from lead where company_id = $1 and stage_id = $2 order by id limit $3 for update"
# They stand behind those of the other stage, in the order that they had: a rank with something in front of it.
_MOVE = """
with moved as (
    update lead set stage_id = $3, rank = $4 || rank, version = version + 1, stage_since = now(),
        lost_reason = case when $5::bool then coalesce(lost_reason, $6::text) end
    where company_id = $1 and stage_id = $2 and id = any($10::uuid[]) returning id
)
insert into lead_change(company_id, lead_id, by_id, kind, from_stage_id, from_stage, to_stage_id, to_stage, what)
select $1, id, $7::uuid, $8::text, $2, $6::text, $3, $9::text, '{"stage_deleted": true}' from moved
returning id, lead_id
"""
_LEAVE = """
update stage set moving_to = $3, moving_rank = $4, moving_by = $5, moving_of = $6, version = version + 1
where company_id = $1 and id = $2
"""
_LEAVING = "select true from stage where company_id = $1 and moving_to = $2 limit 1"


async def delete_stage(actor: Actor, stage_id: UUID, *, move_to: UUID | None, expected: Expected = None) -> None:
    """Its leads go to the end of `move_to`; those of a lost stage keep their reasons in another one, and what was not lost before
    is lost for the name of the stage that goes. With more than 5,000 leads it stays as one that is leaving until they have gone;
    deleting it again begins that job anew, should it have failed.
    Raises NotFound, PreconditionFailed, Conflict `stage_not_empty`, `stage_leaving`, `last_stage`, `other_board`."""
    async with work(actor, Permission.BOARDS_WRITE) as w:
        going = await w.fetchval("select moving_to from stage where company_id = $1 and id = $2", w.company_id, stage_id)
        if going is not None and move_to in (None, going):
            await _failed(w, stage_id, failed=False)
            w.enqueue(RemoveStage(stage_id=stage_id))
            return
        stage = await locked(w, stage_id, expected)
        board_id: UUID = stage["board_id"]
        if await w.fetchval("select count(*) from stage where company_id = $1 and board_id = $2", w.company_id, board_id) == 1:
            raise BoardError.LAST_STAGE()
        if await w.fetchval(_LEAVING, w.company_id, stage_id):
            raise BoardError.STAGE_LEAVING()
        target = await _target(w, stage, move_to) if move_to is not None and move_to != stage_id else None
        leads = await w.fetchval("select leads from stage_total where company_id = $1 and stage_id = $2", w.company_id, stage_id)
        if leads and target is None:
            raise BoardError.STAGE_NOT_EMPTY()
        if leads and target is not None:
            last = await w.fetchval(
                "select max(rank) from lead where company_id = $1 and stage_id = $2", w.company_id, target["id"]
            )
            rank = between(last, None)
            if leads > MOST_MOVED:
                await w.execute(_LEAVE, w.company_id, stage_id, target["id"], rank, doer(actor), leads)
                w.enqueue(RemoveStage(stage_id=stage_id))
            else:
                await _move(w, stage, target, rank, doer(actor), MOST_MOVED)
        if target is None or leads <= MOST_MOVED:
            await w.execute("delete from stage where company_id = $1 and id = $2", w.company_id, stage_id)
        w.audit("stage.deleted", stage_id, moved_to=str(move_to) if move_to else None)
        w.emit(BoardChanged(board_id=board_id))


_FAILED = """
update stage set moving_failed = $3 where company_id = $1 and id = $2 and moving_to is not null and moving_failed <> $3 returning board_id
"""


async def _failed(w: Work, stage_id: UUID, *, failed: bool) -> None:
    board_id = await w.fetchval(_FAILED, w.company_id, stage_id, failed)
    if board_id is not None:
        w.emit(BoardChanged(board_id=board_id))


async def give_up(company_id: UUID, stage_id: UUID) -> None:
    """The job came to a stop: the stage says so until somebody deletes it once more."""
    async with work(worker(company_id), Permission.BOARDS_WRITE) as w:
        await _failed(w, stage_id, failed=True)


async def _target(w: Work, stage: asyncpg.Record, move_to: UUID) -> asyncpg.Record:
    target = await w.fetchrow("select * from stage where company_id = $1 and id = $2 for key share", w.company_id, move_to)
    if target is None:
        raise RequestError.NOT_FOUND(what="stage")
    if target["board_id"] != stage["board_id"]:
        raise BoardError.OTHER_BOARD()
    if target["moving_to"] is not None:
        raise BoardError.STAGE_LEAVING()
    return target


async def _move(w: Work, stage: asyncpg.Record, target: asyncpg.Record, rank: str, by: UUID | None, most: int) -> int:
    """The next leads of the stage that goes; how many."""
    ids = [row["id"] for row in await w.fetch(_LEADS, w.company_id, stage["id"], most)]
    lost = target["kind"] == StageKind.LOST
    lines = await w.fetch(
        _MOVE, w.company_id, stage["id"], target["id"], rank, lost, stage["name"], by, LeadEvent.MOVED.value, target["name"], ids
    )  # fmt: skip
    await rule_runs.left(w, ids)
    await rule_runs.entered(w, target["id"], {line["lead_id"]: line["id"] for line in lines}, run_rules=False)
    w.emit(BoardTotals(board_id=stage["board_id"], stages=await totals_of(w, [stage["id"], target["id"]])))
    return len(ids)


async def step(company_id: UUID, stage_id: UUID) -> bool:
    """Moves the next leads of a stage that is leaving, deletes it behind the last ones. Whether there are more."""
    async with work(worker(company_id), Permission.BOARDS_WRITE) as w:
        stage = await w.fetchrow(
            "select * from stage where company_id = $1 and id = $2 and moving_to is not null for update", company_id, stage_id
        )
        if stage is None:
            return False
        await _failed(w, stage_id, failed=False)
        target = await w.fetchrow(
            "select * from stage where company_id = $1 and id = $2 for key share", company_id, stage["moving_to"]
        )
        assert target is not None  # who deletes it is refused meanwhile
        if await _move(w, stage, target, stage["moving_rank"], stage["moving_by"], BATCH) == BATCH:
            return True
        await w.execute("delete from stage where company_id = $1 and id = $2", company_id, stage_id)
        w.emit(BoardChanged(board_id=stage["board_id"]))
        return False
