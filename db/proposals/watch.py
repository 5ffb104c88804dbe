"""When a conversation is judged: once for each quiet moment, whoever answers there.

A message of the customer opens or prolongs a watch for each board that watches, in the transaction that stores it. A run takes one that is due
by compare-and-set under an epoch and a lease; what it found is kept (store.py) in the transaction that ends it. A run whose worker died leaves
the watch to another one.
"""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from db import storable
from db.ai import safety
from db.assistant.gather import LIVE, MUTE
from db.clock import now
from db.ids import uuid7
from db.messages import inbound
from db.messages.inbound import Inbound
from db.permissions import Permission
from db.proposals.enums import USUAL, JudgingState, LeadPolicy, LeadTool
from db.tenancy import worker
from db.work import SystemWork, Work, system_read, work

HARD = timedelta(minutes=10)
"""Who writes without a pause is judged at the latest so long after their first message."""
LEASE = timedelta(seconds=30)
"""So long a run that says nothing keeps its watch."""
RUNS = 4
"""After so many runs in a row without an end a watch is given up until somebody writes again."""
MOST_A_DAY = 30
"""Looks of one board at one conversation in 24 hours that asked a model. What is said beyond them is judged when the oldest is a day old."""
KEPT_DAYS = 90


class Due(NamedTuple):
    company_id: UUID
    conversation_id: UUID
    board_id: UUID


class Judging(NamedTuple):
    """One look at a conversation for a board. `id` is the turn of its calls in the ledger of cost; `through_id`: the newest message of the
    customer that it sees, `judged_id`: the newest one that was seen before."""

    id: UUID
    company_id: UUID
    conversation_id: UUID
    board_id: UUID
    through_id: UUID
    judged_id: UUID | None
    epoch: int


