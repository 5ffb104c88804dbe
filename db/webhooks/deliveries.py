"""What endpoints are owed, on its way: claimed before the first byte goes out, written back under the number of the try.

Everything about one endpoint happens under the lock of its row, many deliveries in one statement: its limit of requests in flight,
its breaker, and which delivery of an entity is the foremost. A worker that dies leaves a lease, after which the delivery is sent again.
"""

import random
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg
import msgspec

from db import installation, storable
from db.clock import now
from db.permissions import Permission
from db.subjects import Subject
from db.tenancy import worker
from db.webhooks import notices
from db.webhooks.endpoints import FOREMOST, let_go, opened
from db.webhooks.enums import DeliveryState, OffBecause, TryFailure, WebhookNotice
from db.webhooks.events import WebhookChanged
from db.work import SystemWork, Work, system_read, work

SCHEDULE = (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400)
"""Seconds between tries (Standard Webhooks): three days. Each up to a fifth more or less."""
CLAIMED = 256  # of one endpoint in the whole installation: on the wire, or about to be
BROKEN_AFTER = 5  # failures in a row: then one try at a time
LEASE = 45.0  # seconds; twice what a try takes, and more
KEEP_DAYS = 14
WARN_AFTER, OFF_AFTER = timedelta(days=1), timedelta(days=5)
MAX_RETRY_AFTER = 3600.0
_ANSWER = 500  # characters of an answer that the log keeps
_HEADERS, _HEADER = 20, 200  # headers of an answer that it keeps, and characters of each
_SECRET = re.compile(r"cookie|auth|token|secret|session|api-?key|password|signature", re.IGNORECASE)

_DUE = """
select company_id, id from webhook_endpoint where off_because is null and due_at <= now() and (paused_until is null or paused_until <= now())
    and (select at_home($1, $2, $3)) order by due_at limit 1000
"""
_LOCK = """
select url, secret, case when old_until > now() then old_secret end as old_secret, legacy_secret, off_because, failures, failing_since,
    warned_at, paused_until > now() as paused, paused_until
from webhook_endpoint where company_id = $1 and id = $2 for update
"""
# A lease that ended is the same try: nothing came of it, and a delivery has all the tries of its schedule.
_CLAIM = """
update webhook_delivery d set state = 'sending', tries = d.tries + (d.state = 'waiting')::int, epoch = d.epoch + 1, next_at = now() + make_interval(secs => $4)
from (select id from webhook_delivery where company_id = $1 and endpoint_id = $2 and foremost and state in ('waiting', 'sending')
        and next_at <= now() and (select at_home($5, $6, $7)) order by next_at limit $3) n
where d.company_id = $1 and d.id = n.id
returning d.id, d.event_id, d.body, d.tries, d.epoch
"""
_IN_FLIGHT = """
select count(*) from webhook_delivery
where company_id = $1 and endpoint_id = $2 and foremost and state in ('waiting', 'sending') and state = 'sending' and next_at > now()
"""
_NEXT_DUE = """
update webhook_endpoint set due_at = (select min(next_at) from webhook_delivery
    where company_id = $1 and endpoint_id = $2 and foremost and state in ('waiting', 'sending'))
where company_id = $1 and id = $2
"""
_SETTLE = """
with told as (select * from unnest($3::uuid[], $4::int[], $5::text[], $6::timestamptz[], $7::timestamptz[], $8::int[], $9::int[], $10::text[], $11::text[], $12::text[], $13::text[])
    t(id, epoch, state, next_at, at, milliseconds, status, failure, answer, headers, answer_headers)),
logged as (insert into webhook_attempt(company_id, endpoint_id, delivery_id, at, milliseconds, status, failure, answer, headers, answer_headers)
    select $1, $2, d.id, t.at, t.milliseconds, t.status, t.failure, t.answer, t.headers::jsonb, t.answer_headers::jsonb from told t join webhook_delivery d on d.company_id = $1 and d.id = t.id)
update webhook_delivery d set state = t.state, next_at = t.next_at, foremost = t.state = 'waiting',
    done_at = case when t.state <> 'waiting' then now() end
from told t where d.company_id = $1 and d.id = t.id and d.epoch = t.epoch and d.state = 'sending'
returning d.entity, d.state
"""
_HEALTH = """
update webhook_endpoint set failures = $3, failing_since = $4, warned_at = $5, paused_until = $6, off_because = $7,
    off_at = case when $7::text is not null then coalesce(off_at, now()) end, delivered_at = case when $8 then now() else delivered_at end
where company_id = $1 and id = $2
"""
# What waits for an endpoint that is on stays: behind a foremost one that went nothing of its entity would ever go out.
_FORGET = f"""
delete from webhook_delivery where (company_id, id) in (
    select d.company_id, d.id from webhook_delivery d join webhook_endpoint e on e.company_id = d.company_id and e.id = d.endpoint_id
    where d.created_at < now() - interval '{KEEP_DAYS} days' and (d.state in ('delivered', 'failed') or e.off_because is not null)
    order by d.created_at limit 20000)
"""


