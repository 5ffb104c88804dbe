"""What people do with proposals: accept, refuse, undo. Each is one unit of work; of two at once one is told that it was decided already.

Locks are taken in the order of everybody who changes leads (the person, stages, the lead), and the proposal last.
"""

from uuid import UUID

import asyncpg
import msgspec

from db.boards import suggestions
from db.boards.errors import BoardError
from db.bookings.errors import BookingError
from db.cadences import enrolling
from db.clock import now
from db.errors import AppError, RequestError
from db.messages import queueing
from db.permissions import Permission
from db.proposals import args as arguments
from db.proposals import effects, queries, store
from db.proposals.args import AddToCadence, Books, CreateLead, Message, MoveLead, ToolArgs
from db.proposals.effects import Done, Target
from db.proposals.enums import ProposalState, RefusalReason
from db.proposals.errors import ProposalError
from db.tenancy import Actor
from db.work import SystemWork, Work, work

_LOCK = "select state from lead_proposal where company_id = $1 and id = $2 for update"
_APPLIED = f"""
update lead_proposal set state = '{ProposalState.APPLIED.value}', lead_id = $3, before = $4::jsonb, after = $5::jsonb, stood_since = $6,
    applied_at = now(), undo_until = case when $7 then now() + make_interval(hours => {store.UNDO_HOURS}) end, decided_by = $8, decided_at = now()
where company_id = $1 and id = $2
"""
_REFUSED = f"""
update lead_proposal set state = '{ProposalState.REFUSED.value}', because = $3, decided_by = $4, refusal = $5, decided_at = now()
where company_id = $1 and id = $2
"""
_UNDONE = f"""
update lead_proposal set state = '{ProposalState.UNDONE.value}', because = $3, decided_by = $4, refusal = $5, decided_at = now(), stood_since = null
where company_id = $1 and id = $2
"""
_EXPIRED = f"""
update lead_proposal set state = '{ProposalState.EXPIRED.value}', decided_at = now() where company_id = $1 and id = $2
"""
_SAID_WHY = "update lead_proposal set refusal = $3 where company_id = $1 and id = $2"
_OLD = f"""
update lead_proposal set state = '{ProposalState.EXPIRED.value}', decided_at = now()
where state = '{ProposalState.PROPOSED.value}' and created_at < now() - make_interval(days => $1)
"""
_FORGET = f"delete from lead_proposal where state = '{ProposalState.BLOCKED.value}' and created_at < now() - interval '90 days'"


async def accept(actor: Actor, proposal_id: UUID) -> asyncpg.Record:
    """It is done, as if the caller did it by hand. A row as in `queries`. Raises NotFound, Forbidden, Conflict `proposal_decided`,
    `proposal_expired`, and for a message what keeps it from being sent."""
    actor.require(Permission.CONVERSATIONS_READ)
    async with work(actor, Permission.LEADS_WRITE) as w:
        row = await queries.one(w, w.company_id, proposal_id)
        args, target = _read(row)
        if isinstance(args, Message | Books):
            actor.require(Permission.MESSAGES_SEND)
        if isinstance(args, AddToCadence):
            actor.require(Permission.CAMPAIGNS_SEND)
        row = await _held(w, row, args, target)
        _must_be(row["kept_state"], ProposalState.PROPOSED)
        done = await _apply(w, row, args, target) if row["state"] == ProposalState.PROPOSED else None
        if done is not None:
            kept = store.encode(done.before), store.encode(done.after), done.since
            await w.execute(_APPLIED, w.company_id, proposal_id, done.lead_id, *kept, not isinstance(args, Message), _by(actor))
            w.audit("lead_proposal.accepted", proposal_id, lead_id=str(done.lead_id), tool=row["tool"])
        else:
            await w.execute(_EXPIRED, w.company_id, proposal_id)
        row = await _told(w, proposal_id)
    if row["state"] == ProposalState.EXPIRED:
        raise ProposalError.PROPOSAL_EXPIRED()
    return row


async def _apply(w: Work, row: asyncpg.Record, args: ToolArgs, target: Target) -> Done | None:
    """None: the board, its times or the team are no longer as they were. What keeps a message from being sent is raised, and it waits on."""
    try:
        async with w.connection.transaction():
            return await effects.apply(w, target, args, store.signed(row["id"], row["persona_name"]))
    except AppError as error:
        if not isinstance(error.code, BoardError | BookingError) and error.status not in (404, 422):
            raise
        return None


async def refuse(actor: Actor, proposal_id: UUID, because: str = "", reason: RefusalReason | None = None) -> asyncpg.Record:
    """It is not done, and the board's next looks hear why, where somebody says it. A row as in `queries`. Raises NotFound, Conflict
    `proposal_decided`."""
    actor.require(Permission.CONVERSATIONS_READ)
    async with work(actor, Permission.LEADS_WRITE) as w:
        await queries.one(w, w.company_id, proposal_id)
        _must_be(await w.fetchval(_LOCK, w.company_id, proposal_id), ProposalState.PROPOSED)
        await w.execute(_REFUSED, w.company_id, proposal_id, _words(because), _by(actor), reason and reason.value)
        w.audit("lead_proposal.refused", proposal_id)
        return await _told(w, proposal_id)


