"""How long the work that waits has waited."""

from db.work import system_read

_AGES = """
select
    (select extract(epoch from now() - min(next_at))::float8 from job where state = 'waiting' and next_at <= now()) as job,
    (select extract(epoch from now() - min(received_at))::float8 from webhook_inbox where tries < 5) as webhook
"""


async def oldest() -> dict[str, float]:
    """Seconds that the oldest due job and the oldest webhook have waited; 0 where nothing waits."""
    async with system_read() as s:
        row = await s.fetchrow(_AGES)
    assert row is not None
    return {name: age or 0.0 for name, age in row.items()}
