"""How many people wait longer for an answer than the company wants."""

from bisect import bisect_left
from datetime import datetime
from uuid import UUID

from db.clock import now
from db.conversations import office_hours
from db.work import Read

MOST = 1000
"""So many are counted at most."""
_WAITING = f"""
select waiting_since from conversation where company_id = $1 and state = 'open' and waiting_since is not null
order by waiting_since, id limit {MOST}
"""


async def count(r: Read, company_id: UUID) -> int:
    """Open conversations whose time to answer is over, by the office hours; 0 for a company without such a time."""
    target: int | None = await r.fetchval("select answer_target from company where id = $1", company_id)
    if target is None:
        return 0
    hours, at = await office_hours.of(r, company_id), now()

    def in_time(since: datetime) -> bool:
        due = hours.after(since, target)
        return due is None or due > at

    waiting = [row["waiting_since"] for row in await r.fetch(_WAITING, company_id)]
    return bisect_left(waiting, True, key=in_time)  # who began to wait earlier is due earlier
