"""Boards: which there are, made, renamed, archived and brought back; and the reasons for which their leads are lost."""

from uuid import UUID

import asyncpg

from db import versions
from db.boards.enums import StageKind
from db.boards.errors import BoardError
from db.boards.events import BoardChanged
from db.boards.rank import spread
from db.errors import RequestError
from db.permissions import Permission
from db.tenancy import Actor
from db.versions import Expected
from db.work import Read, Work, read, work

MOST = 50
MOST_REASONS = 100
_STAGES = (("Novo", "New", "blue", StageKind.OPEN, 10), ("Ganho", "Won", "green", StageKind.WON, 100),
           ("Perdido", "Lost", "red", StageKind.LOST, 0))  # fmt: skip

STAGE = """
select s.id, s.board_id, s.name, s.color, s.kind, s.rank, s.lead_limit, s.probability, s.version, s.moving_to, s.moving_of,
    s.moving_failed, coalesce(t.leads, 0) as leads, coalesce(t.value_cents, 0) as value_cents, coalesce(t.version, 0) as totals_version
from stage s left join stage_total t on t.company_id = s.company_id and t.stage_id = s.id
"""
_SELECT = f"""
select b.id, b.name, b.currency, b.version, b.archived_at, coalesce((select json_agg(row_to_json(x) order by x.rank, x.id)
    from ({STAGE} where s.company_id = b.company_id and s.board_id = b.id) x), '[]')::text as stages
from board b where b.company_id = $1
"""


async def boards(actor: Actor, *, archived: bool) -> list[asyncpg.Record]:
    """Rows `id, name, currency, version, archived_at, stages`, oldest first; `stages` is JSON, in order."""
    async with read(actor, Permission.BOARDS_READ) as r:
        return await r.fetch(f"{_SELECT} and (b.archived_at is not null) = $2 order by b.id", actor.company_id, archived)


async def board(actor: Actor, board_id: UUID) -> asyncpg.Record:
    """One row of `boards`, archived ones too. Raises NotFound."""
    async with read(actor, Permission.BOARDS_READ) as r:
        return await _one(r, actor.company_id, board_id)


async def _one(r: Read, company_id: UUID, board_id: UUID) -> asyncpg.Record:
    row = await r.fetchrow(f"{_SELECT} and b.id = $2", company_id, board_id)
    if row is None:
        raise RequestError.NOT_FOUND(what="board")
    return row


async def must_exist(r: Read, company_id: UUID, board_id: UUID) -> None:
    """Raises NotFound unless the company has this board."""
    if not await r.fetchval("select true from board where company_id = $1 and id = $2", company_id, board_id):
        raise RequestError.NOT_FOUND(what="board")


async def lock(w: Work, board_id: UUID, expected: Expected = None) -> asyncpg.Record:
    """The board's row, so that its stages stand still. Raises NotFound, PreconditionFailed."""
    row = await w.fetchrow(
        "select id, version, archived_at from board where company_id = $1 and id = $2 for update", w.company_id, board_id
    )
    if row is None:
        raise RequestError.NOT_FOUND(what="board")
    versions.check(row["version"], expected)
    return row


async def _room(w: Work) -> None:
    await w.execute("select from company where id = $1 for no key update", w.company_id)
    if await w.fetchval("select count(*) from board where company_id = $1 and archived_at is null", w.company_id) >= MOST:
        raise BoardError.TOO_MANY_BOARDS(most=MOST)


async def create_board(actor: Actor, *, name: str, currency: str) -> asyncpg.Record:
    """Row as in `boards`, with a stage of each kind. Raises Conflict `too_many_boards`."""
    async with work(actor, Permission.BOARDS_WRITE) as w:
        await _room(w)
        board_id: UUID = await w.fetchval(
            "insert into board(company_id, name, currency) values ($1, $2, $3) returning id", w.company_id, name, currency
        )
        portuguese = await w.fetchval("select language = 'pt-BR' from company where id = $1", w.company_id)
        for (own, english, color, kind, probability), rank in zip(_STAGES, spread(None, None, len(_STAGES)), strict=True):
            await insert_stage(w, board_id, own if portuguese else english, color, kind, rank, None, probability)
        w.audit("board.created", board_id)
        w.emit(BoardChanged(board_id=board_id))
        return await _one(w, w.company_id, board_id)


