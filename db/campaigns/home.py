"""The figures of the first page, from tallies and small tables: it never reads single messages."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import msgspec

from db.ai import attention as ai_attention
from db.campaigns import failed_jobs
from db.campaigns.together import together
from db.campaigns.trial import WAITS
from db.clock import now
from db.contacts.enums import SAMPLE
from db.conversations import late
from db.costs import caps
from db.messages.enums import MessageState as M
from db.permissions import Permission
from db.providers.registry import providers
from db.stats.metrics import Metric
from db.stats.queries import daily
from db.tenancy import Actor
from db.work import Read, read

DAYS = 14

# The simulators of the demo company play its real channels.
_COUNTS = """
select c.name, c.time_zone,
    (select count(*) from contact where company_id = $1) as contacts,
    exists (select 1 from contact where company_id = $1 and source <> $3) as own_contacts,
    (select count(*) from channel where company_id = $1 and archived_at is null and (not sandbox or c.demo)) as channels,
    (select count(*) from campaign where company_id = $1 and cadence_id is null and fallback_of is null) as campaigns,
    exists (select 1 from campaign where company_id = $1 and launched_at is not null) as rehearsed,
    exists (select 1 from campaign g join channel h on h.company_id = $1 and h.id = g.channel_id
        where g.company_id = $1 and g.launched_at is not null and (not h.sandbox or c.demo)) as launched,
    not exists (select 1 from channel where company_id = $1 and archived_at is null and kind = any($2) and (not sandbox or c.demo))
        or exists (select 1 from template t join channel h on h.company_id = $1 and h.id = t.channel_id and h.archived_at is null
            where t.company_id = $1 and t.status = 'approved' and (not h.sandbox or c.demo)) as writable,
    exists (select 1 from channel h where h.company_id = $1 and (not h.sandbox or c.demo) and (
        exists (select 1 from stat_day s where s.company_id = $1 and s.metric = $4 and s.dim1 = h.id and s.n > 0)
        or exists (select 1 from stat_delta s where s.company_id = $1 and s.metric = $4 and s.dim1 = h.id and s.n > 0))) as delivered,
    coalesce((select steps_away_at is not null from membership where company_id = $1 and user_id = $5), false) as steps_away
from company c where c.id = $1
"""
_RUNNING = """
select c.id, c.name, c.state, coalesce(ch.name, '') as channel_name, c.scheduled_at,
    case when ch.state = 'paused' and ch.state_reason = 'provider_outage' then ch.outage_since end as outage_since
from campaign c
left join channel ch on ch.company_id = c.company_id and ch.id = c.channel_id
where c.company_id = $1 and c.cadence_id is null and c.fallback_of is null and c.state in ('scheduled', 'preparing', 'running', 'paused')
order by array_position(array['running', 'preparing', 'paused', 'scheduled'], c.state), c.scheduled_at nulls last, c.id desc limit 10
"""
_ATTENTION = f"""
(select 'channel_' || state as code, id as subject_id, name as subject, coalesce(state_reason, state_detail) as detail, null::int as count,
    1 as rank, created_at as at
from channel where company_id = $1 and archived_at is null and state in ('error', 'paused') limit 20)
union all
(select 'channel_notice', n.channel_id, c.name, n.code, null, 1, n.created_at from channel_notice n
join channel c on c.company_id = $1 and c.id = n.channel_id and c.archived_at is null
where n.company_id = $1 and n.closed_at is null
    and n.code not in ('quality_dropped', 'template_rejected', 'template_paused', 'template_disabled') -- they stand below as what they are now
order by n.id desc limit 20)
union all
(select 'channel_quality', id, name, quality, null, 2, coalesce(checked_at, created_at) from channel
where company_id = $1 and archived_at is null and quality in ('yellow', 'red') limit 20)
union all
(select 'template_stopped', t.id, t.name, t.status, null, 2, coalesce(t.status_at, t.created_at) from template t
join channel c on c.company_id = $1 and c.id = t.channel_id and c.archived_at is null
where t.company_id = $1 and t.status in ('paused', 'rejected', 'disabled')
    and coalesce(t.status_at, t.created_at) > now() - interval '14 days' order by t.id desc limit 20)