async def say_why(actor: Actor, proposal_id: UUID, reason: RefusalReason) -> asyncpg.Record:
    """Why it was refused or undone, said afterwards; the last word counts. A row as in `queries`. Raises NotFound, Conflict
    `proposal_decided` where it is neither."""
    actor.require(Permission.CONVERSATIONS_READ)
    async with work(actor, Permission.LEADS_WRITE) as w:
        await queries.one(w, w.company_id, proposal_id)
        if await w.fetchval(_LOCK, w.company_id, proposal_id) not in (ProposalState.REFUSED, ProposalState.UNDONE):
            raise ProposalError.PROPOSAL_DECIDED()
        await w.execute(_SAID_WHY, w.company_id, proposal_id, reason.value)
        w.audit("lead_proposal.explained", proposal_id, reason=reason.value)
        return await _told(w, proposal_id)


async def undo(actor: Actor, proposal_id: UUID, because: str = "", reason: RefusalReason | None = None) -> asyncpg.Record:
    """What it did is taken back, within a day. A row as in `queries`. Raises NotFound, Conflict `proposal_decided`, `proposal_too_old`,
    `undo_changed`, `cannot_undo`."""
    actor.require(Permission.CONVERSATIONS_READ)
    async with work(actor, Permission.LEADS_WRITE) as w:
        row = await queries.one(w, w.company_id, proposal_id)
        args, target = _read(row)
        if isinstance(args, Message):
            raise ProposalError.CANNOT_UNDO()
        if isinstance(args, AddToCadence):
            actor.require(Permission.CAMPAIGNS_SEND)
        row = await _held(w, row, args, target)
        _must_be(row["kept_state"], ProposalState.APPLIED)
        if not queries.undoable(row, now()):
            raise ProposalError.PROPOSAL_TOO_OLD()
        before, after = msgspec.json.decode(row["before"]), msgspec.json.decode(row["after"])
        signed = store.signed(proposal_id, row["persona_name"])
        await effects.undo(w, target, args, before, after, row["stood_since"], signed)
        await w.execute(_UNDONE, w.company_id, proposal_id, _words(because), _by(actor), reason and reason.value)
        w.audit("lead_proposal.undone", proposal_id, lead_id=str(row["lead_id"]), tool=row["tool"])
        return await _told(w, proposal_id)


def _read(row: asyncpg.Record) -> tuple[ToolArgs, Target]:
    if row["kept_state"] == ProposalState.BLOCKED:  # it was never a suggestion
        raise RequestError.NOT_FOUND(what="proposal")
    args = arguments.decode.decode(row["args"])
    return args, Target(row["board_id"], row["conversation_id"], row["contact_id"], row["channel_id"], row["lead_id"])


async def _held(w: Work, row: asyncpg.Record, args: ToolArgs, target: Target) -> asyncpg.Record:
    """The same row, with what it is about held until the transaction ends. Raises Conflict where it was merged away meanwhile."""
    if isinstance(args, Message | Books):
        await queueing.hold_open(w, target.channel_id)  # channels come before people
    if isinstance(args, AddToCadence):
        await enrolling.hold(w, args.cadence_id)  # and cadences
    stages = [stage for stage in (row["from_stage_id"], row["to_stage_id"]) if stage is not None]
    await effects.hold(w, target, stages if isinstance(args, MoveLead | CreateLead) else [])
    await w.fetchval(_LOCK, w.company_id, row["id"])
    fresh = await queries.one(w, w.company_id, row["id"])
    if (fresh["contact_id"], fresh["lead_id"]) != (target.contact_id, target.lead_id):
        raise ProposalError.PROPOSAL_DECIDED()
    return fresh


def _must_be(state: str | None, wanted: ProposalState) -> None:
    if state != wanted:
        raise ProposalError.PROPOSAL_DECIDED()


def _by(actor: Actor) -> UUID | None:
    return actor.id if actor.kind == "user" else None


def _words(because: str) -> str:
    return because.replace("\0", "").strip()


async def _told(w: Work, proposal_id: UUID) -> asyncpg.Record:
    row = await queries.one(w, w.company_id, proposal_id)
    state = ProposalState(row["state"])
    store.tell(w, row["board_id"], row["conversation_id"], proposal_id, row["lead_id"], state)
    return row


async def forget_old(s: SystemWork) -> None:
    """Ends suggestions after seven days, and deletes after 90 what was blocked."""
    await s.execute(_OLD, suggestions.DAYS)
    await s.execute(_FORGET)