class Claimed(msgspec.Struct, frozen=True):
    """One delivery that this process sends now. `epoch` fences what comes of it."""

    id: UUID
    event_id: str
    body: bytes
    tries: int
    epoch: int


class Turn(msgspec.Struct, frozen=True):
    """What to send to an endpoint now, and how: it may have changed since the turn before."""

    url: str = ""
    secrets: list[str] = []
    legacy: str | None = None
    claimed: list[Claimed] = []


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one try. `failure` None: delivered. `retry_after`: seconds for which the endpoint asks to be left alone."""

    claimed: Claimed
    at: datetime
    seconds: float
    status: int | None = None
    failure: TryFailure | None = None
    answer: str = ""
    headers: dict[str, str] = {}
    """Of the request."""
    answer_headers: dict[str, str] = {}
    retry_after: float | None = None


async def due() -> list[tuple[UUID, UUID]]:
    """Endpoints for which something may be due: company and id."""
    async with system_read() as s:
        return [(row["company_id"], row["id"]) for row in await s.fetch(_DUE, *installation.fence())]


async def turn(company_id: UUID, endpoint_id: UUID, tried: Sequence[Tried], most: int = CLAIMED) -> Turn:
    """Writes back what came of tries, and claims up to `most` more as long as the endpoint may have them. Committed before the first byte of
    those goes out. Raises SealBroken."""
    async with work(worker(company_id), Permission.WEBHOOKS_WRITE) as w:
        row = await w.fetchrow(_LOCK, company_id, endpoint_id)
        if row is None:  # deleted meanwhile
            return Turn()
        off, failures, paused = row["off_because"], row["failures"], row["paused"]
        if tried:
            off, failures, paused = await _settle(w, endpoint_id, row, tried)
        claimed: list[Claimed] = []
        if off is None and not paused:
            busy = await w.fetchval(_IN_FLIGHT, company_id, endpoint_id)
            free = min(most, (1 if failures >= BROKEN_AFTER else CLAIMED) - busy)
            if free > 0:
                rows = await w.fetch(_CLAIM, company_id, endpoint_id, free, LEASE, *installation.fence())
                claimed = [Claimed(r["id"], r["event_id"], r["body"].encode(), r["tries"], r["epoch"]) for r in rows]
        await w.execute(_NEXT_DUE, company_id, endpoint_id)
    if not claimed:
        return Turn()
    sealed = [("secret", row["secret"]), ("old_secret", row["old_secret"])]
    secrets = [opened(company_id, endpoint_id, column, blob) for column, blob in sealed if blob is not None]
    legacy = row["legacy_secret"]
    return Turn(
        row["url"], secrets, opened(company_id, endpoint_id, "legacy_secret", legacy) if legacy is not None else None, claimed
    )


def next_try(tried: Tried) -> tuple[DeliveryState, datetime]:
    """What a delivery is after a try, and when it is tried again."""
    if tried.failure is None:
        return DeliveryState.DELIVERED, now()
    place = tried.claimed.tries - 1
    if place >= len(SCHEDULE):
        return DeliveryState.FAILED, now()
    wait = max(SCHEDULE[place] * random.uniform(0.8, 1.2), min(tried.retry_after or 0.0, MAX_RETRY_AFTER))
    return DeliveryState.WAITING, now() + timedelta(seconds=wait)


def _kept(headers: dict[str, str]) -> dict[str, str]:
    """As many of an answer's headers as the log keeps. Cookies, tokens and keys are none of it: they open something there."""
    kept = [(name, value) for name, value in headers.items() if not _SECRET.search(name)][:_HEADERS]
    return {storable.text(name, _HEADER): storable.text(value, _HEADER) for name, value in kept}


