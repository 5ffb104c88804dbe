"""One person joins a campaign because something happened: a form was sent, an order was made. Once per person and campaign, with everything
that protects people from a campaign's messages.

A draft takes them into its audience where that is a list of people; where it is a rule (a tag, a search) nobody is added beside it: a
choice does not widen in silence. One that runs, or ran to its end, gets one message more, with the text that was frozen at its launch.
"""

from uuid import UUID

import asyncpg
import msgspec

from db.campaigns import fallback, trial_run
from db.campaigns.announce import changed
from db.campaigns.audience import Audience, enlist, judge
from db.campaigns.enums import CampaignState, Enrolment
from db.campaigns.events import CampaignProgress
from db.campaigns.plan import plan_of
from db.campaigns.trial import fields_of
from db.channels.enums import TemplateCategory, TemplateStatus
from db.contacts import filters, segments
from db.contacts.filter import ContactFilter
from db.errors import RequestError
from db.messages import queueing, render
from db.messages.enums import DeliveryPolicy, SkipReason
from db.messages.render import TemplateContent
from db.providers import registry
from db.work import Work

MOST_CHOSEN = 10_000
_CAMPAIGN = f"""
select k.state, k.channel_id, k.audience::text as audience, k.settings::text as settings, k.policy, k.content::text as content, k.contents::text as contents, k.trial_state, k.trial_queue, k.trial_winner,
    c.kind, c.sandbox,
    k.template_id is null or exists (select from template t where t.company_id = $1 and t.id = k.template_id
        and t.status = '{TemplateStatus.APPROVED}') as approved
from campaign k left join channel c on c.company_id = $1 and c.id = k.channel_id where k.company_id = $1 and k.id = $2 and k.cadence_id is null and k.fallback_of is null
"""
# Also where another contact of the same address, or one that became part of this one, is in it.
_IN_IT = """
select exists (select from message where company_id = $1 and dedupe_key = $2::uuid::text || ':' || $3::uuid::text)
    or exists (select from message where company_id = $1 and contact_id = $3 and campaign_id = $2)
    or exists (select from contact_identity i join message m on m.company_id = $1 and m.contact_id = i.contact_id and m.campaign_id = $2
        where i.company_id = $1 and i.value = $4 and i.kind in ('phone', 'wa_id', 'bsuid'))
"""
_ONE_MORE = """
update campaign set audience_size = coalesce(audience_size, 0) + 1, finished_at = null,
    state = case when state = 'finished' then 'running' else state end,
    tally_width = case when state = 'finished' then null else tally_width end
where company_id = $1 and id = $2
"""


async def hold(w: Work, campaign_id: UUID) -> None:
    """Until this transaction ends the campaign stays in its state and its channel is not archived. Before the contact is held. Raises
    Unavailable while its audience is being written, which may take minutes."""
    row = await w.fetchrow("select state, channel_id from campaign where company_id = $1 and id = $2", w.company_id, campaign_id)
    if row is None:
        return
    if row["state"] == CampaignState.PREPARING:
        raise RequestError.UNAVAILABLE(retry_after=5)
    if row["channel_id"] is not None:
        await queueing.hold_open(w, row["channel_id"])
    await w.fetch("select from campaign where company_id = $1 and id = $2 for no key update", w.company_id, campaign_id)


async def enrol(w: Work, campaign_id: UUID, contact_id: UUID) -> Enrolment | SkipReason:
    """The campaign is held by `hold`, the contact by `answers.hold_still`. A SkipReason: they may not get it, and are not in it."""
    row = await w.fetchrow(_CAMPAIGN, w.company_id, campaign_id)
    if row is None:
        return Enrolment.GONE
    match row["state"]:
        case CampaignState.DRAFT | CampaignState.SCHEDULED:
            return await _choose(w, campaign_id, contact_id, msgspec.json.decode(row["audience"], type=ContactFilter))
        case CampaignState.RUNNING | CampaignState.PAUSED | CampaignState.FINISHED:
            return await _queue(w, campaign_id, contact_id, row)
        case CampaignState.PREPARING:
            raise RequestError.UNAVAILABLE(retry_after=5)
        case _:
            return Enrolment.OVER


async def _choose(w: Work, campaign_id: UUID, contact_id: UUID, audience: ContactFilter) -> Enrolment:
    args: list[object] = [w.company_id, contact_id]
    chosen = filters.picked(await segments.resolved(w, audience, kept=True), args)
    if await w.fetchval(f"select true from contact c where c.company_id = $1 and c.id = $2 and {chosen}", *args):
        return Enrolment.ALREADY
    if audience != ContactFilter(ids=audience.ids) or len(audience.ids) >= MOST_CHOSEN:
        return Enrolment.RULED
    await w.execute(
        "update campaign set audience = $3::jsonb where company_id = $1 and id = $2",
        w.company_id,
        campaign_id,
        msgspec.json.encode(ContactFilter(ids=[*audience.ids, contact_id])).decode(),
    )
    w.audit("campaign.enrolled", campaign_id, contact_id=str(contact_id))
    await changed(w, campaign_id)
    return Enrolment.CHOSEN


async def _queue(w: Work, campaign_id: UUID, contact_id: UUID, row: asyncpg.Record) -> Enrolment | SkipReason:
    channel_id: UUID = row["channel_id"]
    if not await queueing.hold_open(w, channel_id):
        return Enrolment.CHANNEL_GONE
    if not row["approved"]:
        return Enrolment.TEMPLATE_GONE
    content = render.decode(row["content"])
    texts = msgspec.json.decode(row["contents"], type=list[render.Content]) if row["contents"] else None

    def them() -> Audience:  # each statement has arguments of its own
        return Audience(
            w.company_id,
            row["kind"],
            ContactFilter(ids=[contact_id]),
            rehearsal=row["sandbox"],
            category=content.category if isinstance(content, TemplateContent) else TemplateCategory.MARKETING,
            skip_recent_days=plan_of(msgspec.json.decode(row["settings"])).skip_recent_days,
            campaign_id=campaign_id,
            fields=fields_of(content, texts),
        )

    person = await judge(w, them())
    address = person.address if person is not None else ""
    if await w.fetchval(_IN_IT, w.company_id, campaign_id, contact_id, address):
        return Enrolment.ALREADY
    if person is None or person.reason is not None:
        return SkipReason(person.reason) if person is not None and person.reason else SkipReason.NO_ADDRESS
    await enlist(
        w,
        them(),
        content,
        campaign_id=campaign_id,
        channel_id=channel_id,
        at_least_once=row["policy"] == DeliveryPolicy.AT_LEAST_ONCE
        and not registry.provider(row["kind"]).capabilities.calls,  # nobody is rung again blindly
    )
    if texts is not None:
        await trial_run.join(w, campaign_id, row)
    await w.execute(_ONE_MORE, w.company_id, campaign_id)
    await fallback.reopen(w, campaign_id)
    w.audit("campaign.enrolled", campaign_id, contact_id=str(contact_id))
    await changed(w, campaign_id)
    w.emit(CampaignProgress(campaign_id=campaign_id))
    return Enrolment.QUEUED
