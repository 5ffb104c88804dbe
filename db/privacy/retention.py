"""How long a company keeps what was said, files, logs, its audit log and raw events of webhooks. Workers take away what is older, a slice at a time; off until somebody chooses.

Traces of the assistant have their days in `db/ai/safety.py`, never more than messages; payloads of incoming hooks at their hook."""

from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from msgspec import UNSET, UnsetType

from db.assistant import forgetting as assistant
from db.audit import forgetting as audit
from db.channels import log as channel_log
from db.clock import now
from db.ids import first_of
from db.jobs import KeepRules
from db.messages import erasing as messages
from db.messages import inbox
from db.permissions import Permission
from db.proposals import forgetting as proposals
from db.qr import erasing as qr
from db.tenancy import Actor, worker
from db.versions import Expected, check
from db.webhooks import deliveries
from db.work import Read, SystemWork, read, work

LEAST, MOST = 1, 3650
AUDIT_LEAST = audit.LEAST
EVENT_MOST = 30
"""Days; what nobody could process goes after so many by itself (`inbox.forget_old`), what endpoints were told earlier."""
SLICE = 1000
FILES = 50


class Retention(NamedTuple):
    """Days; None: for ever. `version` 0: nobody chose yet."""

    message_days: int | None = None
    media_days: int | None = None
    log_days: int | None = None
    audit_days: int | None = None
    event_days: int | None = None
    version: int = 0


class Preview(NamedTuple):
    """How many would lose their words, how many files would go and what they take, how many lines of logs, lines of the audit log and raw events."""

    messages: int
    files: int
    file_bytes: int
    log_lines: int
    audit_lines: int
    events: int


COUNTED = 100_000
"""Whoever deletes more than that learns that it is more."""
_PREVIEW = f"""
select
    (select count(*) from (select from message m left join retention t on t.company_id = $1
        where m.company_id = $1 and m.id < $2 and m.id > coalesce(t.sent_through, '00000000-0000-0000-0000-000000000000') limit {COUNTED}) x)
    + (select count(*) from (select from inbound_message m left join retention t on t.company_id = $1
        where m.company_id = $1 and m.id < $2 and m.id > coalesce(t.came_through, '00000000-0000-0000-0000-000000000000') limit {COUNTED}) x),
    count(*), coalesce(sum(f.size), 0)::bigint,
    (select count(*) from (select from channel_log where company_id = $1 and coalesce(last_at, at) < $4 and at < $4 limit {COUNTED}) x),
    (select count(*) from (select from audit_log where company_id = $1 and id < $5 limit {COUNTED}) x),
    (select count(*) from (select from webhook_inbox where company_id = $1 and tries >= 5 and received_at < $6 limit {COUNTED}) x)
    + (select count(*) from (select from webhook_delivery where company_id = $1 and state in ('delivered', 'failed') and created_at < $6
        limit {COUNTED}) x)
from (select size from message_file where company_id = $1 and id < $3 and state = 'stored' and message_id is not null limit {COUNTED}) f
"""


async def retention(actor: Actor) -> Retention:
    async with read(actor, Permission.PRIVACY_WRITE) as r:
        return await _in(r, actor.company_id)


