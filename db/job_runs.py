"""The row of a job while it runs: claimed under a lease by turns of companies, and its outcome, fenced by the number of the try.

A run whose lease was taken over writes nothing. What a run does, and which outcome it has: `workers/runtime.py`.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from db import installation
from db.jobs import ALONE, Job, QueueName
from db.work import SystemWork, system_read, system_work

LEASE_MARGIN = 5  # seconds that a lease is longer than its job may take

# By turns: companies that are full not at all, then the order that is given, first those that are not in it.
_CLAIM = """
update job set state = 'running', tries = tries + 1, lease_until = now() + make_interval(secs => kind.seconds)
from (
    select id from job
    where ($1::uuid is null or id = $1) and ($2::text is null or queue = $2) and company_id <> all($3::uuid[]) and name = any($5)
        and (state = 'waiting' and next_at <= now() + interval '1 second' or state = 'running' and lease_until < now())
        and (select at_home($8, $9, $10))
        and not (queue = any($7::text[]) and exists (select from job o where o.company_id = job.company_id and o.queue = job.queue
            and o.state = 'running' and o.id <> job.id))
    order by array_position($4::uuid[], company_id) nulls first, next_at, id limit 1 for update skip locked
) next, unnest($5::text[], $6::float8[]) kind(name, seconds)
where job.id = next.id and kind.name = job.name
returning job.company_id, job.id, job.payload, job.tries, job.max_tries
"""
_PROLONG = """
update job set lease_until = greatest(lease_until, now() + make_interval(secs => $3)) where id = $1 and tries = $2 and state = 'running'
returning true
"""
_DONE = "delete from job where id = $1 and tries = $2"
_AGAIN = """
update job set state = 'waiting', lease_until = null, next_at = $3, last_error = $4, tries = tries - $5,
    key = case when $6 or exists (select from job o where o.company_id = job.company_id and o.key = job.key and o.state = 'waiting')
        then null else key end
where id = $1 and tries = $2 and state = 'running'
"""
_DEAD = "update job set state = 'dead', lease_until = null, last_error = $3 where id = $1 and tries = $2"
_NEXT = """
select id, queue, next_at from job where company_id = $1 and queue = $2 and state = 'waiting' and next_at <= now()
order by next_at, id limit 1
"""
# By turns, so that who has many due jobs holds nobody else's up.
_DUE = """
select id, queue, next_at from (
    select id, queue, next_at, row_number() over (partition by company_id, queue order by state, next_at, id) as place from job
    where state = 'waiting' and next_at <= now() or state = 'running' and lease_until < now()) due
where place = 1 or queue <> all($1::text[])
order by place, next_at limit 500
"""


class Claimed(NamedTuple):
    company_id: UUID
    id: UUID
    payload: str
    tries: int
    max_tries: int


class Due(NamedTuple):
    id: UUID
    queue: str
    next_at: datetime


async def claim(
    kinds: list[type[Job]], *, job_id: UUID | None = None, name: QueueName | None = None, full: list[UUID], order: list[UUID]
) -> Claimed | None:
    """Takes one due job, or None: this one (`job_id`), or the next of a queue (`name`) of a company that is not `full`, first of
    those that are not in `order`, then by it. Only of `kinds`, and only in a database that this process knows."""
    try:
        async with system_work() as s:
            row = await s.fetchrow(
                _CLAIM,
                job_id,
                name,
                full,
                order,
                [kind.__name__ for kind in kinds],
                [(kind.lease or kind.timeout) + LEASE_MARGIN for kind in kinds],
                list(ALONE),
                *installation.fence(),
            )
    except asyncpg.UniqueViolationError:  # two of a company that run alone were claimed at the same moment
        return None
    return Claimed(*row) if row else None


async def prolong(job_id: UUID, tries: int, seconds: float) -> bool:
    """It still runs, and is nobody else's for so long from now; False: it is not its own any more."""
    async with system_work() as s:
        return await s.fetchval(_PROLONG, job_id, tries, seconds + LEASE_MARGIN) is True


async def done(job_id: UUID, tries: int) -> None:
    """It did what it was for: the row goes."""
    async with system_work() as s:
        await s.execute(_DONE, job_id, tries)


async def again(job_id: UUID, tries: int, at: datetime, error: str | None, *, counts: bool) -> None:
    """The row waits once more, without its key when another one waits under it. `counts`: this was a try."""
    forgiven = 0 if counts else 1
    try:
        async with system_work() as s:
            await s.execute(_AGAIN, job_id, tries, at, error, forgiven, False)
    except asyncpg.UniqueViolationError:  # the other one was being written and could not be seen: the index made us wait for it
        async with system_work() as s:
            await s.execute(_AGAIN, job_id, tries, at, error, forgiven, True)


async def dead(job_id: UUID, tries: int, reason: str) -> None:
    """It is never tried again; the row stays for a while with the reason."""
    async with system_work() as s:
        await s.execute(_DEAD, job_id, tries, reason)


async def next_of(company_id: UUID, name: QueueName) -> list[Due]:
    """The job of a company that is next in a queue, if one is due."""
    async with system_read() as s:
        return [Due(*row) for row in await s.fetch(_NEXT, company_id, name)]


async def due() -> list[Due]:
    """Due jobs by turns of companies, at most 500."""
    async with system_read() as s:
        return [Due(*row) for row in await s.fetch(_DUE, list(ALONE))]


async def forget_dead(s: SystemWork) -> None:
    """Deletes jobs that nobody tries any more after 30 days."""
    await s.execute("delete from job where state = 'dead' and created_at < now() - interval '30 days'")
