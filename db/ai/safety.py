"""What a company decides about its assistant's care: how long the traces of runs stay, and whether a service looks over texts."""

from typing import NamedTuple
from uuid import UUID

from db.permissions import Permission
from db.tenancy import Actor, worker
from db.versions import Expected, check
from db.work import Read, read, work

TRACE_DAYS = 30
"""So long traces stay where nobody chose."""
LONGEST = 730


def kept(table: str) -> str:
    """SQL: for how long the rows of `table` may say what was said; $1 is TRACE_DAYS. Never longer than the messages themselves."""
    return (
        f"make_interval(days => least(coalesce((select trace_days from ai_safety f where f.company_id = {table}.company_id), $1),"
        f" (select message_days from retention r where r.company_id = {table}.company_id)))"
    )


class Safety(NamedTuple):
    """`moderates`: what customers write and what the assistant would say is looked over before. `version` 0: nobody chose yet."""

    trace_days: int = TRACE_DAYS
    moderates: bool = False
    version: int = 0


async def safety_in(r: Read, company_id: UUID) -> Safety:
    row = await r.fetchrow("select trace_days, moderates, version from ai_safety where company_id = $1", company_id)
    return Safety() if row is None else Safety(**row)


async def safety(actor: Actor) -> Safety:
    async with read(actor, Permission.AI_READ) as r:
        return await safety_in(r, actor.company_id)


async def moderates(company_id: UUID) -> bool:
    """For workers."""
    return (await safety(worker(company_id))).moderates


async def set_safety(actor: Actor, trace_days: int, moderates: bool, expected: Expected = None) -> Safety:
    """From now on; traces that are older go within the hour. Raises PreconditionFailed."""
    async with work(actor, Permission.AI_WRITE) as w:
        await w.fetchval("select true from company where id = $1 for no key update", w.company_id)
        check((await safety_in(w, w.company_id)).version, expected)
        await w.execute(
            "insert into ai_safety(company_id, trace_days, moderates) values ($1, $2, $3) on conflict (company_id) do update"
            " set trace_days = excluded.trace_days, moderates = excluded.moderates, version = ai_safety.version + 1",
            w.company_id,
            trace_days,
            moderates,
        )
        w.audit("ai_safety.set", trace_days=trace_days, moderates=moderates)
        return await safety_in(w, w.company_id)
