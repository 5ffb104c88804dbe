"""What the AI proposed for leads: listed newest first, one, and how many wait."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db.ai import usage
from db.boards.suggestions import STALE
from db.errors import RequestError
from db.permissions import Permission
from db.proposals.enums import ProposalState
from db.tenancy import Actor
from db.work import Read, read

_FROM = """
from lead_proposal p join conversation v on v.company_id = $1 and v.id = p.conversation_id
join board b on b.company_id = $1 and b.id = p.board_id
left join lead l on l.company_id = $1 and l.id = p.lead_id
"""
COLUMNS = f"""
p.id, p.created_at as at, p.board_id, b.name as board, p.lead_id, l.title as lead_title, v.contact_id, c.name as contact_name,
    p.conversation_id, v.channel_id, p.tool, p.args::text as args, p.reason, p.confidence::float8 as confidence, p.evidence::text as evidence,
    p.from_stage_id, p.from_stage, p.to_stage_id, p.to_stage, p.persona_name, p.why, p.automatic, p.before::text as before, p.after::text as after,
    p.stood_since, p.because, p.refusal, p.decided_by as decided_by_id, u.name as decided_by_name, p.decided_at, p.applied_at, p.undo_until, p.state as kept_state,
    case when p.state = '{ProposalState.PROPOSED.value}' and (b.archived_at is not null or {STALE})
        then '{ProposalState.EXPIRED.value}' else p.state end as state,
    b.currency, f.label as field_label, f.kind as field_kind, o.id as owner_id, o.name as owner_name, t.name as template_name,
    d.name as cadence_name, jsonb_path_query_first(n.files, '$[*] ? (@.file_id == $id)', jsonb_build_object('id', p.args->>'file_id'))->>'name' as file_name
"""
JOINS = """
left join contact c on c.company_id = $1 and c.id = v.contact_id
left join account_user u on u.id = p.decided_by
left join lead_field f on f.company_id = $1 and f.board_id = p.board_id and f.key = p.args->>'key' and f.deleted_at is null
left join account_user o on o.id = (p.args->>'user_id')::uuid
left join cadence d on d.company_id = $1 and d.id = (p.args->>'cadence_id')::uuid
left join board_ai n on p.args ? 'file_id' and n.company_id = $1 and n.board_id = p.board_id
left join template t on t.company_id = $1 and t.id = (p.args->>'template_id')::uuid
"""
_ONE = f"select {COLUMNS} {_FROM} {JOINS} where p.company_id = $1 and p.id = $2"
_COUNT = f"""
select p.board_id, count(*) as waiting {_FROM}
where p.company_id = $1 and p.state = '{ProposalState.PROPOSED.value}' and ($2::uuid is null or p.board_id = $2)
    and b.archived_at is null and not {STALE} group by 1 order by 1
"""


_TRACE = """
select j.at, j.steps::text as steps, p.conversation_id, p.judging_id from lead_proposal p left join lead_judging j on j.company_id = $1 and j.id = p.judging_id
where p.company_id = $1 and p.id = $2
"""


class Which(NamedTuple):
    """None: whichever. Blocked ones are listed only where they are asked for."""

    state: ProposalState | None = None
    board_id: UUID | None = None
    lead_id: UUID | None = None
    conversation_id: UUID | None = None


async def proposals(actor: Actor, which: Which, *, after: UUID | None, limit: int) -> list[asyncpg.Record]:
    """Rows of `COLUMNS`, newest first. They quote what customers wrote."""
    actor.require(Permission.CONVERSATIONS_READ)
    args: list[Any] = [actor.company_id]
    conditions = ["p.company_id = $1"]

    def given(value: object, kind: str) -> str:
        args.append(value)
        return f"${len(args)}::{kind}"

    for column in ("board_id", "lead_id", "conversation_id"):
        if (value := getattr(which, column)) is not None:
            conditions.append(f"p.{column} = {given(value, 'uuid')}")
    if after is not None:
        conditions.append(f"p.id < {given(after, 'uuid')}")
    conditions.append(_in_state(which.state))
    order = f"order by p.id desc limit {given(limit, 'int')}"
    async with read(actor, Permission.BOARDS_READ) as r:
        return await r.fetch(f"select {COLUMNS} {_FROM} {JOINS} where {' and '.join(conditions)} {order}", *args)


def _in_state(state: ProposalState | None) -> str:
    gone = f"(b.archived_at is not null or {STALE})"
    match state:
        case None:
            return f"p.state <> '{ProposalState.BLOCKED.value}'"
        case ProposalState.PROPOSED:
            return f"p.state = '{state.value}' and not {gone}"
        case ProposalState.EXPIRED:
            return f"(p.state = '{state.value}' or p.state = '{ProposalState.PROPOSED.value}' and {gone})"
        case _:
            return f"p.state = '{state.value}'"


async def one(r: Read, company_id: UUID, proposal_id: UUID) -> asyncpg.Record:
    """Raises NotFound."""
    row = await r.fetchrow(_ONE, company_id, proposal_id)
    if row is None:
        raise RequestError.NOT_FOUND(what="proposal")
    return row


async def proposal(actor: Actor, proposal_id: UUID) -> asyncpg.Record:
    """A row of `COLUMNS`. Raises NotFound."""
    actor.require(Permission.CONVERSATIONS_READ)
    async with read(actor, Permission.BOARDS_READ) as r:
        return await one(r, actor.company_id, proposal_id)


class Trace(NamedTuple):
    """`steps`: none once they are older than the company keeps them, or where no look proposed it. `at`: of the look.
    `cost`: micro-dollars, of the whole look; None: nobody knows."""

    at: datetime | None
    cost: int | None
    steps: list[dict[str, Any]]


async def trace(actor: Actor, proposal_id: UUID) -> Trace:
    """What the look that proposed it asked a model and was answered. Raises NotFound."""
    actor.require(Permission.CONVERSATIONS_READ)
    actor.require(Permission.BOARDS_READ)
    async with read(actor, Permission.AI_READ) as r:
        row = await r.fetchrow(_TRACE, actor.company_id, proposal_id)
        if row is None:
            raise RequestError.NOT_FOUND(what="proposal")
        cost = await usage.cost_of_run(r, actor.company_id, row["conversation_id"], row["judging_id"])
    return Trace(row["at"], cost, msgspec.json.decode(row["steps"]) if row["steps"] else [])


async def waiting(actor: Actor, board_id: UUID | None) -> list[tuple[UUID, int]]:
    """How many suggestions wait, by board; boards without any are left out."""
    async with read(actor, Permission.BOARDS_READ) as r:
        rows = await r.fetch(_COUNT, actor.company_id, board_id)
    return [(row["board_id"], row["waiting"]) for row in rows]


async def waiting_on(r: Read, company_id: UUID, board_id: UUID) -> int:
    """How many suggestions wait for people on a board."""
    row = await r.fetchrow(_COUNT, company_id, board_id)
    return row["waiting"] if row is not None else 0


def undoable(row: asyncpg.Record, at: datetime) -> bool:
    """Whether it is in time to undo it; what changed since is seen when it is tried."""
    until = row["undo_until"]
    return row["state"] == ProposalState.APPLIED and until is not None and until > at
