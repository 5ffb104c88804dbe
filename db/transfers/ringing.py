"""A person on the line wants one of the team: whose page rings, who takes it, and what becomes of it.

The rows are the truth. Every step locks the request first and changes only what still is as it was, so that of two at once one wins:
one page rings for a request, a person is rung for one request at a time, and one of them gets it. Refuses to speak to a provider, and
to wait.
"""

from typing import NamedTuple, cast
from uuid import UUID

import asyncpg
import structlog

from db.conversations import record, routing
from db.conversations.enums import LineKind
from db.conversations.routing import ANSWERS
from db.errors import AppError, RequestError
from db.messages import calls
from db.notifications import calls as notices
from db.notifications.enums import NotificationKind
from db.permissions import Permission
from db.tenancy import Actor, worker
from db.transfers import agents
from db.transfers.enums import Overflow, TransferState
from db.transfers.enums import TransferOutcome as Out
from db.transfers.errors import TransferError
from db.transfers.events import CallQueueChanged, CallRings
from db.work import Work, system_read, work

log = structlog.get_logger("db.transfers")

GRACE = 2.0
"""Seconds after its time in which a press still counts: the page counted down by its own clock."""
TRIES = 5  # people that may be rung for somebody else at this very moment
UNREACHED = 20
"""Seconds after somebody took it: a new question of the same call then says that their phone was not reached, whatever the provider tells of it later."""


class Wish(NamedTuple):
    """What the virtual agent says of the person who wants somebody. `key`: of the question, which makes one request however often it is
    told; `department`: a team or a skill, by its name."""

    key: UUID
    provider_call_id: str
    attempt_id: UUID | None
    reason: str
    department: str
    summary: str


class Standing(NamedTuple):
    """How far a request is. `number`: of who took it."""

    id: UUID
    state: TransferState
    outcome: Out | None
    number: str | None
    summary: str
    owed: Overflow | None


_ASK = """
insert into call_transfer(company_id, key, call_id, team_id, skill, reason, summary) values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing returning id
"""
_ASKED = "select id from call_transfer where company_id = $1 and (key = $2 or call_id = $3 and state <> 'ended') order by id desc limit 1"
_UNREACHED = """
select true from call_transfer where company_id = $1 and call_id = $2 and key <> $3 and state = 'accepted'
    and accepted_at < now() - make_interval(secs => $4)
"""
_WAITED_FOR = """
update call_transfer set accepted_at = now() where company_id = $1 and call_id = $2 and state = 'accepted' and accepted_at is null
"""
_TAKE = """
insert into call_transfer(company_id, key, call_id, reason, summary, state, user_id) values ($1, uuidv7(), $2, '', '', 'accepted', $3)
on conflict do nothing returning id
"""
_TEAM = "select id from team where company_id = $1 and fold(name) = fold($2)"
_SKILL = "select lower($2) where exists (select from call_agent where company_id = $1 and lower($2) = any(skills))"
_ROW = """
select t.id, t.call_id, t.team_id, t.skill, t.state, t.user_id, c.channel_id, v.id as conversation_id, v.contact_id
from call_transfer t join call c on c.company_id = $1 and c.id = t.call_id
left join message m on m.company_id = $1 and m.id = t.call_id
left join inbound_message i on i.company_id = $1 and i.id = t.call_id
left join conversation v on v.company_id = $1 and v.contact_id = coalesce(m.contact_id, i.contact_id) and v.channel_id = c.channel_id
where t.company_id = $1 and
"""
_OF_ID, _OPEN_OF = "t.id = $2", "t.call_id = $2 and t.state <> 'ended'"
_NEXT = f"""
update call_agent set rung_at = clock_timestamp() where company_id = $1 and user_id = (
    select a.user_id from call_agent a join membership p on p.company_id = $1 and p.user_id = a.user_id and {ANSWERS}
    where a.company_id = $1 and a.available and a.phone is not null and not {agents.BUSY}
        and not exists (select from call_ring o join call_transfer x on x.company_id = $1 and x.id = o.transfer_id
            where o.company_id = $1 and o.user_id = a.user_id and x.call_id = $3)
        and ($4::uuid is null or exists (select from team_member m where m.company_id = $1 and m.team_id = $4 and m.user_id = a.user_id))
        and ($5::text is null or $5 = any(a.skills))
    order by a.rung_at nulls first, a.user_id for update of a skip locked limit 1)
    and available and (select count(*) from call_ring where company_id = $1 and transfer_id = $2) < $6
returning user_id
"""
_RING = """
insert into call_ring(company_id, transfer_id, user_id, until) values ($1, $2, $3, now() + make_interval(secs => $4))
on conflict do nothing returning id
"""
_STANDING = """
select t.id, t.state, t.outcome, case when t.state = 'accepted' then a.phone end as number, t.summary, t.owed
from call_transfer t left join call_agent a on a.company_id = $1 and a.user_id = t.user_id
where t.company_id = $1 and t.id = $2
"""
_OVERDUE = """
select company_id, transfer_id from call_ring where state = 'ringing' and until <= now() order by until limit 200
"""


