"""Where leads stand: moved by hand between two others, and many at once.

Everybody who moves takes locks in one order: the stage to which, leads by id, totals by id (in the trigger). Ranks of neighbours are
read without a lock: two who drop at the same place get two ranks there, and everybody sees them in the same order.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db.boards import rule_runs
from db.boards.enums import LeadEvent, StageKind
from db.boards.errors import BoardError
from db.boards.events import BoardChanged, BoardTotals, LeadChanged
from db.boards.leads import FIRST, UNSIGNED, Signed, doer, lock, one, rule_of, tell
from db.boards.rank import between, spread
from db.boards.totals import totals_of
from db.errors import RequestError
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Work, work

# The place behind or in front of a neighbour in the stage, without the lead that moves. Of several with the neighbour's own rank the
# lead comes behind the last, or in front of the first: between equal ones there is no place.
_BEHIND = """
select o.rank as after, (select n.rank from lead n where n.company_id = $1 and n.stage_id = $2 and n.rank > o.rank and n.id <> $4
    order by n.rank, n.id limit 1) as before
from lead o where o.company_id = $1 and o.stage_id = $2 and o.id = $3
"""
_IN_FRONT = """
select (select n.rank from lead n where n.company_id = $1 and n.stage_id = $2 and n.rank < o.rank and n.id <> $4
    order by n.rank desc, n.id desc limit 1) as after, o.rank as before
from lead o where o.company_id = $1 and o.stage_id = $2 and o.id = $3
"""
LONGEST = 120
"""Digits of a rank, some 400 leads in a row in one and the same gap. Beyond that the neighbours get short ranks again, in their order."""
NEAR = 1000
"""Leads on each side of the place that then get new ranks: more than make one gap long, few enough for a fraction of a second."""
_BEFORE = "select id, rank from lead where company_id = $1 and stage_id = $2 and rank < $3 order by rank desc, id desc limit $4"
_AFTER = "select id, rank from lead where company_id = $1 and stage_id = $2 and rank >= $3 order by rank, id limit $4"
_LOOSEN = """
update lead l set rank = m.rank from unnest($2::uuid[], $3::text[]) m(id, rank) where l.company_id = $1 and l.id = m.id
"""
_MOVE = """
update lead l set stage_id = m.stage, rank = m.rank, lost_reason = m.reason, version = version + 1,
    stage_since = coalesce(m.since, case when l.stage_id = m.stage then l.stage_since else now() end)
from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::timestamptz[]) m(id, stage, rank, reason, since)
where l.company_id = $1 and l.id = m.id
"""
_NOTE = """
insert into lead_change(company_id, lead_id, by_id, kind, from_stage_id, from_stage, to_stage_id, to_stage, what)
select $1, c.lead, $2::uuid, $3::text, s.id, s.name, t.id, t.name,
    jsonb_strip_nulls(jsonb_build_object('lost_reason', c.reason, 'rule_id', $8::uuid)) || $9::jsonb
