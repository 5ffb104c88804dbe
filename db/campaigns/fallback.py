"""What goes by SMS to people whom a campaign could not reach on WhatsApp: once for each person, whatever statuses come how often. In place of calls,
and of a number that is connected by a code, it may also be a template over the official API; of such a number what still waits when the number falls goes that way, too.

The messages belong to a campaign of their own (`fallback_of`), which nobody edits or lists: it is sent, limited, billed and held by hours as any other,
and follows the first one. Whom it is for is read from the ledger in rounds; a person has one row in it, by its key. Failures come late: it closes so many
hours after the first campaign is over as the campaign says (`late_hours`).
"""

from typing import NamedTuple
from uuid import UUID

import msgspec

from db.campaigns.audience import Audience, enlist
from db.campaigns.check import frozen_content, instead_of, load_draft
from db.campaigns.events import CampaignProgress
from db.channels.enums import TemplateCategory
from db.contacts import consent
from db.contacts.filter import ContactFilter
from db.messages import fallbacks, render
from db.messages.enums import MessageState
from db.messages.reasons import FailureReason as F
from db.messages.render import Binding
from db.permissions import Permission
from db.qr import fallen
from db.tenancy import worker
from db.work import Read, Work, system_read, work

MOST = 2_000  # with one round
LATE = 72
"""Hours after the end, where a campaign does not say how many."""
REASONS = (
    F.NOT_ON_WHATSAPP, F.UNREACHABLE, F.PHONE_NEEDED, F.COUNTRY_BLOCKED, F.EXPERIMENT, F.MARKETING_CAP, F.IDENTITY_CHANGED, F.WINDOW_CLOSED,
    F.TEMPLATE_PARAMETERS, F.TEMPLATE_POLICY, F.TEMPLATE_INVALID, F.MEDIA, F.UNSUPPORTED, F.BAD_REQUEST, F.SPAM_RATE, F.CARRIER_FILTERED,
    F.TEMPORARY, F.PAIR_RATE, F.MARKETING_API, F.CALL_UNANSWERED, F.CALL_BUSY, F.CALL_REFUSED, F.CALL_MACHINE, F.CALL_FAULT,
)  # fmt: skip
"""Surely not arrived, and not because the person does not want it or the number is wrong for an SMS too."""
_MAKE = """
insert into campaign(company_id, name, channel_id, body, content, template_id, settings, state, launched_at, started_at, fallback_of, cadence_open,
    audience_size)
select $1, left(name, 105) || case when $6::uuid is null then ' · SMS' else ' · WhatsApp' end, $3, $4, $5::jsonb, $6, settings - 'spread_minutes', 'running',
    now(), now(), id, true, 0
from campaign where company_id = $1 and id = $2 on conflict do nothing
"""
_OPEN = "select company_id, fallback_of, id from campaign where fallback_of is not null and cadence_open and finished_at is null and state in ('running', 'paused')"
_CHILD = """
select k.channel_id, k.state, k.content::text as content, c.kind, c.sandbox, c.state = 'connected' as ready from campaign k
join channel c on c.company_id = $1 and c.id = k.channel_id
where k.company_id = $1 and k.id = $2 and k.cadence_open for update of k skip locked
"""
_PARENT = f"""
select state, channel_id, content->>'category' as category, (fallback->>'move_after_minutes')::int as move_after,
    finished_at < now() - make_interval(hours => coalesce((fallback->>'late_hours')::int, {LATE})) as old from campaign where company_id = $1 and id = $2 for share
"""
_SIZE = f"""
update campaign set audience_size = (select coalesce(sum(delta), 0) from message_tally where company_id = $1 and campaign_id = $2
    and state <> {int(MessageState.SKIPPED)}) where company_id = $1 and id = $2
"""
_FOLLOW = """
update campaign set state = $3, state_reason = $4, state_detail = null, resume_at = null, cadence_open = cadence_open and $3 <> 'cancelled'
where company_id = $1 and fallback_of = $2 and finished_at is null and state = any($5::text[])
"""
_PAUSED = (
    "select id from campaign where company_id = $1 and fallback_of = $2 and state = 'paused' and finished_at is null for update"
)
_STILL_OPEN = "select exists (select from campaign where company_id = $1 and fallback_of = $2 and state in ('running', 'paused') and finished_at is null)"
_REOPEN = """
update campaign set cadence_open = true, finished_at = null, tally_width = case when state = 'finished' then null else tally_width end,
    state = case when state = 'finished' then 'running' else state end
where company_id = $1 and fallback_of = $2 and state in ('running', 'paused', 'finished') and not cadence_open
"""


class Fallback(msgspec.Struct, frozen=True):
    """`body`: with variables, as an SMS campaign has it; `template_id` with its `bindings` over the official API. `late_hours`: after the end of the
    first campaign, failures that are told so late still count. `move_after_minutes`: so long after the number has fallen what waits for it goes
    this way; None: it waits."""

    channel_id: UUID
    body: str = ""
    late_hours: int = LATE
    template_id: UUID | None = None
    bindings: list[Binding] = []
    move_after_minutes: int | None = None


def fallback_of(raw: str | None) -> Fallback | None:
    """Of its column."""
    return msgspec.json.decode(raw, type=Fallback) if raw else None


