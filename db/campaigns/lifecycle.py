"""What happens to a campaign without a person: prepared, stopped by a provider, resumed, finished. People's moves: actions.py."""

from uuid import UUID

import msgspec

from db.campaigns import fallback, trial_run, warm_up
from db.campaigns.announce import changed
from db.campaigns.audience import Audience, materialise
from db.campaigns.enums import CampaignState
from db.campaigns.plan import plan_of
from db.campaigns.spread import lay_out
from db.campaigns.trial import fields_of, trial_of
from db.channels.enums import TemplateCategory, TemplateStatus
from db.clock import now
from db.contacts import consent, segments
from db.contacts.filter import ContactFilter
from db.messages import contacted, header_files, lost, queueing, recipients, render, tries
from db.messages.enums import DeliveryPolicy, MessageState
from db.messages.reasons import FailureReason
from db.notifications import calls
from db.notifications.enums import NotificationKind
from db.permissions import Permission
from db.providers import registry
from db.tenancy import worker
from db.work import Read, Work, system_read, work

CLOSE_BATCH = 20_000

# One that still has somebody queued is not over: nothing is asked about it, or a round over many would take as long as they do.
_TO_SETTLE = """
select company_id, id from campaign k where finished_at is null and (
    state in ('cancelled', 'failed') or state = 'paused' and resume_at <= now()
    or state = 'running' and not cadence_open and (trial_state is null or trial_state = 'decided') and (select true from message m where m.queue_id = k.id and m.queued order by m.next_at limit 1) is null)
"""
_WITHOUT_FILE = f"""
select distinct k.company_id, k.channel_id, k.header_file_id from campaign k
where k.state = 'running' and k.header_file_id is not null and not {header_files.HAS}
"""
_OPEN_MESSAGES = (
    "select coalesce(sum(delta), 0)::bigint from message_tally where company_id = $1 and campaign_id = $2"
    f" and state in ({MessageState.QUEUED}, {MessageState.SENDING}, {MessageState.UNKNOWN})"
)
# Under review again it may still be sent, and so may one that was edited too often.
STOPPED = (
    TemplateStatus.PAUSED,
    TemplateStatus.DISABLED,
    TemplateStatus.REJECTED,
    TemplateStatus.IN_APPEAL,
    TemplateStatus.ARCHIVED,
    TemplateStatus.DELETED,
)
_OTHERS = (
    "k.trial is not null and jsonb_path_exists(k.trial, '$.variants[*] ? (@.template_id == $id)', jsonb_build_object('id', t.id))"
)
_PAUSE_STOPPED = f"""
update campaign k set state = 'paused', state_detail = null, resume_at = null, state_reason = case t.status
    when '{TemplateStatus.PAUSED}' then '{FailureReason.TEMPLATE_PAUSED}' when '{TemplateStatus.DELETED}' then '{FailureReason.TEMPLATE_MISSING}'
    else '{FailureReason.TEMPLATE_DISABLED}' end
from template t
where k.company_id = $1 and k.channel_id = $2 and k.state = 'running' and t.company_id = $1 and t.status = any($3::text[])
    and (t.id = k.template_id or {_OTHERS})
returning k.id, k.state_reason, k.created_by
"""
_HAS_STOPPED = f"""
select exists (select from campaign k join template t on t.company_id = $1 and (t.id = k.template_id or {_OTHERS})
    where k.company_id = $1 and k.id = $2 and t.status = any($3::text[]))
"""


async def contents(r: Read, campaign_id: UUID) -> list[str]:
    """The frozen texts (JSON) of a running campaign, by variant."""
    assert r.actor is not None
    row = await r.fetchrow(
        "select content::text as content, (select array_agg(one::text order by n) from jsonb_array_elements(contents) with ordinality"
        " v(one, n)) as contents from campaign where company_id = $1 and id = $2 and content is not null",
        r.actor.company_id,
        campaign_id,
    )
    return list(row["contents"] or [row["content"]]) if row is not None else []