async def set_retention(
    actor: Actor,
    message_days: int | None,
    media_days: int | None,
    log_days: int | None,
    expected: Expected = None,
    *,
    audit_days: int | UnsetType | None = UNSET,
    event_days: int | UnsetType | None = UNSET,
) -> Retention:
    """From now on; what is older goes at once, for good. UNSET leaves a rule as it stands. Raises PreconditionFailed."""
    async with work(actor, Permission.PRIVACY_WRITE) as w:
        await w.fetchval("select true from company where id = $1 for no key update", w.company_id)
        stands = await _in(w, w.company_id)
        check(stands.version, expected)
        audit_days = stands.audit_days if audit_days is UNSET else audit_days
        event_days = stands.event_days if event_days is UNSET else event_days
        await w.execute(
            "insert into retention(company_id, message_days, media_days, log_days, audit_days, event_days) values ($1, $2, $3, $4, $5, $6) on conflict (company_id) do update"
            " set message_days = excluded.message_days, media_days = excluded.media_days, log_days = excluded.log_days,"
            " audit_days = excluded.audit_days, event_days = excluded.event_days,"
            " version = retention.version + 1",
            w.company_id,
            message_days,
            media_days,
            log_days,
            audit_days,
            event_days,
        )
        w.audit(
            "retention.set",
            message_days=message_days,
            media_days=media_days,
            log_days=log_days,
            audit_days=audit_days,
            event_days=event_days,
        )
        w.enqueue(KeepRules())
        return await _in(w, w.company_id)


async def _in(r: Read, company_id: UUID) -> Retention:
    row = await r.fetchrow(
        "select message_days, media_days, log_days, audit_days, event_days, version from retention where company_id = $1",
        company_id,
    )
    return Retention() if row is None else Retention(**row)


async def preview(
    actor: Actor,
    message_days: int | None,
    media_days: int | None,
    log_days: int | None,
    audit_days: int | None = None,
    event_days: int | None = None,
) -> Preview:
    """What would go at once with these days, beside what is gone already; counted up to COUNTED each."""
    async with read(actor, Permission.PRIVACY_WRITE) as r:
        row = await r.fetchrow(
            _PREVIEW,
            actor.company_id,
            *(first_of(now() - timedelta(days=days)) if days is not None else None for days in (message_days, media_days)),
            now() - timedelta(days=log_days) if log_days is not None else None,
            first_of(now() - timedelta(days=audit_days)) if audit_days is not None else None,
            now() - timedelta(days=event_days) if event_days is not None else None,
        )
        assert row is not None
        return Preview(*row)


async def wake(s: SystemWork) -> None:
    """Once an hour every company with a rule is looked at."""
    rows = await s.fetch(
        "select company_id from retention where coalesce(message_days, media_days, log_days, audit_days, event_days) is not null"
    )
    for row in rows:
        s.enqueue(row["company_id"], KeepRules())


async def step(company_id: UUID) -> bool:
    """Takes away one slice of what is older; False when there is nothing left. Harmless when it is repeated."""
    async with work(worker(company_id), Permission.PRIVACY_WRITE) as w:
        row = await w.fetchrow(
            "select message_days, media_days, log_days, audit_days, event_days, sent_through, came_through from retention"
            " where company_id = $1 for update",
            company_id,
        )
        if row is None:
            return False
        more = False
        if row["message_days"] is not None:
            day = now() - timedelta(days=row["message_days"])
            before = first_of(day)
            sent = await messages.forget_out(w, row["sent_through"], before, SLICE)
            came = await messages.forget_in(w, row["came_through"], before, SLICE)
            await w.execute(
                "update retention set sent_through = coalesce($2, sent_through), came_through = coalesce($3, came_through) where company_id = $1",
                company_id,
                sent,
                came,
            )
            more = sent is not None or came is not None
            more |= await assistant.forget_words(w, before, SLICE) > 0
            more |= await proposals.forget_words(w, before, SLICE) > 0
            more |= await qr.forget_before(w, day, SLICE) > 0
        if row["log_days"] is not None:
            more |= await channel_log.forget_before(w, now() - timedelta(days=row["log_days"]), SLICE) > 0
        if row["audit_days"] is not None:
            more |= await audit.forget_old(w, SLICE) > 0
        if row["event_days"] is not None:
            day = now() - timedelta(days=row["event_days"])
            more |= await inbox.forget_before(w, day, SLICE) > 0
            more |= await deliveries.forget_before(w, day, SLICE) > 0
    if row["media_days"] is not None:
        more |= await messages.forget_media(company_id, now() - timedelta(days=row["media_days"]), FILES)
    return more
