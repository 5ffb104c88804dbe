"""Who takes calls: people say so themselves, with the number where they are reached and what they are good at."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from db.accounts.errors import AccountError
from db.conversations.routing import ANSWERS
from db.errors import RequestError
from db.permissions import Permission
from db.tenancy import Actor
from db.transfers.enums import Overflow
from db.transfers.errors import TransferField
from db.transfers.events import CallQueueChanged
from db.work import Read, read, work

MOST_SKILLS = 10


class Agent(NamedTuple):
    """`busy`: their page rings, or they speak."""

    user_id: UUID
    name: str
    available: bool
    since: datetime
    phone: str | None
    skills: list[str]
    busy: bool


class Queue(NamedTuple):
    """How calls ring: so long at each, at so many people at most, and what is offered when nobody takes one."""

    ring_seconds: int
    most_rings: int
    overflow: Overflow


BUSY = """(exists (select from call_ring b where b.company_id = $1 and b.user_id = a.user_id and b.state = 'ringing')
    or exists (select from call_transfer t join call c on c.company_id = $1 and c.id = t.call_id
        where t.company_id = $1 and t.user_id = a.user_id and c.stage < 2
            and (t.state = 'accepted' or t.outcome = 'connected')))"""
_AGENTS = f"""
select a.user_id, u.name, a.available, a.since, a.phone, a.skills, {BUSY} as busy
from call_agent a join account_user u on u.id = a.user_id
where a.company_id = $1
"""
_SET = f"""
insert into call_agent(company_id, user_id, available, phone, skills)
select $1, $2, $3, $4, $5::text[] from membership p where p.company_id = $1 and p.user_id = $2 and {ANSWERS}
on conflict (company_id, user_id) do update set available = excluded.available, phone = excluded.phone, skills = excluded.skills,
    since = case when call_agent.available = excluded.available then call_agent.since else now() end
"""


async def agents(actor: Actor) -> list[Agent]:
    """Everybody who ever took calls, those who do first."""
    async with read(actor, Permission.CONVERSATIONS_READ) as r:
        rows = await r.fetch(f"{_AGENTS} order by a.available desc, fold(u.name), a.user_id", actor.company_id)
        return [Agent(*row) for row in rows]


async def say(actor: Actor, *, available: bool, phone: str | None, skills: Sequence[str]) -> Agent:
    """The caller takes calls, or does not. Raises Invalid without a number, Forbidden `people_only`."""
    if actor.kind != "user" or actor.id is None:
        raise AccountError.PEOPLE_ONLY()
    if available and not phone:
        raise RequestError.INVALID(fields=[TransferField.PHONE("phone")])
    told = list(dict.fromkeys(" ".join(skill.split()).lower() for skill in skills if skill.strip()))[:MOST_SKILLS]
    async with work(actor, Permission.CONVERSATIONS_WRITE) as w:
        await w.execute(_SET, w.company_id, actor.id, available, phone, told)
        w.audit("call_agent.available" if available else "call_agent.away", actor.id)
        w.emit(CallQueueChanged())
        row = await w.fetchrow(f"{_AGENTS} and a.user_id = $2", w.company_id, actor.id)
        if row is None:
            raise AccountError.PEOPLE_ONLY()
        return Agent(*row)


async def queue(actor: Actor) -> Queue:
    async with read(actor, Permission.CONVERSATIONS_READ) as r:
        return await queue_of(r, actor.company_id)


async def set_queue(actor: Actor, wanted: Queue) -> Queue:
    async with work(actor, Permission.TEAM_WRITE) as w:
        await w.execute(
            "insert into call_queue(company_id, ring_seconds, most_rings, overflow) values ($1, $2, $3, $4)"
            " on conflict (company_id) do update set ring_seconds = excluded.ring_seconds, most_rings = excluded.most_rings,"
            " overflow = excluded.overflow",
            w.company_id,
            wanted.ring_seconds,
            wanted.most_rings,
            wanted.overflow.value,
        )
        w.audit("call_queue.changed", None, **msgspec.to_builtins(wanted._asdict()))
        w.emit(CallQueueChanged())
        return wanted


async def queue_of(r: Read, company_id: UUID) -> Queue:
    row = await r.fetchrow("select ring_seconds, most_rings, overflow from call_queue where company_id = $1", company_id)
    return Queue(20, 3, Overflow.CALLBACK) if row is None else Queue(row[0], row[1], Overflow(row[2]))
