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
from db.work import Read, SystemWork, Work, read

PATIENCE = 10
"""Seconds before a rule writes to somebody: who undoes the move meanwhile takes the message back. What comes after it in the stage
waits too, so that rules run in their order."""


class Chain(NamedTuple):
    """How a lead came into a stage: `depth` moves by rules ago a person moved it; the stages in which it has been since; the run that
    moves it now."""

    depth: int = 0
    visited: tuple[UUID, ...] = ()
    run_id: UUID | None = None


_ENTERED = f"""
insert into rule_run(company_id, rule_id, lead_id, entry_id, depth, visited, due_at)
select $1, r.id, e.lead, e.entry, $5, $6, case r.occasion when '{RuleOccasion.STAY}' then l.stage_since + make_interval(days => r.days)
    else now() + make_interval(secs => case when bool_or(r.action->>'kind' = any($7)) over (partition by e.lead, r.occasion order by r.id)
        then {PATIENCE} else 0 end) end
from stage_rule r cross join unnest($3::uuid[], $4::uuid[]) e(lead, entry) join lead l on l.company_id = $1 and l.id = e.lead
where r.company_id = $1 and r.stage_id = $2 and r.enabled and ($8 or r.occasion = '{RuleOccasion.STAY}'
    and not exists (select from rule_run p where p.company_id = $1 and p.rule_id = r.id and p.lead_id = l.id
        and p.state <> '{RunState.WAITING}' and p.done_at >= l.stage_since))
returning lead_id, due_at
"""
# Nothing happened, so nothing is to be told.
_LEFT = f"""
delete from rule_run where company_id = $1 and id in (select u.id from rule_run u join stage_rule r on r.company_id = $1 and r.id = u.rule_id
    where u.company_id = $1 and u.lead_id = any($2::uuid[]) and u.state = '{RunState.WAITING}' and r.occasion = '{RuleOccasion.STAY}'
    and u.id is distinct from $3 order by u.id for update of u)
"""
_WAITING = (
    f"select id from rule_run where company_id = $1 and rule_id = $2 and state = '{RunState.WAITING}' order by id for update"
)
_RETIME = """
update rule_run u set due_at = l.stage_since + make_interval(days => $3) from lead l
where u.company_id = $1 and u.id = any($2::uuid[]) and l.company_id = $1 and l.id = u.lead_id returning u.lead_id, u.due_at
"""
_WRITES = f"""
with begun as (select action->>'kind' as kind from stage_rule where company_id = $1 and board_id = $2 and enabled
    and ($3::uuid is null or stage_id = $3) and ($5 or occasion = '{RuleOccasion.STAY}'))
select exists (select from begun where kind = any($4)) or exists (select from begun where kind = 'move') and exists (select from stage_rule
    where company_id = $1 and board_id = $2 and enabled and action->>'kind' = any($4))
"""
_RUNS = """
select u.id, u.lead_id, l.title as lead_title, u.state, u.reason, u.created_at, u.due_at, u.done_at
from rule_run u left join lead l on l.company_id = $1 and l.id = u.lead_id
where u.company_id = $1 and u.rule_id = $2 and ($3::uuid is null or u.id < $3) order by u.id desc limit $4
"""


async def entered(
    w: Work, stage_id: UUID, entries: Mapping[UUID, UUID], chain: Chain | None = None, *, run_rules: bool = True
) -> None:
    """These leads came into the stage, each by a line of its history: the rules that are on now will run. Without `run_rules` only those
    for a stay, counted from the lead's `stage_since`; what one of them did in this stay before, it does not again."""
    depth, visited, _ = chain or Chain()
    rows = await w.fetch(
        _ENTERED,
        w.company_id,
        stage_id,
        list(entries),
        list(entries.values()),
        depth,
        [*visited, stage_id],
        list(SENDS),
        run_rules,
    )
    for row in rows:
        w.enqueue(RunRules(lead_id=row["lead_id"]), at=row["due_at"])


async def left(w: Work, lead_ids: Sequence[UUID], chain: Chain | None = None) -> None:
    """These leads left their stages: what waits for a stay in them ends, except the run that moves them."""
    await w.execute(_LEFT, w.company_id, list(lead_ids), chain.run_id if chain else None)


async def retime(w: Work, rule_id: UUID, days: int) -> None:
    """What waits for a stay is due after so many days of it."""
    waiting = [row["id"] for row in await w.fetch(_WAITING, w.company_id, rule_id)]
    for row in await w.fetch(_RETIME, w.company_id, waiting, days):
        w.enqueue(RunRules(lead_id=row["lead_id"]), at=row["due_at"])


async def end(w: Work, rule_id: UUID) -> None:
    """The rule is one of another stage or occasion: what waits for it ends."""
    waiting = [row["id"] for row in await w.fetch(_WAITING, w.company_id, rule_id)]
    await w.execute("delete from rule_run where company_id = $1 and id = any($2::uuid[])", w.company_id, waiting)


async def sends(r: Read, company_id: UUID, board_id: UUID, stage_id: UUID | None = None, *, run_rules: bool) -> bool:
    """Whether rules write to people when leads come into a stage, or any one, of the board: at once, after a stay, or where a rule
    moves them on."""
    return bool(await r.fetchval(_WRITES, company_id, board_id, stage_id, list(SENDS), run_rules))


async def runs(actor: Actor, rule_id: UUID, *, after: UUID | None, limit: int) -> list[asyncpg.Record]:
    """What became of a rule, newest first; `lead_title` is null once the lead is gone. Raises NotFound."""
    async with read(actor, Permission.BOARDS_READ) as r:
        if not await r.fetchval("select true from stage_rule where company_id = $1 and id = $2", actor.company_id, rule_id):
            raise RequestError.NOT_FOUND(what="rule")
        return await r.fetch(_RUNS, actor.company_id, rule_id, after, limit)


async def forget_old(s: SystemWork) -> None:
    """Deletes what was done or skipped three months ago."""
    await s.execute("delete from rule_run where state <> 'waiting' and done_at < now() - interval '90 days'")
