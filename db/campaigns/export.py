"""The people of a campaign, for a download. Who took them stands in the audit log."""

from typing import Any

from db.campaigns.queries import RecipientQuery, one
from db.permissions import Permission
from db.tenancy import Actor
from db.work import work


async def begin_export(actor: Actor, query: RecipientQuery) -> dict[str, Any]:
    """Notes the export; returns the row of `queries.campaign`. Raises Forbidden, NotFound."""
    async with work(actor, Permission.CONTACTS_EXPORT) as w:
        campaign = await one(w, query.campaign_id)
        w.audit("campaign.recipients_exported", query.campaign_id, states=[state.label for state in query.states])
        return campaign
