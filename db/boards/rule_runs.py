"""What the rules of stages owe to leads: written in the transaction that moves a lead, and kept as the history of each rule.

Stands beneath the leads, which call it: carries nothing out (`rule_steps.py`).
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

import asyncpg

from db.boards.enums import RuleOccasion, RunState
from db.boards.rule import SENDS
from db.errors import RequestError
from db.jobs import RunRules
from db.permissions import Permission
from db.tenancy import Actor
from db.work import SystemWork, Work, read

PATIENCE = 10
"""Seconds before a rule writes to somebody: who undoes the move meanwhile takes the message back. What comes after it in the stage
waits too, so that rules run in their order."""


class Chain(NamedTuple):
    """How a lead came into a stage: `depth` moves by rules ago a person moved it; the stages in which it has been since."""

    depth: int = 0
    visited: tuple[UUID, ...] = ()


_ENTERED = f"""
insert into rule_run(company_id, rule_id, lead_id, entry_id, depth, visited, due_at)
select $1, r.id, e.lead, e.entry, $5, $6, case r.occasion when '{RuleOccasion.STAY}' then now() + make_interval(days => r.days)
    else now() + make_interval(secs => case when bool_or(r.action->>'kind' = any($7)) over (partition by e.lead, r.occasion order by r.id)
        then {PATIENCE} else 0 end) end
from stage_rule r cross join unnest($3::uuid[], $4::uuid[]) e(lead, entry)
where r.company_id = $1 and r.stage_id = $2 and r.enabled
returning lead_id, due_at
"""
# Nothing happened, so nothing is to be told.
_LEFT = f"""
delete from rule_run u using stage_rule r where u.company_id = $1 and u.lead_id = any($2::uuid[]) and u.state = '{RunState.WAITING}'
    and r.company_id = $1 and r.id = u.rule_id and r.occasion = '{RuleOccasion.STAY}'
"""
_RUNS = """
select u.id, u.lead_id, l.title as lead_title, u.state, u.reason, u.created_at, u.due_at, u.done_at
from rule_run u left join lead l on l.company_id = $1 and l.id = u.lead_id
where u.company_id = $1 and u.rule_id = $2 and ($3::uuid is null or u.id < $3) order by u.id desc limit $4
"""


async def entered(w: Work, stage_id: UUID, entries: Mapping[UUID, UUID], chain: Chain | None = None) -> None:
    """These leads came into the stage, each by a line of its history: the rules that are on now will run."""
    depth, visited = chain or Chain()
    rows = await w.fetch(
        _ENTERED,
        w.company_id,
        stage_id,
        list(entries),
        list(entries.values()),
        depth,
        [*visited, stage_id],
        list(SENDS),
    )
    for row in rows:
        w.enqueue(RunRules(lead_id=row["lead_id"]), at=row["due_at"])


async def left(w: Work, lead_ids: Sequence[UUID]) -> None:
    """These leads left their stages: what waits for a stay in them ends."""
    await w.execute(_LEFT, w.company_id, list(lead_ids))


async def runs(actor: Actor, rule_id: UUID, *, after: UUID | None, limit: int) -> list[asyncpg.Record]:
    """What became of a rule, newest first; `lead_title` is null once the lead is gone. Raises NotFound."""
    async with read(actor, Permission.BOARDS_READ) as r:
        if not await r.fetchval("select true from stage_rule where company_id = $1 and id = $2", actor.company_id, rule_id):
            raise RequestError.NOT_FOUND(what="rule")
        return await r.fetch(_RUNS, actor.company_id, rule_id, after, limit)


async def forget_old(s: SystemWork) -> None:
    """Deletes what was done or skipped three months ago."""
    await s.execute("delete from rule_run where state <> 'waiting' and done_at < now() - interval '90 days'")