async def ask(w: Work, channel_id: UUID, wish: Wish) -> UUID | None:
    """The request of a running call: the one that it has, or a new one, for which somebody's page rings now. None: no such call is
    known here, yet or any more."""
    known: UUID | None = await w.fetchval(
        "select id from call_transfer where company_id = $1 and key = $2", w.company_id, wish.key
    )
    call = None if known is not None else await calls.running(w, channel_id, wish.provider_call_id, wish.attempt_id)
    if call is None:
        return known
    team_id = await w.fetchval(_TEAM, w.company_id, wish.department) if wish.department else None
    skill = await w.fetchval(_SKILL, w.company_id, wish.department) if wish.department and team_id is None else None
    if call.contact_id is not None:
        await record.hold(w, channel_id, call.contact_id)
    asked = (wish.key, call.id, team_id, skill, wish.reason, wish.summary)
    made: UUID | None = await w.fetchval(_ASK, w.company_id, *asked)
    if made is None and await w.fetchval(_UNREACHED, w.company_id, call.id, wish.key, UNREACHED):
        await failed(w, call.id, Out.NO_ANSWER)
        made = await w.fetchval(_ASK, w.company_id, *asked)
    if made is None:
        # Who took the call by themselves waits from this question on.
        await w.execute(_WAITED_FOR, w.company_id, call.id)
        return cast("UUID | None", await w.fetchval(_ASKED, w.company_id, wish.key, call.id))
    w.audit("call.escalated", made, call_id=call.id, team_id=team_id)
    row = await _locked(w, made)
    if row["conversation_id"] is not None:
        await record.line(w, row["conversation_id"], row["contact_id"], LineKind.ESCALATED, what=wish.reason or None)
    await _ring_next(w, row, Out.NOBODY)
    return made


async def standing(w: Work, transfer_id: UUID) -> Standing:
    """Rings on, where the one whose page rings let their time pass."""
    row = await _locked(w, transfer_id)
    if row["state"] == TransferState.RINGING:
        await _pass_over(w, row)
    found = await w.fetchrow(_STANDING, w.company_id, transfer_id)
    assert found is not None
    return Standing(
        found["id"],
        TransferState(found["state"]),
        Out(found["outcome"]) if found["outcome"] else None,
        found["number"],
        found["summary"],
        Overflow(found["owed"]) if found["owed"] else None,
    )


async def accept(actor: Actor, transfer_id: UUID) -> None:
    """The caller takes it: their phone rings next. Raises NotFound, Conflict `call_gone`."""
    async with work(actor, Permission.CONVERSATIONS_WRITE) as w:
        row = await _mine(w, transfer_id, "accepted", GRACE)
        await w.execute(
            "update call_transfer set state = 'accepted', user_id = $3, accepted_at = now() where company_id = $1 and id = $2",
            w.company_id,
            transfer_id,
            w.actor.id if w.actor else None,
        )
        w.audit("call.taken", transfer_id, call_id=row["call_id"])
        w.emit(CallQueueChanged(transfer_id=transfer_id))


async def refuse(actor: Actor, transfer_id: UUID) -> None:
    """The next one is rung. Raises NotFound, Conflict `call_gone`."""
    async with work(actor, Permission.CONVERSATIONS_WRITE) as w:
        row = await _mine(w, transfer_id, "refused", GRACE)
        w.audit("call.refused", transfer_id, call_id=row["call_id"])
        await _ring_next(w, row, Out.REFUSED)


