"""The figures of the first page, from tallies and small tables: it never walks through messages."""

from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import msgspec

from db.clock import now
from db.messages.enums import MessageState
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Read, read

DAYS = 14

_COUNTS = """
select c.name, c.time_zone,
    (select count(*) from contact where company_id = $1) as contacts,
    (select count(*) from channel where company_id = $1 and archived_at is null) as channels,
    (select count(*) from campaign where company_id = $1) as campaigns
from company c where c.id = $1
"""
# The same audience as queries.tallies: without those left out when it was made, with those who opt out later.
_RUNNING = """
select c.id, c.name, c.state, coalesce(ch.name, '') as channel_name, c.scheduled_at,
    coalesce(t.audience, 0)::int as audience, coalesce(t.audience - t.waiting, 0)::int as done,
    case when ch.state = 'paused' and ch.state_reason = 'provider_outage' then ch.outage_since end as outage_since
from campaign c
left join channel ch on ch.company_id = c.company_id and ch.id = c.channel_id
left join lateral (
    select at from message_tally where company_id = c.company_id and campaign_id = c.id and state in (0, 8) and delta > 0
    order by at limit 1
) f on true
left join lateral (
    select coalesce(sum(delta) filter (where state <> 100 and (state <> 8 or at > f.at + interval '100 ms')), 0) as audience,
        coalesce(sum(delta) filter (where state in (0, 1, 9)), 0) as waiting
    from message_tally where company_id = c.company_id and campaign_id = c.id
) t on true
where c.company_id = $1 and c.state in ('scheduled', 'preparing', 'running', 'paused')
order by array_position(array['running', 'preparing', 'paused', 'scheduled'], c.state), c.scheduled_at nulls last, c.id desc limit 10
"""
# A state's share of a day is what entered it less what left it, so "sent" takes in what has since been delivered or read.
_DAYS = """
select (t.at at time zone $3)::date as day,
    coalesce(sum(t.delta) filter (where t.state in (3, 4, 5)), 0)::int as sent,
    coalesce(sum(t.delta) filter (where t.state in (4, 5)), 0)::int as delivered
from message_tally t join campaign c on c.company_id = t.company_id and c.id = t.campaign_id
where t.company_id = $1 and t.at >= $2 and coalesce(c.finished_at, now()) >= $2 - interval '7 days' group by 1
"""
_REPLIES = """
select (received_at at time zone $3)::date as day, count(*)::int as replied from inbound_message
where company_id = $1 and received_at >= $2 and campaign_id is not null group by 1
"""
_ATTENTION = """
(select 'channel_' || state as code, id as subject_id, name as subject, coalesce(state_reason, state_detail) as detail, null::int as count,
    1 as rank, created_at as at
from channel where company_id = $1 and archived_at is null and state in ('error', 'paused') limit 20)
union all
(select 'campaign_' || state, id, name, state_reason, null, 2, updated_at from campaign
where company_id = $1 and ((state = 'paused' and state_reason is distinct from 'person')
    or (state = 'failed' and coalesce(finished_at, updated_at) > now() - interval '7 days')) limit 20)
union all
(select 'import_rejects', id, filename, null, rejected, 3, finished_at from contact_import
where company_id = $1 and rejected > 0 and finished_at > now() - interval '7 days' order by finished_at desc limit 10)
union all
(select 'unknown_outcomes', c.id, c.name, null, sum(t.delta)::int, 4, max(c.updated_at) from campaign c
join message_tally t on t.company_id = c.company_id and t.campaign_id = c.id and t.state = 7
where c.company_id = $1 and coalesce(c.finished_at, now()) > now() - interval '7 days'
group by c.id, c.name having sum(t.delta) > 0 limit 20)
order by rank, at desc
"""

assert (MessageState.QUEUED, MessageState.SENDING, MessageState.UNKNOWN) == (0, 1, 2)
assert (MessageState.SENT, MessageState.DELIVERED, MessageState.READ, MessageState.FAILED_UNKNOWN) == (3, 4, 5, 7)
assert int(MessageState.SKIPPED) == 8


class Day(msgspec.Struct, frozen=True):
    day: str
    sent: int
    delivered: int
    replied: int


class Figures(msgspec.Struct, frozen=True):
    """Everything on the first page; rows have the columns of the contract."""

    counts: asyncpg.Record
    running: list[asyncpg.Record]
    days: list[Day]
    attention: list[asyncpg.Record]


async def figures(actor: Actor) -> Figures:
    """Needs `campaigns:read`."""
    async with read(actor, Permission.CAMPAIGNS_READ) as r:
        counts = await r.fetchrow(_COUNTS, actor.company_id)
        assert counts is not None
        running = await r.fetch(_RUNNING, actor.company_id)
        days = await _days(r, actor.company_id, counts["time_zone"])
        return Figures(counts, running, days, await r.fetch(_ATTENTION, actor.company_id))


async def _days(r: Read, company_id: UUID, time_zone: str) -> list[Day]:
    """The last 14 days of the company's own calendar, oldest first, also those on which nothing happened."""
    zone = ZoneInfo(time_zone)
    today: date = now().astimezone(zone).date()
    first = today - timedelta(days=DAYS - 1)
    since = datetime(first.year, first.month, first.day, tzinfo=zone)
    sent = {row["day"]: row for row in await r.fetch(_DAYS, company_id, since, time_zone)}
    replied = {row["day"]: row["replied"] for row in await r.fetch(_REPLIES, company_id, since, time_zone)}
    found = []
    for offset in range(DAYS):
        day = first + timedelta(days=offset)
        row = sent.get(day)
        found.append(
            Day(day.isoformat(), max(0, row["sent"]) if row else 0, max(0, row["delivered"]) if row else 0, replied.get(day, 0))
        )
    return found
