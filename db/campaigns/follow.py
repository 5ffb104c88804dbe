"""A new draft for some of those whom a campaign was for: who did not read it, did not answer, or did not get it; of one that stopped half way, the rest.

Its audience is exactly those as of now, kept as a condition: who reads or answers before it starts leaves it, and nobody joins.
"""

import re
from typing import Any
from uuid import UUID

import msgspec

from db.campaigns.announce import changed
from db.campaigns.enums import CampaignPart
from db.campaigns.errors import CampaignError
from db.campaigns.queries import one
from db.clock import now
from db.contacts import filters, identities
from db.contacts.filter import ContactFilter
from db.contacts.segment_rule import Group, Received
from db.errors import RequestError
from db.messages.render import Content, TemplateContent, decode
from db.permissions import Permission
from db.providers import registry
from db.tenancy import Actor
from db.work import Work, work

_SOURCE = """
select k.channel_id, k.template_id, k.header_file_id, k.name, k.bindings::text as bindings, k.settings::text as settings, k.content::text as content, k.state,
    k.goal::text as goal, k.fallback::text as fallback, c.kind
from campaign k left join channel c on c.company_id = $1 and c.id = k.channel_id
where k.company_id = $1 and k.id = $2 and k.cadence_id is null and k.fallback_of is null and k.launched_at is not null
"""
_MAKE = """
insert into campaign(company_id, name, channel_id, template_id, body, bindings, audience, settings, cloned_from, created_by, header_file_id, goal, fallback)
values ($1, $2, $3, $4, $5, $6::jsonb, $7::jsonb, $8::jsonb, $9, $10, $11, $12::jsonb, $13::jsonb) returning id
"""
_STOPPED = ("cancelled", "failed")
_PLACEHOLDER = re.compile(r"\{\{\s*(\w+)\s*\}\}")


async def follow(
    actor: Actor,
    campaign_id: UUID,
    who: CampaignPart,
    *,
    reason: str | None = None,
    channel_id: UUID | None = None,
    name: str | None = None,
) -> dict[str, Any]:
    """The draft, with the message of the first campaign as far as its channel takes it. `reason`: of those that failed, only these.
    `channel_id`: another channel, such as SMS for who is not on WhatsApp. Raises NotFound, also for one that was never launched; Conflict
    `nobody_left`, `still_sending`."""
    async with work(actor, Permission.CAMPAIGNS_WRITE) as w:
        actor.require(Permission.CAMPAIGNS_READ)
        source = await w.fetchrow(_SOURCE, w.company_id, campaign_id)
        if source is None:
            raise RequestError.NOT_FOUND(what="campaign")
        if who is CampaignPart.NOT_SENT and source["state"] not in _STOPPED:
            raise CampaignError.STILL_SENDING()  # or somebody would get it from both
        chosen = channel_id or source["channel_id"]
        kind = await w.fetchval(
            "select kind from channel where company_id = $1 and id = $2 and archived_at is null", w.company_id, chosen
        )
        if kind is None and channel_id is not None:
            raise RequestError.NOT_FOUND(what="channel")
        only = reason if who is CampaignPart.FAILED else None
        received = Received(campaign_id=campaign_id, result=who.value, reason=only, until=now())
        audience = ContactFilter(rule=Group(conditions=[received]))
        count = await _count(w, audience)
        if not count:
            raise CampaignError.NOBODY_LEFT()
        same = chosen == source["channel_id"] and source["template_id"] is not None
        content = decode(source["content"]) if source["content"] else None
        writes = kind is not None and registry.provider(kind).capabilities.campaign_content == "text"
        # Those who had a campaign not long ago are whom this one is for: they are not spared. The rest of a campaign keeps all that held for it.
        rest = who is CampaignPart.NOT_SENT and chosen == source["channel_id"]
        settings = msgspec.json.decode(source["settings"])
        kept = settings if rest else {name: value for name, value in settings.items() if name == "hours"}
        made: UUID = await w.fetchval(
            _MAKE,
            w.company_id,
            (name or f"{source['name'][:110]} (2)")[:120],
            chosen if kind is not None else None,
            source["template_id"] if same and not writes else None,
            _text(content)[:1600] if writes and content is not None else None,
            source["bindings"] if same and not writes else "[]",
            msgspec.json.encode(audience).decode(),
            msgspec.json.encode(kept).decode(),
            campaign_id,
            actor.id if actor.kind == "user" else None,
            source["header_file_id"] if same and not writes else None,
            source["goal"],
            source["fallback"] if rest else None,
        )
        w.audit("campaign.followed_up", made, source=str(campaign_id), who=who.value, reason=only, people=count)
        return await changed(w, made)


async def _count(w: Work, audience: ContactFilter) -> int:
    args: list[object] = [w.company_id]
    condition = filters.picked(audience, args)
    found: int = await w.fetchval(f"select count(*) from contact c where c.company_id = $1 and {condition}", *args)
    return found


def _text(content: Content) -> str:
    """What it says, as a text with our own variables."""
    if not isinstance(content, TemplateContent):
        return getattr(content, "body", "")
    slots = {slot.placeholder: slot for slot in content.slots}

    def fill(found: re.Match[str]) -> str:
        slot = slots.get(found[1])
        if slot is None or slot.field is None:
            return slot.constant if slot is not None else ""
        return f"{{{{{slot.field}|{slot.fallback}}}}}" if slot.fallback else f"{{{{{slot.field}}}}}"

    bodies = [str(part.get("text") or "") for part in content.components if str(part.get("type") or "").upper() == "BODY"]
    return _PLACEHOLDER.sub(fill, "\n".join(bodies))


async def leave_landlines_out(actor: Actor, campaign_id: UUID) -> int:
    """Notes the numbers that a provider refused as landlines: whatever writes to mobiles only leaves them out from now on, and says so. Returns how
    many. Raises NotFound."""
    async with work(actor, Permission.CONTACTS_WRITE) as w:
        actor.require(Permission.CAMPAIGNS_READ)
        await one(w, campaign_id)
        noted = await identities.note_landlines(w, campaign_id)
        if noted:
            w.audit("contacts.landlines_noted", campaign_id, numbers=noted)
        return noted