async def take(w: Work, call_id: UUID, user_id: UUID) -> UUID:
    """Somebody takes a call that goes on without being rung; whoever is rung for it is not any more. The caller holds its conversation.
    Raises Conflict `call_gone` where a colleague has it."""
    row = await _open_of(w, call_id)
    if row is None:
        made: UUID | None = await w.fetchval(_TAKE, w.company_id, call_id, user_id)
        if made is None:
            raise TransferError.CALL_GONE()
    else:
        made = row["id"]
        if row["state"] == TransferState.ACCEPTED:
            raise TransferError.CALL_GONE()
        await _withdraw(w, made)
        taken = "update call_transfer set state = 'accepted', user_id = $3 where company_id = $1 and id = $2"
        await w.execute(taken, w.company_id, made, user_id)
    w.emit(CallQueueChanged(transfer_id=made))
    return made


async def not_taken(w: Work, call_id: UUID, transfer_id: UUID) -> None:
    """The provider did not put the call through to who took it: that is not their phone's fault."""
    row = await _open_of(w, call_id)
    if row is not None and row["id"] == transfer_id and row["state"] == TransferState.ACCEPTED:
        await _end(w, row, Out.TRUNK_FAILURE)


async def failed(w: Work, call_id: UUID, outcome: Out) -> None:
    """The phone of who took it was not reached by a person: they get no calls until they say so again, unless the caller hung up first."""
    row = await _open_of(w, call_id)
    if row is None or row["state"] != TransferState.ACCEPTED:
        return
    if outcome is not Out.HUNG_UP:
        await _away(w, row["user_id"])
    await _end(w, row, outcome)


async def connected(w: Work, call_id: UUID) -> None:
    """They speak. What was offered before in this call is settled."""
    row = await _open_of(w, call_id)
    if row is not None and row["state"] == TransferState.ACCEPTED:
        await _end(w, row, Out.CONNECTED)


async def over(w: Work, call_id: UUID, *, transferred: bool) -> None:
    """The call ended: whoever was rung is not any more."""
    row = await _open_of(w, call_id)
    if row is None:
        return
    reached = transferred and row["state"] == TransferState.ACCEPTED
    await _end(w, row, Out.CONNECTED if reached else Out.HUNG_UP)


async def round_() -> None:
    """Rings on for requests whose page rang long enough, whether anybody waits for the answer or not."""
    async with system_read() as s:
        overdue = await s.fetch(_OVERDUE)
    for one in overdue:
        try:
            async with work(worker(one["company_id"]), Permission.CONVERSATIONS_WRITE) as w:
                await standing(w, one["transfer_id"])
        except AppError as error:  # one company's trouble keeps nobody else's call waiting
            log.error("calls.ring_failed", transfer_id=str(one["transfer_id"]), error=repr(error)[:300])


async def _pass_over(w: Work, row: asyncpg.Record) -> None:
    missed = await w.fetchval(
        "update call_ring set state = 'missed' where company_id = $1 and transfer_id = $2 and state = 'ringing'"
        " and until <= now() - make_interval(secs => $3) returning user_id",
        w.company_id,
        row["id"],
        GRACE,
    )
    if missed is not None:
        await _away(w, missed)  # whoever is not at the page is not rung again and again
        w.emit(CallRings(user_id=missed, transfer_id=row["id"]))
        await _ring_next(w, row, Out.NO_ANSWER)