async def prepare(company_id: UUID, campaign_id: UUID) -> int:
    """Materialises the audience and lets the campaign run. Does nothing unless it is waiting for that. Returns the audience."""
    async with work(worker(company_id), Permission.CAMPAIGNS_SEND) as w:
        row = await w.fetchrow(
            "update campaign set state = 'preparing' where company_id = $1 and id = $2"
            " and (state = 'preparing' or state = 'scheduled' and scheduled_at <= now() + interval '1 second') returning id",
            company_id,
            campaign_id,
        )
        if row is None:
            return 0
        await changed(w, campaign_id)
    async with work(worker(company_id), Permission.CAMPAIGNS_SEND) as w:
        row = await w.fetchrow(
            "select k.channel_id, k.audience, k.settings, k.policy, k.content::text as content, k.contents::text as contents,"
            " k.trial::text as trial, k.fallback::text as fallback, k.was_held, c.kind, c.sandbox from campaign k"
            " join channel c on c.company_id = k.company_id and c.id = k.channel_id"
            " where k.company_id = $1 and k.id = $2 and k.state = 'preparing' for update of k",
            company_id,
            campaign_id,
        )
        if row is None:
            return 0
        settings = plan_of(msgspec.json.decode(row["settings"]))
        await consent.hold_audience(w)
        rest = settings.skip_recent_days
        before = await contacted.started(w, campaign_id) if rest else []
        frozen = render.decode(row["content"])
        calls = registry.provider(row["kind"]).capabilities.calls
        texts = msgspec.json.decode(row["contents"], type=list[render.Content]) if row["contents"] else None
        audience = Audience(
            company_id,
            row["kind"],
            await segments.resolved(w, msgspec.json.decode(row["audience"], type=ContactFilter), kept=True),
            rehearsal=row["sandbox"],
            category=frozen.category if isinstance(frozen, render.TemplateContent) else TemplateCategory.MARKETING,
            skip_recent_days=rest,
            campaign_id=campaign_id,
            fields=fields_of(frozen, texts),
        )
        added = await materialise(
            w,
            audience,
            frozen,
            campaign_id=campaign_id,
            channel_id=row["channel_id"],
            at_least_once=row["policy"] == DeliveryPolicy.AT_LEAST_ONCE and not calls,  # nobody is rung again blindly
        )
        category = frozen.category if isinstance(frozen, render.TemplateContent) else "marketing"
        lawful = calls and not row["sandbox"]
        if texts is None:  # before the lock for which opt-outs of the company wait
            await lay_out(w, campaign_id, settings, category, calls=lawful)
        await consent.hold(w)
        await recipients.catch_up(w, campaign_id)
        if rest:
            await contacted.skip_late(w, campaign_id, before, rest, rehearsal=row["sandbox"])
        if texts is not None:
            if (trial := trial_of(row["trial"])) is not None:
                await trial_run.begin(w, campaign_id, row["kind"], trial, texts)
            await lay_out(w, campaign_id, settings, category, calls=lawful)
        await warm_up.forget_old(w, row["channel_id"])
        await lost.reached(w, campaign_id, row["channel_id"], held=row["was_held"])
        await w.execute(
            "update campaign k set state = 'running', started_at = coalesce(started_at, now()), audience_size = ("
            f"select coalesce(sum(delta), 0) from message_tally where company_id = $1 and campaign_id = $2 and state <> {int(MessageState.SKIPPED)})"
            " where company_id = $1 and id = $2",
            company_id,
            campaign_id,
        )
        if (instead := fallback.fallback_of(row["fallback"])) is not None:
            await fallback.begin(w, campaign_id, instead)
        w.audit("campaign.started", campaign_id, audience=added)
        await changed(w, campaign_id)
        await _pause_stopped(w, row["channel_id"])
    return added


async def follow_templates(company_id: UUID, channel_id: UUID) -> int:
    """Pauses the running campaigns of a channel whose template WhatsApp has stopped, and says why. Returns how many. A person lets them
    go on: what had to be stopped does not start by itself."""
    async with work(worker(company_id), Permission.CAMPAIGNS_SEND) as w:
        return await _pause_stopped(w, channel_id)


async def template_stopped(r: Read, campaign_id: UUID) -> bool:
    """Whether a campaign has a template that WhatsApp has stopped."""
    assert r.actor is not None
    found: bool = await r.fetchval(_HAS_STOPPED, r.actor.company_id, campaign_id, list(STOPPED))
    return found


async def _pause_stopped(w: Work, channel_id: UUID) -> int:
    rows = await w.fetch(_PAUSE_STOPPED, w.company_id, channel_id, list(STOPPED))
    for row in rows:
        w.audit("campaign.paused", row["id"], reason=row["state_reason"])
        await changed(w, row["id"])
        await _tell(w, row["id"], row["created_by"], CampaignState.PAUSED)
    return len(rows)


async def fail_preparing(company_id: UUID, campaign_id: UUID, detail: str) -> None:
    """The audience could not be written, however often it was tried."""
    await _set(company_id, campaign_id, ("preparing",), CampaignState.FAILED, "preparing_failed", detail)


async def stop(company_id: UUID, campaign_id: UUID, reason: str, detail: str, *, pause: bool) -> None:
    """The provider refused in a way that every further message would meet."""
    state = CampaignState.PAUSED if pause else CampaignState.FAILED
    await _set(company_id, campaign_id, ("running",), state, reason, detail)


_OF_FILE = """
update campaign set state = 'paused', state_reason = $4, state_detail = $5, resume_at = null
where company_id = $1 and header_file_id = $3 and ($2::uuid is null or channel_id = $2) and state = 'running' returning id, created_by
"""


