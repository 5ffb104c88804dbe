"""Keeps what a look at a conversation proposes: checked, then blocked, suggested or done, all in the transaction that ends the look.

A worker that dies before leaves nothing of it; one that comes twice finds the look over. What the customer wrote meanwhile makes it void: the
next look sees it too.
"""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db import storable
from db.boards.leads import Signed
from db.boards.suggestions import STALE
from db.cadences import enrolling
from db.clock import now
from db.errors import AppError
from db.messages import answers, queueing
from db.permissions import Permission
from db.proposals import args as arguments
from db.proposals import checks, context, effects, settings, watch
from db.proposals.args import CreateLead, MoveLead, ToolArgs
from db.proposals.checks import Evidence, Facts, Quoted
from db.proposals.context import Context
from db.proposals.effects import Done, Target
from db.proposals.enums import WRITES, JudgingState, LeadTool, ProposalState
from db.proposals.enums import ProposalWhy as Why
from db.proposals.events import LeadProposalChanged
from db.tenancy import worker
from db.work import Work, work

MOST = 10
"""Proposals of one look."""
UNDO_HOURS = 24
TRIES = 3
MOST_WAITED = "set local lock_timeout = '300ms'"
"""Who stores messages waits for the watch meanwhile."""
BUSY = timedelta(minutes=1)
"""After a lead, a stage or a person that others kept all the while."""
_FIRST = (LeadTool.CREATE_LEAD, LeadTool.MOVE_LEAD)


class Proposed(NamedTuple):
    """As the run read it from the model. `args`: of args.py by name, ids in place of handles; `wrong`: what made no sense of it already,
    as a handle that it was not shown; `dictated`: something that the model read gives orders to a machine, so that a person decides."""

    tool: LeadTool
    args: dict[str, Any]
    evidence: Sequence[Evidence]
    reason: str
    confidence: float
    wrong: Why | None = None
    dictated: bool = False


class Outcome(NamedTuple):
    """`id` None: not kept, because the same waits or was kept already."""

    tool: LeadTool
    state: ProposalState
    why: Why | None
    id: UUID | None


class _Checked(NamedTuple):
    proposed: Proposed
    args: ToolArgs | None
    evidence: list[Quoted]
    state: ProposalState
    why: Why | None


_SINCE = f"""
select max(decided_at) from lead_proposal where company_id = $1 and conversation_id = $2 and board_id = $3 and tool = $4 and target = $5
    and to_stage_id is not distinct from $6 and state in ('{ProposalState.REFUSED.value}', '{ProposalState.UNDONE.value}')
"""
_WAITS = f"""
select exists (select from lead_proposal p join conversation v on v.company_id = $1 and v.id = p.conversation_id
    left join lead l on l.company_id = $1 and l.id = p.lead_id
    where p.company_id = $1 and p.conversation_id = $2 and p.board_id = $3 and p.tool = $4 and p.target = $5
    and p.lead_id is not distinct from $6 and p.args = $7::jsonb and p.state = '{ProposalState.PROPOSED.value}' and not {STALE})
"""
_OLDER = f"""
update lead_proposal set state = '{ProposalState.EXPIRED.value}', decided_at = now()
where company_id = $1 and conversation_id = $2 and board_id = $3 and tool = $4 and target = $5 and state = '{ProposalState.PROPOSED.value}'
    and through_id <> $6
returning id, lead_id
"""
_INSERT = """
insert into lead_proposal(company_id, board_id, conversation_id, judging_id, through_id, lead_id, tool, target, args, reason, confidence,
    evidence, from_stage_id, from_stage, to_stage_id, to_stage, persona_version_id, persona_name, lead_version, state, why, before)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9::jsonb, $10, $11, $12::jsonb, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22::jsonb)
on conflict do nothing returning id
"""
_APPLIED = f"""
update lead_proposal set state = '{ProposalState.APPLIED.value}', automatic = true, lead_id = $3, before = $4::jsonb, after = $5::jsonb,
    stood_since = $6, applied_at = now(),
    undo_until = case when $7 then now() + make_interval(hours => {UNDO_HOURS}) end
where company_id = $1 and id = $2
"""
_BLOCKED = f"update lead_proposal set state = '{ProposalState.BLOCKED.value}', why = $3 where company_id = $1 and id = $2"


async def propose(seen: Context, proposed: Sequence[Proposed], steps: object = None) -> list[Outcome] | None:
    """What becomes of each, in the order given; none is fine too: then nothing was to be done. `seen`: what the run was shown; `steps`:
    what it asked and was answered. None: the run lost its watch, the customer wrote meanwhile, or others hold the lead; nothing is kept."""
    for _ in range(TRIES):
        with suppress(asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError):
            return await _propose(seen, proposed, steps)
    await watch.later(seen.judging, now() + BUSY, steps)
    return None


