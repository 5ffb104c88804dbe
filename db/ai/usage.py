"""What the AI was used for and what it cost: by day and persona, by purpose, by model, by conversation. Days are those of the company's time zone."""

from datetime import date, timedelta
from typing import NamedTuple
from uuid import UUID

import asyncpg

from db.ai.enums import Purpose
from db.ai.errors import AiField
from db.errors import RequestError
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Read, read

DAYS, MOST_DAYS = 30, 366
MOST_COSTLY = 10
"""Conversations that are named."""


class Sums(NamedTuple):
    """Of some calls. Tokens: `cached` and `cache_write` are among `input`. Micro-dollars: `cost` of those whose price is known, `unpriced` others have none;
    `saved` is what the `merged` messages would have cost, had each been answered by itself."""

    calls: int
    failed: int
    input: int
    cached: int
    cache_write: int
    output: int
    cost: int
    unpriced: int
    merged: int
    saved: int


class DayUsage(NamedTuple):
    """Of one day and persona; `persona_id` None: nobody's."""

    day: date
    persona_id: UUID | None
    persona: str
    sums: Sums


class ConversationUsage(NamedTuple):
    """`name`: of the person; empty when nobody knows it."""

    conversation_id: UUID
    name: str
    sums: Sums


class Usage(NamedTuple):
    """`conversations`: those that cost most, for who may read them."""

    since: date
    until: date
    total: Sums
    days: list[DayUsage]
    purposes: list[tuple[Purpose, Sums]]
    models: list[tuple[str, Sums]]
    conversations: list[ConversationUsage]


_SUMS = """
count(*) as calls, count(*) filter (where result not in ('answered', 'called', 'cut_off', 'refused', 'filtered')) as failed,
    coalesce(sum(input), 0)::bigint as input, coalesce(sum(cached), 0)::bigint as cached,
    coalesce(sum(cache_write), 0)::bigint as cache_write, coalesce(sum(output), 0)::bigint as output,
    coalesce(sum(cost), 0)::bigint as cost, count(*) filter (where cost is null and counted > 0) as unpriced,
    coalesce(sum(merged), 0)::bigint as merged, coalesce(sum(merged * coalesce(whole, cost, 0)), 0)::bigint as saved
"""
# Whole days of the company, so that an index finds them.
_THESE = """
from ai_usage u cross join (select time_zone as zone from company where id = $1) c
left join lateral (select sum(t.cost) as whole from ai_usage t where u.merged > 0 and t.company_id = $1 and t.conversation_id = u.conversation_id
    and t.turn_id = u.turn_id) turn on true
where u.company_id = $1 and u.result is not null and u.at >= ($2::date)::timestamp at time zone c.zone
    and u.at < ($3::date + 1)::timestamp at time zone c.zone
"""


async def usage(actor: Actor, since: date | None, until: date | None) -> Usage:
    """From the first day to the last one, both whole: the last 30 days unless said. What runs right now is not in it. Raises Invalid."""
    async with read(actor, Permission.AI_READ) as r:
        today = await r.fetchval("select (now() at time zone time_zone)::date from company where id = $1", actor.company_id)
        until = until or max(today, since or today)
        since = since or date.fromordinal(max(until.toordinal() - DAYS + 1, 1))
        if not timedelta(0) <= until - since < timedelta(days=MOST_DAYS):
            raise RequestError.INVALID(fields=[AiField.RANGE("since", days=MOST_DAYS)])
        return await usage_in(r, actor.company_id, since, until)


async def usage_in(r: Read, company_id: UUID, since: date, until: date) -> Usage:
    """The same inside a unit of work."""
    these = (company_id, since, until)
    total = await r.fetchrow(f"select {_SUMS} {_THESE}", *these)
    days = await r.fetch(
        f"select d.*, coalesce(p.name, '') as persona from (select (u.at at time zone c.zone)::date as day, u.persona_id, {_SUMS} {_THESE}"
        " group by 1, 2) d left join persona p on p.company_id = $1 and p.id = d.persona_id order by d.day, d.persona_id nulls last",
        *these,
    )
    purposes = await r.fetch(f"select u.purpose, {_SUMS} {_THESE} group by 1 order by cost desc, calls desc, 1", *these)
    models = await r.fetch(f"select u.model, {_SUMS} {_THESE} group by 1 order by cost desc, calls desc, 1", *these)
    costly = []
    if r.actor is not None and {Permission.CONVERSATIONS_READ, Permission.CONTACTS_READ} <= r.actor.permissions:
        costly = await r.fetch(
            f"select s.*, c.name from (select u.conversation_id, {_SUMS} {_THESE} and u.conversation_id is not null"
            " group by 1 order by cost desc, calls desc, 1 limit $4) s join conversation v on v.company_id = $1 and v.id = s.conversation_id"
            " join contact c on c.company_id = $1 and c.id = v.contact_id order by s.cost desc, s.calls desc, s.conversation_id",
            *these,
            MOST_COSTLY,
        )
    assert total is not None
    return Usage(
        since,
        until,
        _sums(total),
        [DayUsage(row["day"], row["persona_id"], row["persona"], _sums(row)) for row in days],
        [(Purpose(row["purpose"]), _sums(row)) for row in purposes],
        [(row["model"], _sums(row)) for row in models],
        [ConversationUsage(row["conversation_id"], row["name"], _sums(row)) for row in costly],
    )


def _sums(row: asyncpg.Record) -> Sums:
    return Sums(*(row[name] for name in Sums._fields))


async def cost_of_run(r: Read, company_id: UUID, conversation_id: UUID, run_id: UUID) -> int | None:
    """What the calls of one turn, look or assist cost together, in micro-dollars. None: there was none, or nobody knows the price of one."""
    cost: int | None = await r.fetchval(
        "select case when bool_and(cost is not null) then sum(cost)::bigint end from ai_usage"
        " where company_id = $1 and conversation_id = $2 and turn_id = $3 and result is not null",
        company_id,
        conversation_id,
        run_id,
    )
    return cost
