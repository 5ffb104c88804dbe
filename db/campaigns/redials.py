"""Who is called again by a campaign, and who is called back: decided once about each call that is over (`dispositions.py`), in rounds.

Whoever may have been reached is not called again; nor is anybody while nobody knows what became of their call.
"""

from datetime import datetime
from uuid import UUID

import msgspec

from db.campaigns import dispositions
from db.campaigns.events import CampaignProgress
from db.campaigns.plan import PlanCalls, plan_of
from db.clock import now
from db.contacts import consent
from db.messages import queueing, render, tries
from db.messages.enums import CallOutcome
from db.messages.render import ScriptContent
from db.messages.scripts import ScriptSender
from db.messages.tries import Over
from db.permissions import Permission
from db.tenancy import worker
from db.work import Work, work

MOST = 500  # with one round
_CAMPAIGN = """
select k.channel_id, k.state, k.settings::text as settings, k.content::text as content, c.sandbox from campaign k
join channel c on c.company_id = $1 and c.id = k.channel_id where k.company_id = $1 and k.id = $2 for update of k skip locked
"""
GOING = ("running", "paused", "held", "finished")
"""A campaign in one of these states calls again; one that was cancelled or failed does not."""


async def rounds() -> int:
    """One look at all campaigns that call. Any number of workers may do it at once. Returns about how many calls something was decided."""
    return sum([await _round(company_id, campaign_id) for company_id, campaign_id in await tries.campaigns()])


async def _round(company_id: UUID, campaign_id: UUID) -> int:
    async with work(worker(company_id), Permission.CAMPAIGNS_SEND) as w:
        row = await w.fetchrow(_CAMPAIGN, company_id, campaign_id)
        if row is None:
            return 0
        await consent.hold(w)
        found = await tries.over(w, campaign_id, MOST)
        plan = plan_of(msgspec.json.decode(row["settings"])).calls
        again: dict[UUID, datetime] = {}
        for one in found if row["state"] in GOING else []:
            at = (
                dispositions.again(plan, _outcome(one), one.tries, one.ended_at, simulated=row["sandbox"]) if one.failed else None
            )
            if at is not None:
                again[one.message_id] = at
        await tries.decide(w, [one.message_id for one in found], again)
        if row["state"] in GOING and plan.callback and row["content"] is not None:
            await _back(w, row["channel_id"], render.decode(row["content"]), plan, found)
        if found:
            w.emit(CampaignProgress(campaign_id=campaign_id))
    return len(found)


def _outcome(one: Over) -> CallOutcome | None:
    return CallOutcome(one.outcome) if one.outcome is not None else dispositions.BY_REASON.get(one.reason or "")


async def _back(w: Work, channel_id: UUID, content: render.Content, plan: PlanCalls, found: list[Over]) -> None:
    """Whoever asked for it, and does not refuse it since, gets one call more, outside the campaign's counts: they were reached."""
    if not isinstance(content, ScriptContent):
        return
    sender = ScriptSender(content)
    wanted = await tries.wanted(w, w.company_id, [one.message_id for one in found])
    for one in found:
        at = dispositions.back(plan, _outcome(one), one.callback_at, one.ended_at, now()) if not one.failed else None
        if at is None or one.contact_id is None or one.message_id not in wanted or not await queueing.hold_open(w, channel_id):
            continue
        await queueing.queue(
            w,
            channel_id,
            purpose="callback",
            contact_id=one.contact_id,
            address=one.address,
            content=render.encode(sender.call(one.params)),
            not_before=at,
            key=f"callback:{one.message_id}",
        )
