"""Rounds that keep the house: finding work without wake-ups, ending pauses, forgetting what is old."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import structlog

from db import blobs, event_consumers, idempotency
from db.channels import provider_state
from db.channels.events import ChannelChanged
from db.clock import now
from db.contacts import import_files, imports
from db.contacts.enums import ImportState
from db.contacts.reasons import FileProblem
from db.permissions import Permission
from db.tenancy import worker
from db.work import system_read, system_work, take_tick, work

log = structlog.get_logger("workers.housekeeping")

_WITH_WORK = """
select c.company_id, c.id, c.throughput::float8 as throughput from channel c
where c.archived_at is null
  and (c.state = 'connected' or c.state = 'paused' and c.paused_until <= now())
  and ((select true from message m where m.queue_id = c.id and m.state = 0 and m.next_at <= now() order by m.next_at limit 1)
       or exists (select from campaign k where k.company_id = c.company_id and k.channel_id = c.id and k.state = 'running'
                  and (select true from message m where m.queue_id = k.id and m.state = 0 and m.next_at <= now() order by m.next_at limit 1)))
"""
_OLD = (
    "delete from tick where at < now() - interval '7 days'",
    "delete from webhook_inbox where processed_at < now() - interval '3 days'",
    "delete from webhook_inbox where processed_at is null and tries >= 5 and received_at < now() - interval '30 days'",
    # What nobody could make sense of is kept to be looked at: the newest 50 MB of a company.
    "delete from webhook_inbox w using (select company_id, id, sum(octet_length(body)) over (partition by company_id order by id desc)"
    " as held from webhook_inbox where processed_at is null and tries >= 5) d"
    " where w.company_id = d.company_id and w.id = d.id and d.held > 50000000",
    "delete from session where expires_at < now() - interval '30 days' or revoked_at < now() - interval '30 days'",
    "delete from job where state = 'dead' and created_at < now() - interval '30 days'",
    "delete from lost_attempt where created_at < now() - interval '30 days'",
    "delete from password_reset where expires_at < now() - interval '7 days'",
    "delete from mail where created_at < now() - interval '30 days'",
    "delete from email_verification where expires_at < now()",
    "delete from known_device where last_used_at < now() - interval '180 days'",
)


class ChannelWork(NamedTuple):
    company_id: UUID
    id: UUID
    throughput: float


async def channels_with_work() -> list[ChannelWork]:
    """Channels that may send and have something due."""
    async with system_read() as s:
        return [ChannelWork(*row) for row in await s.fetch(_WITH_WORK)]


async def companies_with_inbox() -> list[UUID]:
    """Companies whose webhooks wait."""
    async with system_read() as s:
        rows = await s.fetch(
            "select distinct company_id from webhook_inbox where processed_at is null and tries < 5 and next_at <= now()"
        )
    return [row["company_id"] for row in rows]


async def wake_paused_channels() -> None:
    """A pause with an end is over when its time has come; the state says so again."""
    async with system_read() as s:
        rows = await s.fetch("select company_id, id from channel where state = 'paused' and paused_until <= now()")
    for row in rows:
        async with work(worker(row["company_id"]), Permission.CHANNELS_WRITE) as w:
            if await w.execute(
                "update channel set state = 'connected', state_reason = null, state_detail = null, paused_until = null"
                " where company_id = $1 and id = $2 and state = 'paused' and paused_until <= now()",
                row["company_id"],
                row["id"],
            ):
                w.emit(ChannelChanged(channel_id=row["id"]))


def _hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


async def hourly() -> None:
    """Once an hour in the whole installation: checks channels again and forgets what is old."""
    if not await take_tick("hourly", _hour(now())):
        return
    async with system_work() as s:
        for statement in _OLD:
            await s.execute(statement)
    await idempotency.forget_old()
    await event_consumers.prune()
    await event_consumers.wake_behind()
    await provider_state.recheck_due()
    await _files()


async def _files() -> None:
    """Ends imports that nobody started, and deletes files that no import needs."""
    for company_id, import_id in await import_files.unstarted():
        await imports.finish(company_id, import_id, ImportState.FAILED, error=FileProblem.EXPIRED)
    async for key in import_files.orphans():
        log.info("housekeeping.orphan", key=key)
        await blobs.store().delete(key)
