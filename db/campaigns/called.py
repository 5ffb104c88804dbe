"""The calls of a campaign, every try and every callback, and their figures."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from msgspec import Struct

from db import limits
from db.campaigns.plan import PlanCalls
from db.errors import RequestError
from db.messages.enums import CallOutcome, CallStage
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Read, read


class CampaignCall(NamedTuple):
    """One call. `number`: which of the person's, from 1; `next_at`: when they are called again; `recording_id`: a file that can be heard."""

    id: UUID
    contact_id: UUID | None
    contact_name: str
    address: str
    at: datetime
    number: int
    callback: bool
    stage: int
    outcome: str | None
    started_at: datetime | None
    seconds: int | None
    summary: str | None
    sentiment: str | None
    next_at: datetime | None
    recording_id: UUID | None


# From the newest call back: a campaign's calls are among the last, however many others there are. A callback belongs to the campaign of the
# call that asked for it.
_CALLS = """
select c.id, m.contact_id, coalesce(p.name, '') as contact_name, m.address, c.created_at as at,
    (select count(*) + 1 from call e where e.company_id = $1 and e.try_of = m.id and e.created_at < c.created_at and e.id <> c.id)::int as number,
    m.campaign_id is null as callback, c.stage, c.outcome, c.started_at, c.seconds, c.summary, c.sentiment,
    case when m.queued and c.try_of is null then m.next_at end as next_at,
    (select f.id from message_file f where f.company_id = $1 and f.message_id = c.id and f.state = 'stored' order by f.number limit 1) as recording_id
from call c join message m on m.company_id = $1 and m.id = coalesce(c.try_of, c.id)
left join message o on o.company_id = $1 and o.id = case when m.dedupe_key like 'callback:%' then substr(m.dedupe_key, 10)::uuid end
left join contact p on p.company_id = $1 and p.id = m.contact_id
where c.company_id = $1 and coalesce(o.campaign_id, m.campaign_id) = $2 and c.created_at >= $3
    and (c.provider_call_id is not null or c.outcome is not null or m.provider_id is not null)
    and ($4::text is null or c.outcome = $4) and ($5::timestamptz is null or (c.created_at, c.id) < ($5, $6::uuid))
order by c.created_at desc, c.id desc limit $7
"""
_OUTCOMES = f"""
select c.outcome, c.stage < {CallStage.ENDED} as going_on, count(*)::int as n, coalesce(sum(c.seconds), 0)::int as seconds
from message m join call c on c.company_id = $1 and (c.id = m.id or c.try_of = m.id)
where m.company_id = $1 and m.campaign_id = $2 and (c.provider_call_id is not null or c.outcome is not null) group by 1, 2
"""
_AGAIN = """
select count(*)::int as people, min(m.next_at) as first from message m join call c on c.company_id = $1 and c.id = m.id and c.outcome is not null
where m.company_id = $1 and m.queue_id = $2 and m.queued
"""
_BACK = """
select count(*)::int from message m join message b on b.company_id = $1 and b.dedupe_key = 'callback:' || m.id and b.queued
where m.company_id = $1 and m.campaign_id = $2 and m.contact_id is not null
"""


class Ended(Struct, frozen=True):
    outcome: CallOutcome
    calls: int


class CallFigures(Struct, frozen=True):
    """`going_on` at this moment, of at most `places` (None: nobody knows); `again`: people who are called once more, the first at `again_at`;
    `callbacks` wait for the time that somebody wished. `outcomes`: all tries by how they ended, most first; `seconds`: they were spoken in all."""

    going_on: int
    places: int | None
    again: int
    again_at: datetime | None
    callbacks: int
    calls: int
    seconds: int
    outcomes: list[Ended]


async def calls(
    actor: Actor, campaign_id: UUID, *, outcome: CallOutcome | None, after: tuple[datetime, UUID] | None, limit: int
) -> list[CampaignCall]:
    """The newest first. Raises NotFound, Forbidden: what was said is for who sees conversations."""
    actor.require(Permission.CONVERSATIONS_READ)
    actor.require(Permission.CONTACTS_READ)
    async with read(actor, Permission.CAMPAIGNS_READ) as r:
        since = await r.fetchval(
            "select coalesce(started_at, created_at) from campaign where company_id = $1 and id = $2",
            actor.company_id,
            campaign_id,
        )
        if since is None:
            raise RequestError.NOT_FOUND(what="campaign")
        wanted = outcome.value if outcome is not None else None
        rows = await r.fetch(_CALLS, actor.company_id, campaign_id, since, wanted, *(after or (None, None)), limit)
    return [CampaignCall(*row) for row in rows]


async def figures(r: Read, campaign_id: UUID, channel_id: UUID, plan: PlanCalls) -> CallFigures:
    """Of one campaign that calls."""
    assert r.actor is not None
    company = r.actor.company_id
    rows = await r.fetch(_OUTCOMES, company, campaign_id)
    again = await r.fetchrow(_AGAIN, company, campaign_id)
    back = await r.fetchval(_BACK, company, campaign_id)
    held = await limits.places(r, company, channel_id, campaign_id)
    assert again is not None
    counted: dict[CallOutcome, int] = {}
    for row in rows:
        if row["outcome"] is not None:
            counted[CallOutcome(row["outcome"])] = counted.get(CallOutcome(row["outcome"]), 0) + row["n"]
    most = [places for places in (held.most, plan.at_once) if places is not None]
    return CallFigures(
        held.own,
        min(most, default=None),
        again["people"],
        again["first"],
        back,
        sum(row["n"] for row in rows),
        sum(row["seconds"] for row in rows),
        [Ended(*one) for one in sorted(counted.items(), key=lambda item: -item[1])],
    )