async def stop_for_file(company_id: UUID, campaign_id: UUID, detail: str) -> None:
    """The provider sends no message with the file of this campaign: it pauses, and the file is handed over anew once it goes on."""
    async with work(worker(company_id), Permission.CAMPAIGNS_SEND) as w:
        row = await w.fetchrow(
            "select channel_id, header_file_id from campaign where company_id = $1 and id = $2", company_id, campaign_id
        )
        if row is not None and row["header_file_id"] is not None:
            await refuse_file(w, row["channel_id"], row["header_file_id"], detail)
            return
    await stop(company_id, campaign_id, FailureReason.MEDIA, detail, pause=True)


async def refuse_file(w: Work, channel_id: UUID, file_id: UUID, detail: str) -> None:
    """The provider of a channel does not take a file, so its campaigns there pause."""
    await header_files.refuse(w, channel_id, file_id)
    args = (w.company_id, channel_id, file_id, FailureReason.MEDIA.value, detail[:500] or None)
    for row in await w.fetch(_OF_FILE, *args):
        w.audit("campaign.paused", row["id"], reason=FailureReason.MEDIA.value)
        await changed(w, row["id"])
        await _tell(w, row["id"], row["created_by"], CampaignState.PAUSED)


async def _set(
    company_id: UUID, campaign_id: UUID, sources: tuple[str, ...], state: CampaignState, reason: str, detail: str
) -> None:
    async with work(worker(company_id), Permission.CAMPAIGNS_SEND) as w:
        row = await w.fetchrow(
            "update campaign set state = $3, state_reason = $4, state_detail = $5"
            " where company_id = $1 and id = $2 and state = any($6::text[]) returning created_by",
            company_id,
            campaign_id,
            state.value,
            reason,
            detail[:500] or None,
            list(sources),
        )
        if row is not None:
            w.audit(f"campaign.{state.value}", campaign_id, reason=reason)
            await changed(w, campaign_id)
            await _tell(w, campaign_id, row["created_by"], state)


async def _tell(w: Work, campaign_id: UUID, made_by: UUID | None, state: CampaignState) -> None:
    """Whoever made it hears that it ended, or stopped by itself."""
    await calls.tell_of_end(w, made_by, NotificationKind.CAMPAIGN, campaign_id, state.value)


async def reconcile() -> int:
    """One round over all campaigns that may move: finishes those with nothing left, cancels what a cancelled one still has queued,
    resumes those whose pause has run out, and has files handed over that the provider does not have. Any number of workers may do it at once. Returns how many moved."""
    async with system_read() as s:
        rows = await s.fetch(_TO_SETTLE)
        without = await s.fetch(_WITHOUT_FILE)
    moved = await trial_run.settle()
    for row in rows:
        moved += await _settle(row["company_id"], row["id"])
    for row in without:
        async with work(worker(row["company_id"]), Permission.CAMPAIGNS_SEND) as w:
            await header_files.want(w, row["channel_id"], row["header_file_id"])
    return moved


async def _settle(company_id: UUID, campaign_id: UUID) -> int:
    async with work(worker(company_id), Permission.CAMPAIGNS_SEND) as w:
        row = await w.fetchrow(
            "select state, state_reason, resume_at, trial_queue from campaign where company_id = $1 and id = $2 for update skip locked",
            company_id,
            campaign_id,
        )
        if row is None:
            return 0
        state = CampaignState(row["state"])
        if state == CampaignState.PAUSED and row["resume_at"] is not None and row["resume_at"] <= now():
            await w.execute(
                "update campaign set state = 'running', state_reason = null, state_detail = null, resume_at = null"
                " where company_id = $1 and id = $2",
                company_id,
                campaign_id,
            )
            await changed(w, campaign_id)
            return 1
        if state in (CampaignState.CANCELLED, CampaignState.FAILED):
            discarded = FailureReason.DISCARDED if row["state_reason"] == FailureReason.DISCARDED else None
            await queueing.cancel(w, campaign_id, reason=discarded, batch=CLOSE_BATCH)
            if row["trial_queue"] is not None:
                await queueing.cancel(w, row["trial_queue"], reason=discarded, batch=CLOSE_BATCH)
        if state == CampaignState.PAUSED or await w.fetchval(_OPEN_MESSAGES, company_id, campaign_id):
            return 0
        if state == CampaignState.RUNNING and await tries.going_on(w, campaign_id):  # somebody may be called again
            return 0
        end = CampaignState.FINISHED if state == CampaignState.RUNNING else state
        made_by = await w.fetchval(
            "update campaign set state = $3, finished_at = now() where company_id = $1 and id = $2 returning created_by",
            company_id,
            campaign_id,
            end.value,
        )
        w.audit("campaign.finished", campaign_id, state=end.value)
        await changed(w, campaign_id)
        if end is CampaignState.FINISHED:
            await _tell(w, campaign_id, made_by, end)
        return 1