async def insert_stage(
    w: Work, board_id: UUID, name: str, color: str, kind: StageKind, rank: str, limit: int | None, probability: int
) -> UUID:
    """A stage and its totals, which its leads count in from the first."""
    stage_id: UUID = await w.fetchval(
        "insert into stage(company_id, board_id, name, color, kind, rank, lead_limit, probability)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8) returning id",
        w.company_id,
        board_id,
        name,
        color,
        kind.value,
        rank,
        limit,
        probability,
    )
    await w.execute("insert into stage_total(company_id, stage_id) values ($1, $2)", w.company_id, stage_id)
    return stage_id


async def change_board(
    actor: Actor, board_id: UUID, *, expected: Expected = None, name: str | None, archived: bool | None
) -> asyncpg.Record:
    """Row as in `boards`. None leaves a value as it is. Raises NotFound, PreconditionFailed, Conflict `too_many_boards`."""
    async with work(actor, Permission.BOARDS_WRITE) as w:
        before = await lock(w, board_id, expected)
        if archived is False and before["archived_at"] is not None:
            await _room(w)
        await w.execute(
            "update board set name = coalesce($3, name), version = version + 1,"
            " archived_at = case when $4::bool is null then archived_at when $4 then coalesce(archived_at, now()) end"
            " where company_id = $1 and id = $2",
            w.company_id,
            board_id,
            name,
            archived,
        )
        w.audit("board.archived" if archived else "board.changed", board_id)
        w.emit(BoardChanged(board_id=board_id))
        return await _one(w, w.company_id, board_id)


async def archive_board(actor: Actor, board_id: UUID, *, expected: Expected = None) -> None:
    """Its leads stay, and are listed with it. Raises NotFound, PreconditionFailed."""
    async with work(actor, Permission.BOARDS_WRITE) as w:
        await lock(w, board_id, expected)
        await w.execute(
            "update board set archived_at = coalesce(archived_at, now()), version = version + 1 where company_id = $1 and id = $2",
            w.company_id,
            board_id,
        )
        w.audit("board.archived", board_id)
        w.emit(BoardChanged(board_id=board_id))


async def lost_reasons(actor: Actor, board_id: UUID) -> list[asyncpg.Record]:
    """Rows `id, name`, oldest first. Raises NotFound."""
    async with read(actor, Permission.BOARDS_READ) as r:
        await must_exist(r, actor.company_id, board_id)
        return await r.fetch(
            "select id, name from lost_reason where company_id = $1 and board_id = $2 order by id", actor.company_id, board_id
        )


async def add_lost_reason(actor: Actor, board_id: UUID, name: str) -> asyncpg.Record:
    """Row as in `lost_reasons`. Raises NotFound, Conflict `lost_reason_exists`, `too_many_lost_reasons`."""
    async with work(actor, Permission.BOARDS_WRITE) as w:
        await lock(w, board_id)
        count = await w.fetchval(
            "select count(*) from lost_reason where company_id = $1 and board_id = $2", w.company_id, board_id
        )
        if count >= MOST_REASONS:
            raise BoardError.TOO_MANY_LOST_REASONS(most=MOST_REASONS)
        row = await w.fetchrow(
            "insert into lost_reason(company_id, board_id, name) values ($1, $2, $3)"
            " on conflict (company_id, board_id, fold(name)) do nothing returning id, name",
            w.company_id,
            board_id,
            name,
        )
        if row is None:
            raise BoardError.LOST_REASON_EXISTS()
        w.audit("board.lost_reason_added", board_id)
        w.emit(BoardChanged(board_id=board_id))
        return row


async def delete_lost_reason(actor: Actor, board_id: UUID, reason_id: UUID) -> None:
    """Leads that were lost for it keep its name. Raises NotFound."""
    async with work(actor, Permission.BOARDS_WRITE) as w:
        if not await w.execute(
            "delete from lost_reason where company_id = $1 and board_id = $2 and id = $3", w.company_id, board_id, reason_id
        ):
            raise RequestError.NOT_FOUND(what="lost reason")
        w.audit("board.lost_reason_deleted", board_id)
        w.emit(BoardChanged(board_id=board_id))