_CREATES = (
    f"coalesce(a.tools->>'{LeadTool.CREATE_LEAD.value}', '{USUAL[LeadTool.CREATE_LEAD].value}') <> '{LeadPolicy.NEVER.value}'"
)
WATCHED = f"""
a.watching and b.archived_at is null and ({_CREATES} or exists (
    select from lead l join stage s on s.company_id = $1 and s.id = l.stage_id and s.kind = 'open'
    where l.company_id = $1 and l.contact_id = v.contact_id and l.board_id = a.board_id))
"""
_HEARD = f"""
insert into lead_watch as w (company_id, conversation_id, board_id, due_at, hard_at, newest_id)
select $1, v.id, a.board_id, now() + make_interval(secs => a.quiet_seconds), now() + $4::interval, $3
from board_ai a join board b on b.company_id = $1 and b.id = a.board_id join conversation v on v.company_id = $1 and v.id = $2
join contact c on c.company_id = $1 and c.id = v.contact_id and c.opted_out_at is null
where a.company_id = $1 and {WATCHED} order by a.board_id
on conflict (company_id, conversation_id, board_id) do update set newest_id = excluded.newest_id,
    due_at = least(excluded.due_at, case when w.due_at is null then excluded.hard_at else w.hard_at end),
    hard_at = case when w.due_at is null then excluded.hard_at else w.hard_at end,
    tries = case when w.due_at is null then 0 else w.tries end
"""
_DUE = """
select w.company_id, w.conversation_id, w.board_id from lead_watch w
where w.due_at <= now() and (w.lease_until is null or w.lease_until < now()) and not exists (select from job j where j.company_id = w.company_id
    and j.key = 'judge:' || w.conversation_id || ':' || w.board_id and j.state = 'waiting') order by w.due_at limit $1
"""
# Who takes a watch has its conversation before it, as who stores messages and who makes two people one.
_MAY = f"""
select {WATCHED} and c.opted_out_at is null and w.tries < $4 as wanted, (select j.at + interval '24 hours' from lead_judging j
    where j.company_id = $1 and j.conversation_id = v.id and j.board_id = a.board_id and j.at > now() - interval '24 hours'
    and exists (select from ai_usage u where u.company_id = $1 and u.conversation_id = v.id and u.turn_id = j.id)
    order by j.at desc offset $5::int - 1 limit 1) as full_until
from lead_watch w join conversation v on v.company_id = $1 and v.id = w.conversation_id join contact c on c.company_id = $1 and c.id = v.contact_id
join board_ai a on a.company_id = $1 and a.board_id = w.board_id join board b on b.company_id = $1 and b.id = w.board_id
where w.company_id = $1 and w.conversation_id = $2 and w.board_id = $3 for key share of v
"""
_BEGIN = """
update lead_watch set epoch = epoch + 1, tries = tries + 1, lease_until = now() + $4::interval
where company_id = $1 and conversation_id = $2 and board_id = $3 and due_at <= now() + interval '50 milliseconds'
    and (lease_until is null or lease_until < now()) returning epoch, newest_id, through_id
"""
_GIVE_UP = """
update lead_watch set due_at = null, hard_at = null, lease_until = null, tries = 0
where company_id = $1 and conversation_id = $2 and board_id = $3 and (lease_until is null or lease_until < now())
"""
_PUT_OFF = """
update lead_watch set due_at = $4, hard_at = $4, lease_until = null
where company_id = $1 and conversation_id = $2 and board_id = $3 and due_at < $4 and (lease_until is null or lease_until < now())
"""
_LEFT = f"""
update lead_judging set state = '{JudgingState.LOST.value}', done_at = now()
where company_id = $1 and conversation_id = $2 and board_id = $3 and state = '{JudgingState.RUNNING.value}'
"""
_RENEW = """
update lead_watch set lease_until = now() + $5::interval
where company_id = $1 and conversation_id = $2 and board_id = $3 and epoch = $4 and lease_until is not null returning true
"""
_TALK_ALONE = "select from conversation where company_id = $1 and id = $2 for no key update"
_TALK = "select from conversation where company_id = $1 and id = $2 for key share"
_HELD = """
select newest_id from lead_watch where company_id = $1 and conversation_id = $2 and board_id = $3 and epoch = $4 and lease_until is not null
for update
"""
# Who writes on past the deadline is waited for anew: else each of their messages would be judged at once, and each look be void.
_END = """
update lead_watch w set lease_until = null, tries = case when $5 = 'later' then tries else 0 end,
    through_id = case when $5 = 'done' then $6 else through_id end,
    due_at = case when newest_id <> $6 and hard_at <= now() then now() + least(make_interval(secs => (
            select a.quiet_seconds from board_ai a where a.company_id = $1 and a.board_id = w.board_id)), $8::interval)
        when newest_id <> $6 then due_at when $5 = 'later' then $7::timestamptz end,
    hard_at = case when newest_id <> $6 and hard_at <= now() then now() + $8::interval
        when newest_id <> $6 then hard_at when $5 = 'later' then greatest(hard_at, $7) end
where company_id = $1 and conversation_id = $2 and board_id = $3 and epoch = $4
"""
_JUDGED = f"""
update lead_judging set state = $3, done_at = now(), steps = coalesce($4::jsonb, steps)
where company_id = $1 and id = $2 and state in ('{JudgingState.RUNNING.value}', '{JudgingState.LOST.value}')
"""


async def heard(w: Work, conversation_id: UUID, message: Inbound, message_id: UUID) -> None:
    """A customer wrote: boards that watch look once they pause. Not for past and late messages, signs without words, and who asked not to
    be written to."""
    if message.history or message.kind in MUTE or message.received_at < now() - LIVE:
        return
    if await inbound.wanted(w, w.company_id, message.kind, message.body) == "out":
        return
    await w.execute(_HEARD, w.company_id, conversation_id, message_id, HARD)


async def due(limit: int = 200) -> list[Due]:
    """What is to be judged now, or whose run died; the longest due first."""
    async with system_read() as s:
        return [Due(*row) for row in await s.fetch(_DUE, limit)]


