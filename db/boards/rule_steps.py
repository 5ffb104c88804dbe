"""Carries out what rules owe to a lead, one after another, each in one transaction with its outcome: who dies in between leaves it waiting,
and who comes twice finds it done. And tries it out: the same, taken back."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db.boards import leads, moves, rule_runs, rule_sends, totals
from db.boards.enums import LeadEvent, RuleOccasion, RunReason, RunState
from db.boards.rank import between
from db.boards.rule import RuleAction
from db.boards.rule_effects import Outcome, carry_out, lock, skipped
from db.errors import RequestError
from db.jobs import RunRules
from db.messages import answers
from db.permissions import Permission
from db.tenancy import Actor, worker
from db.work import Work, read, work

MOST_TRIED = 60
"""Steps that a try-out shows."""

_decode: msgspec.json.Decoder[RuleAction] = msgspec.json.Decoder(RuleAction)

_NEXT = f"""
select u.id, u.lead_id, u.rule_id, u.due_at, u.due_at <= now() + interval '1 second' as due, r.action::text as action, l.contact_id
from rule_run u join stage_rule r on r.company_id = $1 and r.id = u.rule_id left join lead l on l.company_id = $1 and l.id = u.lead_id
where u.company_id = $1 and u.lead_id = $2 and u.state = '{RunState.WAITING}' order by u.due_at, u.id limit 1
"""
_RUN = f"""
select u.id, u.rule_id, u.lead_id, u.entry_id, u.depth, u.visited, r.board_id, r.stage_id, r.occasion, r.enabled, r.made_by,
    r.action::text as action, b.archived_at is not null as archived, l.id is null as gone, l.stage_id as lead_stage_id, l.contact_id, l.owner_id, l.due_on, l.tags