async def _propose(seen: Context, proposed: Sequence[Proposed], steps: object) -> list[Outcome] | None:
    judging = seen.judging
    async with work(worker(judging.company_id), Permission.LEADS_WRITE) as w:
        for one in proposed:
            if one.tool is LeadTool.ADD_TO_CADENCE and one.wrong is None:
                await enrolling.hold(w, one.args["cadence_id"])
        writes = any(one.tool in WRITES and one.wrong is None for one in proposed)
        if writes:  # as who answers by hand: no person takes the conversation over between the look at it and the message
            await w.execute(MOST_WAITED)
            await queueing.hold_open(w, seen.channel_id)
            await answers.hold_still(w, seen.contact_id)
        # Else first of all, as who stores messages has it before they meet people and leads again.
        state = await watch.held(w, judging, writes=writes)
        if state is JudgingState.LOST:
            await watch.ended(w, judging, state, steps)
            return None
        await w.execute(MOST_WAITED)
        target = _target(seen)
        read = [_read(seen, one) for one in proposed]
        stages = {one.stage_id for one in read if isinstance(one, MoveLead | CreateLead) and one.stage_id is not None}
        await effects.hold(w, target, sorted(stages))
        fresh = await context.load(w, judging)
        if fresh is None or not fresh.settings.watching:
            await watch.ended(w, judging, JudgingState.FAILED, steps)
            return None
        if state is JudgingState.OVERTAKEN:
            await watch.ended(w, judging, state, steps)
            return None
        if _target(fresh) != target:  # the lead was made, closed or went to somebody else meanwhile
            await watch.ended(w, judging, JudgingState.LATER, steps, now())
            return None
        rare = await settings.rarely_kept(w, judging.company_id, judging.board_id)
        checked = [await _check(w, seen, fresh, one, args, rare) for one, args in zip(proposed, read, strict=True)]
        kept: dict[int, Outcome] = {}
        for number in sorted(range(len(checked)), key=lambda at: _order(checked[at])):
            kept[number] = await _keep(w, fresh, target, checked[number], too_many=len(kept) >= MOST)
        await watch.ended(w, judging, JudgingState.DONE, steps)
        return [kept[number] for number in range(len(checked))]


def _target(seen: Context) -> Target:
    lead_id = seen.lead.id if seen.lead is not None else None
    return Target(seen.judging.board_id, seen.judging.conversation_id, seen.contact_id, seen.channel_id, lead_id)


def _read(seen: Context, one: Proposed) -> ToolArgs | None:
    """Its arguments, spelled as the board spells them; None where they make no sense."""
    if one.wrong is not None:
        return None
    args = arguments.read(one.tool, storable.tree(dict(one.args)))
    match args:
        case MoveLead():
            return msgspec.structs.replace(args, lost_reason=checks.lost_reason(seen, args.lost_reason))
        case arguments.AddTag() | arguments.RemoveTag():
            return msgspec.structs.replace(args, tag=checks.tag_of(seen, args.tag))
        case _:
            return args


async def _check(w: Work, seen: Context, fresh: Context, one: Proposed, args: ToolArgs | None, rare: bool) -> _Checked:
    if args is None:
        return _Checked(one, None, [], ProposalState.BLOCKED, one.wrong or Why.MALFORMED)
    evidence = checks.quoted(fresh, one.evidence)
    if isinstance(evidence, Why):
        return _Checked(one, args, [], ProposalState.BLOCKED, evidence)
    judging = fresh.judging
    lead_id = fresh.lead.id if fresh.lead is not None else None
    key = (judging.company_id, judging.conversation_id, judging.board_id, one.tool.value, args.target)
    facts = Facts(
        since=await w.fetchval(_SINCE, *key, _to(args)),
        waits=await w.fetchval(_WAITS, *key, lead_id, arguments.encode(args)),
        rarely_kept=rare,
        unchanged=seen.lead is None or fresh.lead is None or seen.lead.version == fresh.lead.version,
        dictated=one.dictated,
    )
    confidence = min(max(one.confidence, 0.0), 1.0) if one.confidence == one.confidence else 0.0
    verdict = checks.judge(fresh, one.tool, args, evidence, confidence, facts)
    if verdict.blocked:
        return _Checked(one, args, evidence, ProposalState.BLOCKED, verdict.why)
    state = ProposalState.APPLIED if verdict.alone else ProposalState.PROPOSED
    return _Checked(one, args, evidence, state, verdict.why)


def _to(args: ToolArgs) -> UUID | None:
    return args.stage_id if isinstance(args, MoveLead | CreateLead) else None


def _order(one: _Checked) -> tuple[bool, bool]:
    """What is to be done before what is blocked, and moves before the rest, so that stages are locked before leads are changed."""
    return one.state is ProposalState.BLOCKED, one.proposed.tool not in _FIRST


