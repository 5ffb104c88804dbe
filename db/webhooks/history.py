"""What happened, to be looked up: the events that webhooks tell, kept for some days once the company asks for it.

They wait in the outbox for a consumer that nobody reads for, and are told with the ids and bodies that webhooks send.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from db import event_consumers
from db.event_consumers import Recorded
from db.permissions import Permission
from db.tenancy import Actor
from db.webhooks import catalogue, feed
from db.webhooks.catalogue import KINDS, Kind
from db.webhooks.enums import WebhookType
from db.webhooks.errors import WebhookError
from db.work import Read, read, work

CONSUMER = "history"
_MOST = 2000  # events in one look, where most of them are none of those that are wanted
_ALL = [type.value for type in WebhookType]
_NEXT = """
select id, type, at, data::text as data from event_outbox
where company_id = $1 and id >= $2 and type = any($3::text[]) and ($4::timestamptz is null or at >= $4) order by id limit $5
"""


class Told(msgspec.Struct, frozen=True):
    """One event as one type."""

    id: str
    type: WebhookType
    timestamp: datetime
    sequence: int
    data: dict[str, Any]


async def keep(actor: Actor, kept: bool) -> None:
    """From now on, or no more: then what was kept goes within the hour."""
    async with work(actor, Permission.WEBHOOKS_WRITE) as w:
        there = await w.fetchval("select true from event_consumer where company_id = $1 and name = $2", w.company_id, CONSUMER)
        if bool(there) == kept:
            return
        if kept:
            await event_consumers.subscribe(w, CONSUMER, catalogue.sources(_ALL), silent=True)
        else:
            await event_consumers.unsubscribe(w, CONSUMER)
        w.audit("webhook.history_kept" if kept else "webhook.history_dropped", w.company_id)


async def history(
    actor: Actor,
    types: Sequence[WebhookType],
    *,
    since: datetime | None,
    after: tuple[int, str] | None,
    limit: int,
) -> list[Told]:
    """Oldest first; `after` names the last one seen. Without types all that the actor may be told. Raises Forbidden `webhook_type_not_yours`, Conflict
    `history_not_kept`."""
    held = actor.permissions
    for type in types:
        if beyond := sorted(KINDS[type].permissions - held):
            raise WebhookError.TYPE_NOT_YOURS(permission=beyond[0].value)
    wanted = [type.value for type in (types or WebhookType) if KINDS[type].permissions <= held]
    async with read(actor, Permission.EVENTS_READ) as r:
        consumer = "select true from event_consumer where company_id = $1 and name = $2"
        if not await r.fetchval(consumer, actor.company_id, CONSUMER):
            raise WebhookError.HISTORY_NOT_KEPT()
        found = await _collected(r, actor, wanted, since, after or (0, ""), limit)
        await feed.fill(r, actor.company_id, [data for _, kind, data in found if kind.type is WebhookType.MESSAGE_RECEIVED])
    return [
        Told(feed.event_id(actor.company_id, event.id, kind.type.value), kind.type, event.at, event.id, data)
        for event, kind, data in found
    ]


async def _collected(
    r: Read, actor: Actor, wanted: list[str], since: datetime | None, after: tuple[int, str], limit: int
) -> list[tuple[Recorded, Kind, dict[str, Any]]]:
    """One event may be told as several types, or as none of those that are wanted."""
    sources = [kind.type for kind in catalogue.sources(wanted)]
    found: list[tuple[Recorded, Kind, dict[str, Any]]] = []
    first, most = after[0], limit
    while len(found) < limit:
        rows = await r.fetch(_NEXT, actor.company_id, first, sources, since, most)
        for row in rows:
            event = Recorded(row["id"], row["type"], row["at"], msgspec.Raw(row["data"]))
            for kind in sorted(catalogue.made_of(event.type, wanted), key=lambda one: one.type.value):
                data = msgspec.json.decode(event.data, type=dict[str, Any])
                if (event.id, kind.type.value) > after and kind.wanted(data):
                    found.append((event, kind, data))
        if len(rows) < most:
            break
        first, most = rows[-1]["id"] + 1, min(most * 4, _MOST)
    return found[:limit]