async def begin(w: Work, campaign_id: UUID, chosen: Fallback) -> None:
    """Once the first campaign runs. Repeating it changes nothing; nor does what cannot be sent any more (its channel was archived meanwhile)."""
    instead = await instead_of(w, await load_draft(w, campaign_id))
    if instead is not None:
        body = chosen.body if instead.writes_text else None
        content = render.encode(frozen_content(instead))
        await w.execute(_MAKE, w.company_id, campaign_id, chosen.channel_id, body, content, chosen.template_id)


async def follow(w: Work, campaign_id: UUID, state: str) -> None:
    """What goes in its place pauses, goes on and ends with it."""
    sources = {"paused": ["running"], "running": ["paused"], "cancelled": ["running", "paused", "held"]}[state]
    await w.execute(_FOLLOW, w.company_id, campaign_id, state, None if state == "running" else "person", sources)


async def paused(w: Work, campaign_id: UUID) -> UUID | None:
    """The campaign that goes in place of this one and is paused, locked."""
    found: UUID | None = await w.fetchval(_PAUSED, w.company_id, campaign_id)
    return found


async def open_still(w: Work, campaign_id: UUID) -> bool:
    """Whether something goes, or waits to go, in place of a campaign's messages."""
    found: bool = await w.fetchval(_STILL_OPEN, w.company_id, campaign_id)
    return found


async def reopen(w: Work, campaign_id: UUID) -> None:
    """A campaign that was over sends again: who fails now gets what goes in its place, also where that was closed already."""
    await w.execute(_REOPEN, w.company_id, campaign_id)


async def afford_again(w: Work, campaign_id: UUID) -> None:
    """After its limit was changed: what paused for it goes on, and pauses again where it is still reached."""
    await w.execute(
        "update campaign set state = 'running', state_reason = null, state_detail = null where company_id = $1 and fallback_of = $2"
        " and state = 'paused' and state_reason = any($3::text[])",
        w.company_id, campaign_id, [F.SPEND_CAP.value, F.PRICE_UNKNOWN.value],
    )  # fmt: skip


async def rounds() -> int:
    """One look at all campaigns with something in their place. Any number of workers may do it at once. Returns how many people were added."""
    async with system_read() as s:
        rows = await s.fetch(_OPEN)
    return sum([await _round(row["company_id"], row["fallback_of"], row["id"]) for row in rows])


async def _round(company_id: UUID, parent_id: UUID, child_id: UUID) -> int:
    async with work(worker(company_id), Permission.CAMPAIGNS_SEND) as w:
        parent = await w.fetchrow(
            _PARENT, company_id, parent_id
        )  # nobody retries what failed meanwhile; before the child, as people's moves do
        child = await w.fetchrow(_CHILD, company_id, child_id)
        if child is None:
            return 0
        if parent is None or parent["state"] in ("cancelled", "failed"):
            await follow(w, parent_id, "cancelled")
            return 0
        needless = await fallbacks.drop_needless(w, parent_id, child_id)
        if parent["state"] not in ("running", "finished"):
            return 0
        if parent["old"]:
            await w.execute("update campaign set cadence_open = false where company_id = $1 and id = $2", company_id, child_id)
        await consent.hold(w)
        moved = await _move(w, parent_id, parent["channel_id"], parent["move_after"]) if child["ready"] else 0
        reasons = [reason.value for reason in (*REASONS, *fallen.REASONS)]
        people = await fallbacks.missed(w, parent_id, child_id, reasons, MOST)
        added = 0
        if people:
            content = render.decode(child["content"])
            audience = Audience(
                company_id,
                child["kind"],
                ContactFilter(ids=people),
                rehearsal=child["sandbox"],
                category=parent["category"] or TemplateCategory.MARKETING,
                fields=content.fields,
            )
            keys = {one: f"{child_id}:{one}" for one in people}
            added = await enlist(
                w, audience, content, campaign_id=child_id, channel_id=child["channel_id"], at_least_once=False, keys=keys
            )
        if added or needless or moved:
            await w.execute(_SIZE, company_id, child_id)
            w.emit(CampaignProgress(campaign_id=parent_id))
    return added


async def _move(w: Work, campaign_id: UUID, channel_id: UUID, minutes: int | None) -> int:
    """What waits for a number that has fallen ends in this transaction, and whoever it was for is missed in it. Returns how many."""
    why = None if minutes is None else await fallen.fallen(w, w.company_id, channel_id, minutes)
    if why is None:
        return 0
    only = F.NEW_PEOPLE_LIMIT.value if why.new_people else None
    moved = await fallbacks.give_up(w, campaign_id, why.reason.value, only, MOST)
    if moved:
        w.audit("campaign.moved", campaign_id, count=moved, reason=why.reason.value)
    return moved


class Child(NamedTuple):
    """The campaign that sends in place of another, and over what. `stopped`: why nothing goes out at the moment; None where it does."""

    id: UUID
    channel_name: str
    channel_kind: str
    stopped: str | None


async def children(r: Read, campaign_ids: list[UUID]) -> dict[UUID, Child]:
    """Of those that have one."""
    assert r.actor is not None
    rows = await r.fetch(
        "select k.fallback_of, k.id, c.name, c.kind, case when k.state = 'paused' and k.state_reason <> 'person' then k.state_reason end as stopped"
        " from campaign k join channel c on c.company_id = $1 and c.id = k.channel_id"
        " where k.company_id = $1 and k.fallback_of = any($2::uuid[])",
        r.actor.company_id, campaign_ids,
    )  # fmt: skip
    return {row["fallback_of"]: Child(row["id"], row["name"], row["kind"], row["stopped"]) for row in rows}
