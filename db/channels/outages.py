"""A channel whose provider is down: paused by the system, tried again by probes, resumed by the first answer.

Written by workers only. The row says everything, so that a worker that dies leaves no channel paused for ever: `probe_due` finds
every probe whose time has come, also one that was begun and never ended.
"""

import random
from datetime import datetime, timedelta
from uuid import UUID

from db.channels import notices
from db.channels.enums import NoticeCode
from db.channels.events import ChannelChanged
from db.clock import now
from db.jobs import ProbeChannel
from db.messages.reasons import FailureReason
from db.permissions import Permission
from db.tenancy import worker
from db.work import Work, system_read, work

SHORTEST, LONGEST = 2.0, 60.0  # seconds between two probes
AFTER_PROBE, AFTER_RELAPSE = 0.2, 0.5  # a failed probe costs nothing; a relapse cost a message its result
RELAPSE = timedelta(seconds=30)  # failing again so soon after a probe is the same outage; longer than one request may take
LONG = timedelta(minutes=10)  # an outage of which the owners get a mail
TAKEN = timedelta(seconds=20)  # a probe under way is not begun again for so long; longer than a probe may take

_MINE = "company_id = $1 and id = $2 and state = 'paused' and state_reason = 'provider_outage'"
_SENDING = (
    "company_id = $1 and id = $2 and archived_at is null and (state = 'connected' or state = 'paused' and paused_until <= now())"
)


def pause(lasted: timedelta, share: float) -> timedelta:
    """How long to wait for the next probe: a share of what the outage has lasted, with jitter, so that many channels do not
    probe a recovering provider at once."""
    return timedelta(seconds=min(LONGEST, max(SHORTEST, lasted.total_seconds() * share)) * random.uniform(0.8, 1.2))


async def begin(w: Work, channel_id: UUID, detail: str, *, period: datetime | None) -> bool:
    """Pauses the channel until a probe is answered. `period` is the `probe_at` under which the failing messages were claimed:
    answers to what left before an outage do not begin another one. False when a person, the provider or another worker stopped
    the channel already."""
    row = await w.fetchrow(
        f"select outage_since, probe_at from channel where {_SENDING} and probe_at is not distinct from $3 for update",
        w.company_id,
        channel_id,
        period,
    )
    if row is None:
        return False
    relapse = period is not None and period > now() - RELAPSE
    since = row["outage_since"] if relapse else now()
    await w.execute(
        "update channel set state = 'paused', state_reason = $3, state_detail = $4, paused_until = null, outage_since = $5,"
        " probe_at = $6 where company_id = $1 and id = $2",
        w.company_id,
        channel_id,
        FailureReason.PROVIDER_OUTAGE,
        detail[:300] or None,
        since,
        now() + pause(now() - since, AFTER_RELAPSE),
    )
    w.audit("channel.paused", channel_id, reason=FailureReason.PROVIDER_OUTAGE)
    w.emit(ChannelChanged(channel_id=channel_id))
    return True


async def goes_on(w: Work, channel_id: UUID) -> None:
    """The provider did not answer a probe: the next one comes after a longer pause. The owners are told of a long outage."""
    since = await w.fetchval(f"select outage_since from channel where {_MINE} for update", w.company_id, channel_id)
    if since is not None:
        if now() - since >= LONG:
            await notices.record(w, [channel_id], notices.News(NoticeCode.OUTAGE, since))
        await w.execute(
            "update channel set probe_at = $3 where company_id = $1 and id = $2",
            w.company_id,
            channel_id,
            now() + pause(now() - since, AFTER_PROBE),
        )


async def over(w: Work, channel_id: UUID) -> bool:
    """The provider answers again: the channel goes on. False when it was not paused for that."""
    changed = await w.execute(
        f"update channel set state = 'connected', state_reason = null, state_detail = null, probe_at = now() where {_MINE}",
        w.company_id,
        channel_id,
    )
    if changed:
        w.audit("channel.resumed", channel_id, reason=FailureReason.PROVIDER_OUTAGE)
        w.emit(ChannelChanged(channel_id=channel_id))
    return bool(changed)


async def probe_due() -> int:
    """Starts the probes whose time has come; each is started by one worker, and again if that one dies. Returns how many."""
    async with system_read() as s:
        rows = await s.fetch(
            "select company_id, id from channel where state = 'paused' and state_reason = 'provider_outage'"
            " and probe_at <= now() and archived_at is null order by probe_at limit 200"
        )
    for row in rows:
        async with work(worker(row["company_id"]), Permission.CHANNELS_WRITE) as w:
            if await w.execute(
                f"update channel set probe_at = $3 where {_MINE} and probe_at <= now()", w.company_id, row["id"], now() + TAKEN
            ):
                w.enqueue(ProbeChannel(channel_id=row["id"]))
    return len(rows)
