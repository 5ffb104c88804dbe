"""What waits, what was given up and which channels stand still, over all companies: for `/ready` and `/metrics`."""

from typing import NamedTuple

from db.work import system_read

_AGES = """
select
    (select extract(epoch from now() - min(next_at))::float8 from job where state = 'waiting' and next_at <= now()) as job,
    (select extract(epoch from now() - min(received_at))::float8 from webhook_inbox where tries < 5) as webhook
"""
_COUNTS = """
select 'jobs' as kind, j.state, count(*) as n from job j where j.state = 'dead' or (j.state = 'waiting' and j.next_at <= now()) group by 2
union all select 'webhooks', case when tries < 5 then 'waiting' else 'given_up' end, count(*) from webhook_inbox group by 2
union all select 'channels', state, count(*) from channel where not sandbox and archived_at is null group by 2
union all select 'holds', 'open', count(*) from hold where ended_at is null
"""


class Count(NamedTuple):
    kind: str  # jobs, webhooks, channels, holds
    state: str
    n: int


async def oldest() -> dict[str, float]:
    """Seconds that the oldest due job and the oldest webhook have waited; 0 where nothing waits."""
    async with system_read() as s:
        row = await s.fetchrow(_AGES)
    assert row is not None
    return {name: age or 0.0 for name, age in row.items()}


async def counts() -> list[Count]:
    """Jobs that are due or were given up, webhooks that wait or were given up, real channels by state, and open holds."""
    async with system_read() as s:
        return [Count(*row) for row in await s.fetch(_COUNTS)]
