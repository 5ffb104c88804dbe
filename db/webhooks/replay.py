"""What people do with the log of an endpoint: look, send one or a range again, send a test."""

from datetime import datetime
from uuid import UUID

import asyncpg

from db.clock import now
from db.errors import RequestError
from db.permissions import Permission
from db.tenancy import Actor
from db.webhooks import catalogue, feed
from db.webhooks.endpoints import endpoint_in, let_go, real
from db.webhooks.enums import DeliveryState, WebhookType
from db.webhooks.errors import WebhookError, WebhookField
from db.work import read, work

_COLUMNS = "d.id, d.endpoint_id, d.event_id, d.type, d.state, d.tries, d.created_at, d.done_at, case when d.state = 'waiting' then d.next_at end as next_at"
_LIST = f"""
select {_COLUMNS}, a.status, a.failure, a.milliseconds from webhook_delivery d left join lateral (
    select status, failure, milliseconds from webhook_attempt a where a.company_id = d.company_id and a.delivery_id = d.id order by at desc limit 1) a on true
where d.company_id = $1 and d.endpoint_id = $2 and ($3::uuid is null or d.id < $3) and ($4::text is null or d.state = $4)
    and ($5::text is null or d.type = $5)
order by d.id desc limit $6
"""
_AGAIN = """
update webhook_delivery set state = 'waiting', foremost = false, tries = 0, next_at = now(), done_at = null
where company_id = $1 and endpoint_id = $2 and state in ('delivered', 'failed')
"""
_HOURS = """
select date_trunc('hour', at) as hour, count(*) filter (where failure is null) as delivered, count(*) filter (where failure is not null) as failed,
    coalesce(percentile_disc(0.5) within group (order by milliseconds) filter (where failure is null), 0)::int as median,
    coalesce(percentile_disc(0.95) within group (order by milliseconds) filter (where failure is null), 0)::int as p95
from webhook_attempt where company_id = $1 and endpoint_id = $2 and at > now() - make_interval(hours => $3) group by 1 order by 1
"""


async def deliveries(
    actor: Actor,
    endpoint_id: UUID,
    *,
    before: UUID | None,
    limit: int,
    state: DeliveryState | None = None,
    type: WebhookType | None = None,
) -> list[asyncpg.Record]:
    """Newest first, each with what came of its last try. Raises NotFound."""
    async with read(actor, Permission.WEBHOOKS_READ) as r:
        await endpoint_in(r, actor.company_id, endpoint_id)
        return await r.fetch(_LIST, actor.company_id, endpoint_id, before, state, type, limit)


async def delivery(actor: Actor, endpoint_id: UUID, delivery_id: UUID) -> tuple[asyncpg.Record, list[asyncpg.Record]]:
    """One with its body, and its tries, oldest first. Raises NotFound, Forbidden `webhook_type_not_yours` for who may not see what it tells."""
    async with read(actor, Permission.WEBHOOKS_READ) as r:
        row = await r.fetchrow(
            f"select {_COLUMNS}, d.body from webhook_delivery d where company_id = $1 and endpoint_id = $2 and id = $3",
            actor.company_id,
            endpoint_id,
            delivery_id,
        )
        if row is None:
            raise RequestError.NOT_FOUND(what="delivery")
        if row["type"] in catalogue.KINDS and (beyond := sorted(catalogue.KINDS[row["type"]].permissions - actor.permissions)):
            raise WebhookError.TYPE_NOT_YOURS(permission=beyond[0].value)
        tries = await r.fetch(
            "select at, milliseconds, status, failure, answer, headers::text as headers, answer_headers::text as answer_headers from webhook_attempt where company_id = $1 and delivery_id = $2 order by at limit 100",
            actor.company_id,
            delivery_id,
        )
        return row, tries


async def hours(actor: Actor, endpoint_id: UUID, count: int) -> list[asyncpg.Record]:
    """Tries by hour: how many succeeded and failed, and how long successes took. Raises NotFound."""
    async with read(actor, Permission.WEBHOOKS_READ) as r:
        await endpoint_in(r, actor.company_id, endpoint_id)
        return await r.fetch(_HOURS, actor.company_id, endpoint_id, count)


async def send_test(actor: Actor, endpoint_id: UUID) -> UUID:
    """Sends `ping`, at once, whatever else waits; returns the delivery. Raises NotFound, Forbidden `test_key`, Conflict `webhook_off`."""
    real(actor)
    async with work(actor, Permission.WEBHOOKS_WRITE) as w:
        if (await endpoint_in(w, w.company_id, endpoint_id, "for update")).off_because is not None:
            raise WebhookError.OFF()
        event = feed.test_event(now())
        await feed.owe(w, endpoint_id, [event])
        w.audit("webhook.tested", endpoint_id)
        found: UUID = await w.fetchval(
            "select id from webhook_delivery where company_id = $1 and endpoint_id = $2 and event_id = $3",
            w.company_id,
            endpoint_id,
            event.event_id,
        )
        return found


async def again(actor: Actor, endpoint_id: UUID, delivery_id: UUID) -> None:
    """Sends one that ended again, with its id and bytes; one that still waits is left alone. Raises NotFound, Forbidden `test_key`, Conflict
    `webhook_off`."""
    real(actor)
    async with work(actor, Permission.WEBHOOKS_WRITE) as w:
        if (await endpoint_in(w, w.company_id, endpoint_id, "for update")).off_because is not None:
            raise WebhookError.OFF()
        known = await w.fetchval(
            "select true from webhook_delivery where company_id = $1 and endpoint_id = $2 and id = $3",
            w.company_id,
            endpoint_id,
            delivery_id,
        )
        if not known:
            raise RequestError.NOT_FOUND(what="delivery")
        if await w.execute(f"{_AGAIN} and id = $3", w.company_id, endpoint_id, delivery_id):
            await let_go(w, endpoint_id)
            w.audit("webhook.sent_again", endpoint_id, delivery=delivery_id)


async def again_range(actor: Actor, endpoint_id: UUID, since: datetime, until: datetime, *, delivered_too: bool) -> int:
    """Sends everything again that was written in a span and failed, or all of it; how many. Raises NotFound, Invalid, Forbidden `test_key`, Conflict."""
    real(actor)
    if until <= since:
        raise RequestError.INVALID(fields=[WebhookField.RANGE("until")])
    async with work(actor, Permission.WEBHOOKS_WRITE) as w:
        if (await endpoint_in(w, w.company_id, endpoint_id, "for update")).off_because is not None:
            raise WebhookError.OFF()
        count = await w.execute(
            f"{_AGAIN} and created_at >= $3 and created_at < $4 and (state = 'failed' or $5)",
            w.company_id,
            endpoint_id,
            since,
            until,
            delivered_too,
        )
        if count:
            await let_go(w, endpoint_id)
            w.audit("webhook.range_sent_again", endpoint_id, count=count)
        return count