from rule_run u join stage_rule r on r.company_id = $1 and r.id = u.rule_id join board b on b.company_id = $1 and b.id = r.board_id
left join lead l on l.company_id = $1 and l.id = u.lead_id
where u.company_id = $1 and u.id = $2 and u.state = '{RunState.WAITING}' for update of u
"""
_OVER = """
update rule_run set state = $3, reason = $4, message_id = $5, done_at = now() where company_id = $1 and id = $2
"""
_STAGES = "select from stage where company_id = $1 and board_id = $2 order by id for key share"
"""To which rules may move the lead: before it is locked."""
_FORGET = f"delete from rule_run where company_id = $1 and lead_id = $2 and state = '{RunState.WAITING}'"


def acting(company_id: UUID, rule_id: UUID) -> Actor:
    """A rule acts by itself: with the rights of the house, and under its own id."""
    return msgspec.structs.replace(worker(company_id), id=rule_id)


async def step(company_id: UUID, lead_id: UUID) -> bool:
    """Carries out what is due next. False when nothing is; for what is due later a job is written."""
    async with read(worker(company_id), Permission.BOARDS_READ) as r:
        following = await r.fetchrow(_NEXT, company_id, lead_id)
    if following is None:
        return False
    if not following["due"]:
        await _later(company_id, lead_id, following["due_at"])
        return False
    async with work(acting(company_id, following["rule_id"]), Permission.LEADS_WRITE) as w:
        await _run(w, following)
    return True


async def _later(company_id: UUID, lead_id: UUID, at: datetime | None) -> None:
    async with work(worker(company_id), Permission.LEADS_WRITE) as w:
        w.enqueue(RunRules(lead_id=lead_id), at=at)


async def _run(w: Work, following: asyncpg.Record) -> Outcome | None:
    """None: somebody else was here meanwhile, or the lead became one of another person, who is not held: the next step looks again."""
    await lock(w, _decode.decode(following["action"]), following)
    run = await w.fetchrow(_RUN, w.company_id, following["id"])
    if run is None or run["contact_id"] != following["contact_id"]:
        return None
    outcome = await _outcome(w, run)
    reason = outcome.reason.value if outcome.reason else None
    await w.execute(_OVER, w.company_id, run["id"], outcome.state.value, reason, outcome.message_id)
    return outcome


async def _outcome(w: Work, run: asyncpg.Record) -> Outcome:
    if run["gone"]:
        return skipped(RunReason.LEAD_GONE)
    if run["archived"]:
        return skipped(RunReason.BOARD_ARCHIVED)
    if not run["enabled"]:
        return skipped(RunReason.RULE_OFF)
    if run["occasion"] == RuleOccasion.STAY and run["lead_stage_id"] != run["stage_id"]:
        return skipped(RunReason.MOVED_ON)
    return await carry_out(w, run, _decode.decode(run["action"]))


async def give_up(company_id: UUID, lead_id: UUID) -> None:
    """What is due next failed again and again: it ends, and the others go on."""
    async with work(worker(company_id), Permission.LEADS_WRITE) as w:
        following = await w.fetchrow(_NEXT, company_id, lead_id)
        if following is not None and following["due"]:
            await w.execute(_OVER, company_id, following["id"], RunState.FAILED.value, RunReason.ERROR.value, None)
        w.enqueue(RunRules(lead_id=lead_id))


class Tried(NamedTuple):
    """What one rule would do. `stage_id`: whose rule it is; another one where a rule moved the lead on."""

    rule_id: UUID
    stage_id: UUID
    outcome: Outcome


class _TakenBack(Exception):
    pass


async def try_out(actor: Actor, stage_id: UUID, lead_id: UUID) -> list[Tried]:
    """What the rules of a stage would do if the lead came into it now, and those of the stages to which they move it. Nothing stays of
    it. Names the person and quotes what they would be told, hence for who may read contacts. Raises NotFound, Conflict `board_archived`,
    `other_board`."""
    actor.require(Permission.CONTACTS_READ)
    found: list[Tried] = []
    try:
        async with work(actor, Permission.BOARDS_WRITE) as w:
            await _enter(w, stage_id, lead_id)
            while len(found) < MOST_TRIED:
                following = await w.fetchrow(_NEXT, w.company_id, lead_id)
                if following is None:
                    break
                acts = Work(acting(w.company_id, following["rule_id"]), w.connection)
                outcome = await _run(acts, following)
                rule = await w.fetchrow("select stage_id from stage_rule where company_id = $1 and id = $2", w.company_id, following["rule_id"])  # fmt: skip
                if outcome is not None and rule is not None:
                    found.append(Tried(following["rule_id"], rule["stage_id"], outcome))
            raise _TakenBack
    except _TakenBack:
        return found


async def _enter(w: Work, stage_id: UUID, lead_id: UUID) -> None:
    """As if the lead came into the stage now, and nothing else waited for it."""
    contact_id = await w.fetchval("select contact_id from lead where company_id = $1 and id = $2", w.company_id, lead_id)
    if contact_id is not None:
        await rule_sends.hold_channels(w, stage_id)
        await answers.hold_still(w, contact_id)
    goal = await moves.target(w, stage_id)
    await w.execute(_STAGES, w.company_id, goal["board_id"])
    lead = await leads.lock(w, lead_id, None)
    if lead["board_id"] != goal["board_id"]:
        raise RequestError.NOT_FOUND(what="lead")
    await totals.hold(w, goal["board_id"])
    await w.execute(_FORGET, w.company_id, lead_id)
    if lead["stage_id"] != stage_id:
        first = await w.fetchval(leads.FIRST, w.company_id, stage_id, [lead_id])
        await moves.move_in(w, lead, goal, between(None, first), lost_reason=lead["lost_reason"] or "-", chain=None)
        await w.execute(_FORGET, w.company_id, lead_id)
    entry_id = await leads.note_change(w, lead_id, LeadEvent.CREATED, goal)
    await rule_runs.entered(w, stage_id, {lead_id: entry_id})