async def begin(company_id: UUID, conversation_id: UUID, board_id: UUID) -> Judging | None:
    """Takes it for one run. None: another one has it, they write again, nobody wants it judged any more, or it was judged often enough for
    a day. Runs before that left no end are lost."""
    where = company_id, conversation_id, board_id
    async with work(worker(company_id), Permission.LEADS_WRITE) as w:
        may = await w.fetchrow(_MAY, *where, RUNS, MOST_A_DAY)
        if may is None:
            return None
        if not may["wanted"]:
            if await w.execute(_GIVE_UP, *where):
                await w.execute(_LEFT, *where)
            return None
        if may["full_until"] is not None:
            await w.execute(_PUT_OFF, *where, may["full_until"])
            return None
        row = await w.fetchrow(_BEGIN, *where, LEASE)
        if row is None:
            return None
        await w.execute(_LEFT, *where)
        judging = Judging(uuid7(), *where, row["newest_id"], row["through_id"], row["epoch"])
        await w.execute(
            "insert into lead_judging(company_id, id, board_id, conversation_id, through_id) values ($1, $2, $3, $4, $5)",
            company_id,
            judging.id,
            board_id,
            conversation_id,
            judging.through_id,
        )
        return judging


async def renew(judging: Judging) -> bool:
    """The run lives. False: the watch is not its any more, and nothing that it finds will be kept."""
    async with work(worker(judging.company_id), Permission.LEADS_WRITE) as w:
        return bool(await w.fetchval(_RENEW, *_where(judging), LEASE))


async def fail(judging: Judging, steps: object = None) -> None:
    """Nothing came of it: not connected, no budget, an answer that makes no sense. Judged again when somebody writes."""
    async with work(worker(judging.company_id), Permission.LEADS_WRITE) as w:
        await ended(w, judging, JudgingState.FAILED, steps)


async def later(judging: Judging, at: datetime, steps: object = None) -> None:
    """The model does not answer at the moment. After `RUNS` runs in a row it is given up."""
    async with work(worker(judging.company_id), Permission.LEADS_WRITE) as w:
        await ended(w, judging, JudgingState.LATER, steps, at)


async def lost(judging: Judging, steps: object = None) -> None:
    """The watch is another one's, or nobody's: what was asked and answered is kept all the same."""
    async with work(worker(judging.company_id), Permission.LEADS_WRITE) as w:
        await ended(w, judging, JudgingState.LOST, steps)


async def held(w: Work, judging: Judging, *, writes: bool = False) -> JudgingState:
    """Holds the conversation and the watch: RUNNING while it is the run's and nobody wrote since, OVERTAKEN when somebody did; LOST: it is
    not the run's any more. Before people, stages and leads in the order of locks. `writes`: nobody else answers until this ends."""
    await w.execute(_TALK_ALONE if writes else _TALK, judging.company_id, judging.conversation_id)
    newest = await w.fetchval(_HELD, *_where(judging))
    if newest is None:
        return JudgingState.LOST
    return JudgingState.RUNNING if newest == judging.through_id else JudgingState.OVERTAKEN


async def ended(w: Work, judging: Judging, state: JudgingState, steps: object = None, at: datetime | None = None) -> None:
    """The run is over; what came meanwhile stays due. LOST: the watch stays as it is."""
    kept = None if steps is None else storable.encoded(steps)
    if state is not JudgingState.LOST:
        await w.execute(_END, *_where(judging), state.value, judging.through_id, at, HARD)
    await w.execute(_JUDGED, judging.company_id, judging.id, state.value, kept)


def _where(judging: Judging) -> tuple[object, ...]:
    return judging.company_id, judging.conversation_id, judging.board_id, judging.epoch


async def forget_old(s: SystemWork) -> None:
    """Deletes what was asked and answered once it is older than its company keeps it, and the looks themselves after 90 days, where
    nothing of that is left."""
    await s.execute(
        "update lead_judging j set steps = null where steps is not null and at < now() - interval '1 day'"
        f" and at < now() - {safety.kept('j')}",
        safety.TRACE_DAYS,
    )
    await s.execute("delete from lead_judging where steps is null and at < now() - make_interval(days => $1)", KEPT_DAYS)