async def _ring_next(w: Work, row: asyncpg.Record, last: Out) -> None:
    """The next page rings; where there is none the request ends with `last`."""
    queue = await agents.queue_of(w, w.company_id)
    wanted = (w.company_id, row["id"], row["call_id"], row["team_id"], row["skill"], queue.most_rings)
    for _ in range(TRIES):
        user_id = await w.fetchval(_NEXT, *wanted)
        if user_id is None:
            break
        if await w.fetchval(_RING, w.company_id, row["id"], user_id, float(queue.ring_seconds)) is None:
            continue  # rung for another one this moment
        await w.execute(
            "update call_transfer set state = 'ringing' where company_id = $1 and id = $2 and state in ('waiting', 'ringing')",
            w.company_id,
            row["id"],
        )
        if row["conversation_id"] is not None:
            await notices.call(w, [user_id], NotificationKind.CALL, row["conversation_id"])
        w.emit(CallRings(user_id=user_id, transfer_id=row["id"]))
        w.emit(CallQueueChanged(transfer_id=row["id"]))
        return
    missed = await w.fetchval(
        "select true from call_ring where company_id = $1 and transfer_id = $2 and state = 'missed'", w.company_id, row["id"]
    )
    await _end(w, row, Out.NO_ANSWER if missed else last)


async def _end(w: Work, row: asyncpg.Record, outcome: Out) -> None:
    owed = None if outcome is Out.CONNECTED else (await agents.queue_of(w, w.company_id)).overflow
    await w.execute(
        "update call_transfer set state = 'ended', outcome = $3, ended_at = now(), owed = $4 where company_id = $1 and id = $2",
        w.company_id,
        row["id"],
        outcome.value,
        owed.value if owed else None,
    )
    # A person is owed one thing, however often the call was handed on: the newest stands, and none once they spoke to somebody.
    await w.execute(
        "update call_transfer set settled_at = now() where company_id = $1 and call_id = $2 and id <> $3 and owed is not null"
        " and settled_at is null",
        w.company_id,
        row["call_id"],
        row["id"],
    )
    await _withdraw(w, row["id"])
    if row["conversation_id"] is not None:
        what = (row["conversation_id"], row["contact_id"], LineKind.PUT_THROUGH)
        await record.line(w, *what, whom=row["user_id"], what=outcome.value)
        if owed is not None:
            await routing.to_team(w, row["conversation_id"], row["channel_id"], row["team_id"])
    w.audit("call.handed_over", row["id"], call_id=row["call_id"], outcome=outcome.value)
    w.emit(CallQueueChanged(transfer_id=row["id"]))


async def _withdraw(w: Work, transfer_id: UUID) -> None:
    rung = await w.fetch(
        "update call_ring set state = 'withdrawn' where company_id = $1 and transfer_id = $2 and state = 'ringing' returning user_id",
        w.company_id,
        transfer_id,
    )
    for one in rung:
        w.emit(CallRings(user_id=one["user_id"], transfer_id=transfer_id))


async def _away(w: Work, user_id: UUID) -> None:
    await w.execute(
        "update call_agent set available = false, since = now() where company_id = $1 and user_id = $2 and available",
        w.company_id,
        user_id,
    )


async def _mine(w: Work, transfer_id: UUID, state: str, grace: float) -> asyncpg.Record:
    """The request, whose ring at the caller's page ends in this state."""
    row = await _held(w, _OF_ID, transfer_id)
    if row is None:
        raise RequestError.NOT_FOUND(what="transfer")
    won = await w.fetchval(
        "update call_ring set state = $4 where company_id = $1 and transfer_id = $2 and user_id = $3 and state = 'ringing'"
        " and until > now() - make_interval(secs => $5) returning true",
        w.company_id,
        transfer_id,
        w.actor.id if w.actor is not None and w.actor.kind == "user" else None,
        state,
        grace,
    )
    if not won or row["state"] != TransferState.RINGING:
        raise TransferError.CALL_GONE()
    return row


async def _locked(w: Work, transfer_id: UUID) -> asyncpg.Record:
    row = await _held(w, _OF_ID, transfer_id)
    assert row is not None
    return row


async def _open_of(w: Work, call_id: UUID) -> asyncpg.Record | None:
    return await _held(w, _OPEN_OF, call_id)


async def _held(w: Work, which: str, argument: UUID) -> asyncpg.Record | None:
    """A request, locked. Its conversation is locked before it, as by whoever hears of its call."""
    row = await w.fetchrow(f"{_ROW} {which}", w.company_id, argument)
    if row is None:
        return None
    if row["contact_id"] is not None:
        await record.hold(w, row["channel_id"], row["contact_id"])
    return await w.fetchrow(f"{_ROW} {which} for no key update of t", w.company_id, argument)
