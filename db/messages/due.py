"""Where something could be sent now: channels across companies for the poller, queues of one channel for its lanes."""

from typing import NamedTuple
from uuid import UUID

from db.messages.header_files import HAS
from db.work import Read, system_read

# "limit 1" and not "exists": that one becomes a join, which reads everything that waits.
_CHANNELS = f"""
select c.company_id, c.id, c.throughput::float8 as throughput from channel c
where c.archived_at is null
  and (c.state = 'connected' or c.state = 'paused' and c.paused_until <= now())
  and ((select true from message m where m.queue_id = c.id and m.queued and m.next_at <= now() order by m.next_at limit 1)
       or exists (select from campaign k where k.company_id = c.company_id and k.channel_id = c.id and k.state = 'running' and {HAS}
                  and (select true from message m where m.queue_id = k.id and m.queued and m.next_at <= now()
                       order by m.next_at limit 1)))
"""
_QUEUES = f"""
select q.id, q.campaign_id from (
    select $2::uuid as id, null::uuid as campaign_id, '-infinity'::timestamptz as launched_at
    union all
    select k.id, k.id, k.launched_at from campaign k where k.company_id = $1 and k.channel_id = $2 and k.state = 'running' and {HAS}
) q
where (select true from message m where m.queue_id = q.id and m.queued and m.next_at <= now() order by m.next_at limit 1)
order by q.launched_at
"""


class ChannelWork(NamedTuple):
    company_id: UUID
    id: UUID
    throughput: float  # messages or segments per second


async def channels_with_work() -> list[ChannelWork]:
    """Channels of all companies that may send and have something due."""
    async with system_read() as s:
        return [ChannelWork(*row) for row in await s.fetch(_CHANNELS)]


async def due_queues(r: Read, company_id: UUID, channel_id: UUID) -> list[tuple[UUID, UUID | None]]:
    """Queues of the channel with something to send now: (queue, campaign). What people and the API send comes first."""
    return [(row["id"], row["campaign_id"]) for row in await r.fetch(_QUEUES, company_id, channel_id)]