async def _keep(w: Work, fresh: Context, target: Target, one: _Checked, *, too_many: bool) -> Outcome:
    tool = one.proposed.tool
    if too_many:
        return Outcome(tool, ProposalState.BLOCKED, Why.TOO_MANY, None)
    if one.why is Why.DUPLICATE:
        return Outcome(tool, ProposalState.BLOCKED, Why.DUPLICATE, None)
    judging = fresh.judging
    args = one.args
    if one.state is not ProposalState.BLOCKED:
        assert args is not None
        key = (judging.company_id, judging.conversation_id, judging.board_id, tool.value, args.target)
        for row in await w.fetch(_OLDER, *key, judging.through_id):
            tell(w, judging.board_id, judging.conversation_id, row["id"], row["lead_id"], ProposalState.EXPIRED)
    proposal_id = await w.fetchval(_INSERT, *_row(fresh, target, one))
    if proposal_id is None:
        return Outcome(tool, ProposalState.BLOCKED, Why.DUPLICATE, None)
    state, lead_id = one.state, target.lead_id
    why: Why | None = one.why
    if state is ProposalState.APPLIED:
        assert args is not None
        done = await _apply(w, target, args, proposal_id, fresh.persona.name if fresh.persona else None)
        if isinstance(done, Why):
            state, why = ProposalState.BLOCKED, done
            await w.execute(_BLOCKED, w.company_id, proposal_id, done.value)
        else:
            lead_id, undoable = done.lead_id, not isinstance(args, arguments.Message)
            await w.execute(
                _APPLIED, w.company_id, proposal_id, lead_id, encode(done.before), encode(done.after), done.since, undoable
            )
            w.audit("lead_proposal.applied", proposal_id, lead_id=str(lead_id), tool=tool.value)
    if state is not ProposalState.BLOCKED:
        tell(w, judging.board_id, judging.conversation_id, proposal_id, lead_id, state)
    return Outcome(tool, state, why, proposal_id)


async def _apply(w: Work, target: Target, args: ToolArgs, proposal_id: UUID, persona: str | None) -> Done | Why:
    """Undone alone where it is refused."""
    try:
        async with w.connection.transaction():
            return await effects.apply(w, target, args, signed(proposal_id, persona), key=f"ai:{proposal_id}:lead")
    except AppError as error:
        if error.status >= 500:
            raise
        return Why.REFUSED_BY_RULES


def _row(fresh: Context, target: Target, one: _Checked) -> tuple[object, ...]:
    judging, lead, persona, args = fresh.judging, fresh.lead, fresh.persona, one.args
    here = checks.stage_of(fresh, lead.stage_id) if lead is not None else None
    wanted = _to(args) if args is not None else None
    there = checks.stage_of(fresh, wanted) if wanted is not None else None
    if isinstance(args, CreateLead) and there is None:
        there = next((stage for stage in fresh.stages if stage.kind == "open"), None)
    confidence = one.proposed.confidence
    return (
        judging.company_id,
        judging.board_id,
        judging.conversation_id,
        judging.id,
        judging.through_id,
        target.lead_id,
        one.proposed.tool.value,
        args.target if args is not None else "",
        arguments.encode(args) if args is not None else "{}",
        storable.text(one.proposed.reason.strip(), 500),
        round(min(max(confidence, 0.0), 1.0), 3) if confidence == confidence else 0,
        encode(one.evidence),
        here.id if here else None,
        here.name if here else None,
        there.id if there else None,
        there.name if there else None,
        persona.version_id if persona else None,
        persona.name if persona else None,
        lead.version if lead else None,
        ProposalState.PROPOSED.value if one.state is ProposalState.APPLIED else one.state.value,
        one.why.value if one.why else None,
        encode(standing(fresh, args)),
    )


def standing(fresh: Context, args: ToolArgs | None) -> dict[str, Any]:
    """How the thing is now that the proposal is about: what a suggestion is compared with later."""
    lead = fresh.lead
    if lead is None:
        return {}
    match args:
        case arguments.SetValue():
            return {"value_cents": lead.value_cents}
        case arguments.SetField():
            return {"value": lead.values.get(args.key, "")}
        case arguments.Assign():
            return {"owner_id": lead.owner_id}
        case arguments.FollowUp():
            return {"due_on": lead.due_on}
        case _:
            return {}


def signed(proposal_id: UUID, persona: str | None) -> Signed:
    """What the lines of history say."""
    return {"proposal_id": str(proposal_id), **({"persona": persona} if persona else {})}


def encode(value: object) -> str:
    return msgspec.json.encode(value).decode()


def tell(w: Work, board_id: UUID, conversation_id: UUID, proposal_id: UUID, lead_id: UUID | None, state: ProposalState) -> None:
    w.emit(
        LeadProposalChanged(
            proposal_id=proposal_id, board_id=board_id, lead_id=lead_id, conversation_id=conversation_id, state=state.value
        )
    )
