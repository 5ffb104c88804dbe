"""What a campaign is for beyond an answer: a lead that moved, a tag that was set, a call to an incoming hook. Counted are people, each once, for
whom it happened within some days after the message was sent to them.

The events are looked up by their time and the messages of their people after that: the cost follows the events, not the campaign's size.
"""

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec

from db.campaigns.announce import changed
from db.campaigns.enums import CampaignGoalKind
from db.clock import now
from db.errors import RequestError, RequestField
from db.ids import first_of
from db.messages.enums import MessageState as M
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Read, work

DAYS = 7
# What failed brought nobody; an answer may be told before it is known that the message arrived.
_MESSAGES = f"""
join message m on m.company_id = $1 and m.contact_id = e.contact_id and m.campaign_id = any($2::uuid[])
    and (m.state in ({M.SENT}, {M.DELIVERED}, {M.READ}) or m.replied_at is not null) and e.at > m.sent_at and e.at <= m.sent_at + make_interval(days => $6)
"""
_EVENTS = {
    CampaignGoalKind.STAGE: """
select l.contact_id, h.at from lead_change h join lead l on l.company_id = $1 and l.id = h.lead_id
where h.company_id = $1 and h.id >= $3 and h.at <= $4 and l.contact_id is not null
    and (h.to_stage_id = any($5::uuid[]) or $5 = '{}'::uuid[] and h.kind = 'moved')
""",
    CampaignGoalKind.TAG: """
select t.contact_id, t.added_at as at from contact_tag t
where t.company_id = $1 and t.tag_id = any($5::uuid[]) and t.added_at >= $3 and t.added_at <= $4
""",
    CampaignGoalKind.HOOK: """
select d.contact_id, d.received_at as at from incoming_delivery d
where d.company_id = $1 and d.hook_id = any($5::uuid[]) and d.id >= $3 and d.received_at <= $4 and d.contact_id is not null
""",
}
_OF_KIND = {CampaignGoalKind.STAGE: "stage", CampaignGoalKind.TAG: "tag", CampaignGoalKind.HOOK: "incoming_hook"}
NEEDS = {
    CampaignGoalKind.STAGE: Permission.BOARDS_READ,
    CampaignGoalKind.TAG: Permission.CONTACTS_READ,
    CampaignGoalKind.HOOK: Permission.CAMPAIGNS_READ,
}
"""Who may be told how many reached it."""


class Goal(msgspec.Struct, frozen=True):
    """One of these stages, tags or hooks, within so many days; no stage named: any move of a lead."""

    kind: CampaignGoalKind = CampaignGoalKind.STAGE
    ids: list[UUID] = []
    days: int = DAYS


class Span(NamedTuple):
    """When a campaign sent."""

    started_at: datetime | None
    finished_at: datetime | None


async def goal(r: Read, campaign_id: UUID) -> Goal:
    """The campaign's own; any move of a lead unless somebody said."""
    assert r.actor is not None
    kept = await r.fetchval("select goal::text from campaign where company_id = $1 and id = $2", r.actor.company_id, campaign_id)
    return msgspec.json.decode(kept, type=Goal) if kept else Goal()


async def converted(r: Read, campaign_ids: list[UUID], wanted: Goal, span: Span) -> int | None:
    """How many people reached it by one of these; None where the reader may not be told."""
    assert r.actor is not None
    if NEEDS[wanted.kind] not in r.actor.permissions:
        return None
    if span.started_at is None:
        return 0
    since: object = span.started_at if wanted.kind is CampaignGoalKind.TAG else first_of(span.started_at)
    until = (span.finished_at or now()) + timedelta(days=wanted.days)
    found: int = await r.fetchval(
        f"select count(distinct e.contact_id) from ({_EVENTS[wanted.kind]}) e {_MESSAGES}",
        r.actor.company_id,
        campaign_ids,
        since,
        until,
        wanted.ids,
        wanted.days,
    )
    return found


async def set_goal(actor: Actor, campaign_id: UUID, wanted: Goal) -> Goal:
    """At any time: the figures are counted anew. Raises NotFound, Invalid for a tag or hook that is not named."""
    async with work(actor, Permission.CAMPAIGNS_WRITE) as w:
        actor.require(Permission.BOARDS_READ)
        actor.require(NEEDS[wanted.kind])
        if wanted.kind is not CampaignGoalKind.STAGE and not wanted.ids:
            raise RequestError.INVALID(fields=[RequestField.REQUIRED("ids")])
        ids = list(dict.fromkeys(wanted.ids))
        there = await w.fetchval(
            f"select count(*) from {_OF_KIND[wanted.kind]} where company_id = $1 and id = any($2::uuid[])", w.company_id, ids
        )
        if there != len(ids):
            raise RequestError.NOT_FOUND(what=_OF_KIND[wanted.kind])
        kept = msgspec.structs.replace(wanted, ids=ids)
        done = await w.execute(
            "update campaign set goal = $3::jsonb where company_id = $1 and id = $2 and cadence_id is null",
            w.company_id,
            campaign_id,
            msgspec.json.encode(kept).decode(),
        )
        if not done:
            raise RequestError.NOT_FOUND(what="campaign")
        w.audit("campaign.goal_set", campaign_id, kind=kept.kind.value, days=kept.days)
        await changed(w, campaign_id)
        return kept