union all
(select 'import_failed', id, filename, null, null, 3, finished_at from contact_import
where company_id = $1 and state = 'failed' and finished_at > now() - interval '7 days' order by finished_at desc limit 10)
union all
(select 'campaign_' || state, coalesce(fallback_of, id), name, state_reason, null, 2, updated_at from campaign
where company_id = $1 and cadence_id is null and ((state = 'paused' and state_reason is distinct from 'person')
    or (state = 'failed' and coalesce(finished_at, updated_at) > now() - interval '7 days')) limit 20)
union all
(select 'trial_waits', k.id, k.name, null, null, 2, coalesce(k.trial_due, k.started_at, k.updated_at) from campaign k where k.company_id = $1 and {WAITS} limit 20)
union all
(select 'import_rejects', id, filename, null, rejected, 3, finished_at from contact_import
where company_id = $1 and rejected > 0 and finished_at > now() - interval '7 days' order by finished_at desc limit 10)
union all
(select 'unknown_outcomes', coalesce(c.fallback_of, c.id), c.name, null, sum(t.delta)::int, 4, max(c.updated_at) from campaign c
join message_tally t on t.company_id = c.company_id and t.campaign_id = c.id and t.state = {M.FAILED_UNKNOWN}
where c.company_id = $1 and c.cadence_id is null and coalesce(c.finished_at, now()) > now() - interval '7 days'
group by c.id, c.name, c.fallback_of having sum(t.delta) > 0 limit 20)
order by rank, at desc
"""
# Where one conversation is meant it is named, of several their number.
_ASSISTANT = """
select 'assistant_stopped' as code, case when count(*) = 1 then (array_agg(a.conversation_id))[1] else $1 end as subject_id,
    coalesce(max(nullif(c.name, '')), max(v.address)) as subject, a.alarm as detail, count(*)::int as count
from ai_conversation a join conversation v on v.company_id = $1 and v.id = a.conversation_id and v.state <> 'closed'
join contact c on c.company_id = $1 and c.id = v.contact_id
where a.company_id = $1 and a.alarm is not null group by a.alarm order by max(a.alarm_at) desc limit 5
"""


class Day(msgspec.Struct, frozen=True):
    day: str
    sent: int
    delivered: int
    replied: int


class Figures(msgspec.Struct, frozen=True):
    """Everything on the first page; rows have the columns of the contract."""

    counts: asyncpg.Record
    running: list[dict[str, Any]]
    days: list[Day]
    attention: list[dict[str, Any]]


async def figures(actor: Actor) -> Figures:
    """Needs `campaigns:read`."""
    async with read(actor, Permission.CAMPAIGNS_READ) as r:
        bound = [one.kind for one in providers() if one.capabilities.campaign_content == "template"]
        counts = await r.fetchrow(_COUNTS, actor.company_id, bound, SAMPLE, int(Metric.DELIVERED), actor.id)
        assert counts is not None
        rows = await r.fetch(_RUNNING, actor.company_id)
        counted = await together(r, [row["id"] for row in rows])
        running = [{**row, "figures": counted[row["id"]].figures} for row in rows]
        days = await _days(r, actor.company_id, counts["time_zone"])
        attention = [dict(row) for row in await r.fetch(_ATTENTION, actor.company_id)]
        waits = await late.count(r, actor.company_id) if Permission.CONVERSATIONS_READ in actor.permissions else 0
        if waits:
            who = {"subject_id": actor.company_id, "subject": counts["name"], "detail": None, "count": waits}
            attention.insert(0, {"code": "late_answers", **who})
        if Permission.CONVERSATIONS_READ in actor.permissions:
            attention[:0] = [dict(row) for row in await r.fetch(_ASSISTANT, actor.company_id)]
        attention[:0] = await caps.waiting(r, actor.company_id)
        if Permission.AI_READ in actor.permissions:
            attention[:0] = await ai_attention.waiting(r, actor.company_id)
        return Figures(counts, running, days, attention + await failed_jobs.undone(r, actor.company_id))


async def _days(r: Read, company_id: UUID, time_zone: str) -> list[Day]:
    """The last 14 days of the company's own calendar, oldest first, also those on which nothing happened."""
    today: date = now().astimezone(ZoneInfo(time_zone)).date()
    days = [today - timedelta(days=ago) for ago in reversed(range(DAYS))]
    counted = await daily(r, company_id, [Metric.SENT, Metric.DELIVERED, Metric.REPLIED], days[0], today)
    return [
        Day(day.isoformat(), *(counted.get((day, m), 0) for m in (Metric.SENT, Metric.DELIVERED, Metric.REPLIED))) for day in days
    ]
