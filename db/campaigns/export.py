"""The people of a campaign, for a download of any length. Who took them stands in the audit log.

Pages instead of one cursor: a slow download must not hold a transaction open, nor a connection of the pool.
"""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg

from db.campaigns.queries import one
from db.campaigns.recipients import RecipientQuery, instead
from db.permissions import Permission
from db.tenancy import Actor
from db.work import read, work

_PAGE = 2000


async def begin_export(actor: Actor, query: RecipientQuery) -> dict[str, Any]:
    """Notes the export; returns the row of `queries.campaign`. Raises Forbidden, NotFound."""
    async with work(actor, Permission.CONTACTS_EXPORT) as w:
        campaign = await one(w, query.campaign_id)
        w.audit("campaign.recipients_exported", query.campaign_id, states=[state.label for state in query.states])
        return campaign


async def exported(actor: Actor, query: RecipientQuery) -> AsyncIterator[list[asyncpg.Record]]:
    """Pages of rows as `recipients.recipients`."""
    after: str | None = None
    while True:
        async with read(actor, Permission.CONTACTS_EXPORT) as r:
            sql, args = query.sql(actor.company_id, await instead(r, query.campaign_id), after)
            rows = await r.fetch(f"{sql} limit {_PAGE}", *args)
        if rows:
            yield rows
        if len(rows) < _PAGE:
            return
        after = rows[-1]["dedupe_key"]