async def _settle(w: Work, endpoint_id: UUID, before: asyncpg.Record, tried: Sequence[Tried]) -> tuple[str | None, int, bool]:
    """Deliveries and their log, then the health of the endpoint: why it is off, failures in a row, whether it is left alone."""
    ends = [next_try(one) for one in tried]
    settled = await w.fetch(
        _SETTLE,
        w.company_id,
        endpoint_id,
        [one.claimed.id for one in tried],
        [one.claimed.epoch for one in tried],
        [state.value for state, _ in ends],
        [at for _, at in ends],
        [one.at for one in tried],
        [round(one.seconds * 1000) for one in tried],
        [one.status for one in tried],
        [one.failure.value if one.failure else None for one in tried],
        [storable.text(one.answer, _ANSWER) for one in tried],
        [msgspec.json.encode(one.headers).decode() for one in tried],
        [msgspec.json.encode(_kept(one.answer_headers)).decode() for one in tried],
    )
    over = sorted({one["entity"] for one in settled if one["state"] != DeliveryState.WAITING})
    if over:
        await w.execute(FOREMOST, w.company_id, endpoint_id, over)
    return await _health(w, endpoint_id, before, tried)


async def _health(w: Work, endpoint_id: UUID, before: asyncpg.Record, tried: Sequence[Tried]) -> tuple[str | None, int, bool]:
    failures: int = before["failures"]
    since: datetime | None = before["failing_since"]
    warned, off = before["warned_at"], before["off_because"]
    delivered = any(one.failure is None for one in tried)
    if delivered or not before["paused"]:
        for one in tried:
            failures = failures + 1 if one.failure else 0
        # Many on the wire fail together when a receiver restarts: that is one outage of a few seconds, and the first step of the breaker.
        failures = min(failures, max(before["failures"], BROKEN_AFTER - 1) + 1)
    if delivered:
        since, warned = None, None
    elif since is None:
        since = now()
    rest = max((min(one.retry_after or 0.0, MAX_RETRY_AFTER) for one in tried if one.failure), default=0.0)
    if failures >= BROKEN_AFTER and not before["paused"]:
        rest = max(rest, min(5.0 * 2 ** min(failures - BROKEN_AFTER, 8), 900.0) * random.uniform(0.8, 1.2))
    notice: WebhookNotice | None = None
    if off is None and any(one.status == 410 for one in tried):
        off, notice = OffBecause.GONE.value, WebhookNotice.GONE
    elif off is None and since is not None and now() - since > OFF_AFTER:
        off, notice = OffBecause.FAILING.value, WebhookNotice.OFF
    elif off is None and since is not None and warned is None and now() - since > WARN_AFTER:
        warned, notice = now(), WebhookNotice.FAILING
    paused = now() + timedelta(seconds=rest) if rest else None
    if before["paused"] and not delivered:  # what was on the wire when it began
        paused = max(before["paused_until"], paused or now())
    await w.execute(_HEALTH, w.company_id, endpoint_id, failures, since, warned, paused, off, delivered)
    if notice is not None:
        await notices.tell(w, endpoint_id, notice)
        w.audit("webhook.notice", endpoint_id, notice=notice.value)
    if off != before["off_because"]:
        w.emit(WebhookChanged(endpoint_id=endpoint_id))
    return off, failures, paused is not None


async def forget_old(s: SystemWork) -> None:
    """Deliveries and their log, after 14 days."""
    await s.execute(_FORGET)


_OLDER = """
delete from webhook_delivery where company_id = $1 and id in (
    select id from webhook_delivery where company_id = $1 and state in ('delivered', 'failed') and created_at < $2 order by created_at limit $3)
"""


async def forget_before(w: Work, moment: datetime, most: int) -> int:
    """Deletes some deliveries that are over, and older, with their log. Returns how many."""
    return await w.execute(_OLDER, w.company_id, moment, most)


_NAMING = """
delete from webhook_delivery where company_id = $1 and endpoint_id = $2 and id in (
    select id from webhook_delivery where company_id = $1 and endpoint_id = $2 and (body like any($3::text[]) or entity like any($3::text[]))
    limit $4)
"""


async def erase(w: Work, person: Subject, most: int) -> dict[str, int]:
    """Deletes some of what endpoints were told or are still owed of a person who is erased; what else waits goes on. Rows by table."""
    gone = 0
    for row in await w.fetch("select id from webhook_endpoint where company_id = $1 order by id for update", w.company_id):
        if deleted := await w.execute(_NAMING, w.company_id, row["id"], person.needles, most):
            await let_go(w, row["id"])
        gone += deleted
    return {"webhook_delivery": gone}
