"""Leads that come with a list of contacts: one for each row that is taken, in the transaction of its contact.

Stands beneath the imports, which call it: knows boards and leads, and nothing of files. A stage or an owner that is not found is left
out and said, never guessed.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple
from uuid import UUID

import asyncpg

from db.boards import rule_runs
from db.boards.enums import LeadEvent, StageKind
from db.boards.errors import BoardError
from db.boards.events import BoardChanged, BoardTotals
from db.boards.rank import spread
from db.boards.totals import totals_of
from db.errors import RequestError
from db.permissions import Permission
from db.work import Read, Work

MOST_TITLE = 120


class Arrival(NamedTuple):
    """A lead to be. `stage` and `owner`: as the list has them, the name of a stage and an e-mail of the team; empty: the first stage, nobody."""

    contact_id: UUID
    title: str
    value_cents: int | None
    stage: str
    owner: str
    due_on: date | None
    tags: list[str]


class Place(NamedTuple):
    """Stages of a board by folded names, people of the team by e-mail, and the stage of leads that name none."""

    board_id: UUID
    stage_id: UUID
    stages: Mapping[str, UUID]
    people: Mapping[str, UUID]


_STAGES = """
select s.id, fold(s.name) as name, s.moving_to, b.archived_at from board b join stage s on s.company_id = $1 and s.board_id = b.id
where b.company_id = $1 and b.id = $2 order by s.rank, s.id
"""
_PEOPLE = """
select lower(u.email) as email, u.id from membership m join account_user u on u.id = m.user_id where m.company_id = $1
"""
_INSERT = """
with made as (
    insert into lead(company_id, board_id, stage_id, rank, title, search, contact_id, value_cents, owner_id, due_on, tags, import_id,
        lost_reason)
    select $1, $2, r.stage, r.rank, r.title, lead_text(r.title, c.name), r.contact, r.value, r.owner, r.due,
        coalesce(string_to_array(nullif(r.tags, ''), chr(10)), '{}'), $3,
        case s.kind when $13 then s.name end
    from unnest($4::uuid[], $5::text[], $6::text[], $7::uuid[], $8::bigint[], $9::uuid[], $10::date[], $11::text[])
        r(stage, rank, title, contact, value, owner, due, tags)
    join contact c on c.company_id = $1 and c.id = r.contact join stage s on s.company_id = $1 and s.id = r.stage
    returning id, stage_id
)
insert into lead_change(company_id, lead_id, kind, to_stage_id, to_stage)
select $1, m.id, $12, s.id, s.name from made m join stage s on s.company_id = $1 and s.id = m.stage_id
returning id, lead_id, to_stage_id
"""
# What nobody touched since: a change or a move counts a version, a note itself.
_BACK = """
delete from lead where company_id = $1 and import_id = $2 and contact_id = any($3::uuid[]) and version = 1 and note_count = 0
returning board_id, stage_id
"""


async def check(w: Work, board_id: UUID, stage_id: UUID | None, *, run_rules: bool) -> None:
    """Whether leads may come to this board, and to this stage of it. Many leads that rules write to are a campaign. Raises Forbidden,
    NotFound, Conflict `board_archived`, `stage_leaving`."""
    assert w.actor is not None
    w.actor.require(Permission.LEADS_WRITE)
    rows = await w.fetch(_STAGES, w.company_id, board_id)
    if not rows:
        raise RequestError.NOT_FOUND(what="board")
    if rows[0]["archived_at"] is not None:
        raise BoardError.BOARD_ARCHIVED()
    if stage_id is not None:
        chosen = next((row for row in rows if row["id"] == stage_id), None)
        if chosen is None:
            raise RequestError.NOT_FOUND(what="stage")
        if chosen["moving_to"] is not None:
            raise BoardError.STAGE_LEAVING()
    if await rule_runs.sends(w, w.company_id, board_id, run_rules=run_rules):
        w.actor.require(Permission.CAMPAIGNS_SEND)


async def place(r: Read, company_id: UUID, board_id: UUID, stage_id: UUID | None) -> Place | None:
    """None once the board is gone or archived: then its leads are left out. Stages that are leaving take none: those for the chosen one go
    where its leads go."""
    rows = await r.fetch(_STAGES, company_id, board_id)
    if not rows or rows[0]["archived_at"] is not None:
        return None
    moving = {row["id"]: row["moving_to"] for row in rows}
    chosen = moving.get(stage_id) or stage_id if stage_id is not None else None
    rows = [row for row in rows if row["moving_to"] is None]
    ids = [row["id"] for row in rows]
    people = {row["email"]: row["id"] for row in await r.fetch(_PEOPLE, company_id)}
    stages = {row["name"]: row["id"] for row in reversed(rows)}
    return Place(board_id, chosen if chosen is not None and chosen in ids else ids[0], stages, people)


async def hold(w: Work, board_id: UUID) -> None:
    """Until the transaction ends no stage of the board is deleted or begins to leave. Before leads are locked."""
    await w.execute("select from stage where company_id = $1 and board_id = $2 order by id for key share", w.company_id, board_id)


async def folded(r: Read, names: Sequence[str]) -> dict[str, str]:
    """Names as `Place.stages` has them."""
    wanted = sorted({name for name in names if name})
    rows = await r.fetch("select n, fold(n) as folded from unnest($1::text[]) n", wanted) if wanted else []
    return {row["n"]: row["folded"] for row in rows}


def settled(w: Work, board_id: UUID | None) -> None:
    """Has open boards read themselves again behind the last batch; each batch changes only the totals that they show."""
    if board_id is not None:
        w.emit(BoardChanged(board_id=board_id))


async def make(w: Work, import_id: UUID, to: Place, arrivals: Sequence[Arrival], *, run_rules: bool) -> int:
    """The leads, below those that are there, in their order; in a lost stage they are lost for its name. How many. The stages are held by
    `hold`."""
    if not arrivals:
        return 0
    names = await folded(w, [one.stage for one in arrivals])
    by_stage: dict[UUID, list[Arrival]] = {}
    for one in arrivals:
        by_stage.setdefault(to.stages.get(names.get(one.stage, ""), to.stage_id), []).append(one)
    entries: dict[UUID, dict[UUID, UUID]] = {}
    made = 0
    for stage_id in sorted(by_stage):
        found = await _insert(w, import_id, to, stage_id, by_stage[stage_id])
        entries[stage_id] = {line["lead_id"]: line["id"] for line in found}
        made += len(found)
    for stage_id, lines in entries.items():
        await rule_runs.entered(w, stage_id, lines, run_rules=run_rules)
    w.emit(BoardTotals(board_id=to.board_id, stages=await totals_of(w, sorted(entries))))
    return made


async def _insert(w: Work, import_id: UUID, to: Place, stage_id: UUID, arrivals: list[Arrival]) -> list[asyncpg.Record]:
    last = await w.fetchval("select max(rank) from lead where company_id = $1 and stage_id = $2", w.company_id, stage_id)
    return await w.fetch(
        _INSERT,
        w.company_id,
        to.board_id,
        import_id,
        [stage_id] * len(arrivals),
        spread(last, None, len(arrivals)),
        [one.title[:MOST_TITLE] for one in arrivals],
        [one.contact_id for one in arrivals],
        [one.value_cents for one in arrivals],
        [to.people.get(one.owner.lower()) for one in arrivals],
        [one.due_on for one in arrivals],
        ["\n".join(one.tags) for one in arrivals],
        LeadEvent.CREATED.value,
        StageKind.LOST.value,
    )


async def take_back(w: Work, import_id: UUID, contact_ids: list[UUID]) -> int:
    """Deletes the leads of these contacts that came with the import and that nobody touched since. How many."""
    await w.execute(
        "select from lead where company_id = $1 and import_id = $2 and contact_id = any($3::uuid[]) order by id for update",
        w.company_id,
        import_id,
        contact_ids,
    )
    rows = await w.fetch(_BACK, w.company_id, import_id, contact_ids)
    for board_id in sorted({row["board_id"] for row in rows}):
        stages = sorted({row["stage_id"] for row in rows if row["board_id"] == board_id})
        w.emit(BoardTotals(board_id=board_id, stages=await totals_of(w, stages)))
    return len(rows)