from unnest($4::uuid[], $5::uuid[], $6::uuid[], $7::text[]) c(lead, stage, target, reason)
join stage s on s.company_id = $1 and s.id = c.stage join stage t on t.company_id = $1 and t.id = c.target
returning id, lead_id
"""
_REMEMBER = """
insert into lead_bulk_move(company_id, stage_id, lead_ids, ranks, from_stage_ids, from_ranks, from_reasons, from_since)
values ($1, $2, $3, $4, $5, $6, $7, $8) returning id
"""


async def target(w: Work, stage_id: UUID) -> asyncpg.Record:
    """The stage to which, kept from being deleted."""
    row = await w.fetchrow(
        "select s.id, s.board_id, s.name, s.kind, s.moving_to, b.archived_at from stage s join board b on b.company_id = $1 and b.id = s.board_id"
        " where s.company_id = $1 and s.id = $2 for key share of s",
        w.company_id,
        stage_id,
    )
    if row is None:
        raise RequestError.NOT_FOUND(what="stage")
    if row["archived_at"] is not None:
        raise BoardError.BOARD_ARCHIVED()
    if row["moving_to"] is not None:
        raise BoardError.STAGE_LEAVING()
    return row


async def _place(w: Work, lead_id: UUID, stage_id: UUID, after_id: UUID | None, before_id: UUID | None) -> str:
    """A rank behind `after_id`; where that one is no longer in the stage, in front of `before_id`; else in front of everybody."""
    for neighbour, place in ((after_id, _BEHIND), (before_id, _IN_FRONT)):
        if neighbour not in (None, lead_id) and (found := await w.fetchrow(place, w.company_id, stage_id, neighbour, lead_id)):
            return between(found["after"], found["before"])
    return between(None, await w.fetchval(FIRST, w.company_id, stage_id, [lead_id]))


async def _around(w: Work, stage_id: UUID, rank: str, lock: str = "") -> tuple[list[asyncpg.Record], list[asyncpg.Record]]:
    """Those in front of a place in the stage and those behind it, the nearest first."""
    front, behind = [await w.fetch(f"{side} {lock}", w.company_id, stage_id, rank, NEAR) for side in (_BEFORE, _AFTER)]
    return front, behind


async def _loosen(w: Work, target: asyncpg.Record, lead_id: UUID, rank: str) -> None:
    """New ranks for those around a place in the stage, between the outermost of them. Before the lead that moves is locked, which
    stands in the order of the locks too."""
    stage_id: UUID = target["id"]
    front, behind = await _around(w, stage_id, rank)
    await w.execute(
        "select from lead where company_id = $1 and id = any($2::uuid[]) order by id for update",
        w.company_id,
        [lead_id, *(row["id"] for row in front + behind)],
    )
    # Who came meanwhile is taken along, but never waited for: that would be out of the order of the locks.
    front, behind = await _around(w, stage_id, rank, "for update skip locked")
    after = front.pop()["rank"] if len(front) == NEAR else None
    before = behind.pop()["rank"] if len(behind) == NEAR else None
    ids = [row["id"] for row in front[::-1] + behind]
    await w.execute(_LOOSEN, w.company_id, ids, spread(after, before, len(ids)))
    w.emit(BoardChanged(board_id=target["board_id"]))


def _reason(target: asyncpg.Record, lead: asyncpg.Record, given: str | None) -> str | None:
    """Why it is lost, where it goes. One that stays in its stage may have none: the stage became a lost one around it. Raises
    Invalid `lost_reason_missing`."""
    if target["kind"] != StageKind.LOST:
        return None
    reason: str | None = given or lead["lost_reason"]
    if not reason and lead["stage_id"] != target["id"]:
        raise BoardError.LOST_REASON_MISSING()
    return reason


class Moved(NamedTuple):
    lead: asyncpg.Record  # as it was
    stage_id: UUID  # to which
    rank: str
    reason: str | None
    since: datetime | None = None  # in the stage; None: from now on


async def write(
    w: Work, moved: list[Moved], kind: LeadEvent, *, chain: rule_runs.Chain | None = None, signed: Signed = UNSIGNED
) -> None:
    """One statement for all of them, and a line of history for each that changed its stage. `chain`: the rules of entering run too, not
    only those for a stay."""
    assert w.actor is not None
    await w.execute(
        _MOVE,
        w.company_id,
        [one.lead["id"] for one in moved],
        [one.stage_id for one in moved],
        [one.rank for one in moved],
        [one.reason for one in moved],
        [one.since for one in moved],
    )
    left = [one for one in moved if one.lead["stage_id"] != one.stage_id]
    if left:
        entries = await w.fetch(
            _NOTE,
            w.company_id,
            doer(w.actor),
            kind.value,
            [one.lead["id"] for one in left],
            [one.lead["stage_id"] for one in left],
            [one.stage_id for one in left],
            [one.reason for one in left],
            rule_of(w.actor),
            msgspec.json.encode(signed).decode(),
        )
        await rule_runs.left(w, [one.lead["id"] for one in left], chain)
        lines = {row["lead_id"]: row["id"] for row in entries}
        for stage_id in sorted({one.stage_id for one in left}):
            there = {one.lead["id"]: lines[one.lead["id"]] for one in left if one.stage_id == stage_id}
            await rule_runs.entered(w, stage_id, there, chain, run_rules=chain is not None)


async def move_lead(
    actor: Actor,
    lead_id: UUID,
    *,
    stage_id: UUID,
    after_id: UUID | None = None,
    before_id: UUID | None = None,
    version: int | None = None,
    lost_reason: str | None = None,
    run_rules: bool = True,
) -> asyncpg.Record:
    """As `leads.lead`. Behind `after_id`, else in front of `before_id`, else the first of the stage: a neighbour that went away
    meanwhile is no error. Raises NotFound, PreconditionFailed, Conflict `other_board`, `board_archived`, Invalid `lost_reason_missing`."""
    async with work(actor, Permission.LEADS_WRITE) as w:
        goal = await target(w, stage_id)
        rank = await _place(w, lead_id, stage_id, after_id, before_id)
        if len(rank) > LONGEST:
            await _loosen(w, goal, lead_id, rank)
            rank = await _place(w, lead_id, stage_id, after_id, before_id)
        lead = await lock(w, lead_id, None if version is None else frozenset({version}))
        await move_in(w, lead, goal, rank, lost_reason=lost_reason, chain=rule_runs.Chain() if run_rules else None)
        return await one(w, w.company_id, lead_id)


async def move_in(
    w: Work,
    lead: asyncpg.Record,
    goal: asyncpg.Record,
    rank: str,
    *,
    lost_reason: str | None,
    chain: rule_runs.Chain | None,
    signed: Signed = UNSIGNED,
) -> None:
    """Moves a lead that is locked to a `target`. Raises as `move_lead`."""
    if lead["board_id"] != goal["board_id"]:
        raise BoardError.OTHER_BOARD()
    moved = [Moved(lead, goal["id"], rank, _reason(goal, lead, lost_reason))]
    await write(w, moved, LeadEvent.MOVED, chain=chain, signed=signed)
    same = lead["stage_id"] == goal["id"]
    if not same:
        w.audit("lead.moved", lead["id"], stage=str(goal["id"]))
    stages = [goal["id"]] if same else [lead["stage_id"], goal["id"]]
    await tell(w, lead["id"], goal["board_id"], stages, version=lead["version"] + 1, totals=not same)


class BulkMove(NamedTuple):
    moved: int
    id: UUID | None  # by which it is undone (`undo.py`); None: nothing was moved


async def move_leads(
    actor: Actor, lead_ids: list[UUID], *, stage_id: UUID, lost_reason: str | None = None, run_rules: bool = False
) -> BulkMove:
    """To the top of a stage, in the order given; those that are gone are left out. Its rules run only when they are asked for: many
    leads at once are mostly put in order. Raises as `move_lead`; Forbidden where rules that run would write to people for somebody who
    may not."""
    async with work(actor, Permission.LEADS_WRITE) as w:
        goal = await target(w, stage_id)
        if run_rules and await rule_runs.sends(w, w.company_id, goal["board_id"], stage_id, run_rules=True):
            actor.require(Permission.MESSAGES_SEND)
        rows = await w.fetch(
            "select * from lead where company_id = $1 and id = any($2::uuid[]) order by id for update", w.company_id, lead_ids
        )
        if any(row["board_id"] != goal["board_id"] for row in rows):
            raise BoardError.OTHER_BOARD()
        if not rows:
            return BulkMove(0, None)
        by_id = {row["id"]: row for row in rows}
        ordered = [by_id[one] for one in dict.fromkeys(lead_ids) if one in by_id]
        first = await w.fetchval(FIRST, w.company_id, stage_id, list(by_id))
        ranks = spread(None, first, len(ordered))
        moved = [Moved(row, stage_id, rank, _reason(goal, row, lost_reason)) for row, rank in zip(ordered, ranks, strict=True)]
        await write(w, moved, LeadEvent.MOVED, chain=rule_runs.Chain() if run_rules else None)
        bulk_id = await w.fetchval(
            _REMEMBER,
            w.company_id,
            stage_id,
            [row["id"] for row in ordered],
            ranks,
            [row["stage_id"] for row in ordered],
            [row["rank"] for row in ordered],
            [row["lost_reason"] for row in ordered],
            [row["stage_since"] for row in ordered],
        )
        for row in ordered:
            w.audit("lead.moved", row["id"], stage=str(stage_id))
        await tell_moved(w, moved)
        return BulkMove(len(ordered), bulk_id)


async def tell_moved(w: Work, moved: list[Moved]) -> None:
    """Emits what became of leads of one board, and the totals of all stages that they left or came to."""
    board_id: UUID = moved[0].lead["board_id"]
    for each in moved:
        left = each.lead["stage_id"]
        w.emit(
            LeadChanged(
                board_id=board_id,
                lead_id=each.lead["id"],
                stage_id=each.stage_id,
                from_stage_id=left if left != each.stage_id else None,
                deleted=False,
                version=each.lead["version"] + 1,
            )
        )
    changed = sorted({stage for each in moved for stage in (each.stage_id, each.lead["stage_id"])})
    w.emit(BoardTotals(board_id=board_id, stages=await totals_of(w, changed)))
