"""How many people wait longer for an answer than the company wants."""

from bisect import bisect_left
from collections import defaultdict
from datetime import datetime
from functools import partial
from uuid import UUID

from db.clock import now
from db.conversations import office_hours
from db.conversations.hours import OfficeHours
from db.work import Read

MOST = 1000
"""So many are counted at most."""
_WAITING = f"""
select waiting_since, team_id from conversation where company_id = $1 and state = 'open' and waiting_since is not null
order by waiting_since, id limit {MOST}
"""


async def count(r: Read, company_id: UUID) -> int:
    """Open conversations whose time to answer is over, by the office hours; 0 for a company without such a time."""
    target: int | None = await r.fetchval("select answer_target from company where id = $1", company_id)
    if target is None:
        return 0
    offices, at = await office_hours.all_of(r, company_id), now()

    def in_time(since: datetime, hours: OfficeHours) -> bool:
        due = hours.after(since, target)
        return due is None or due > at

    waiting = defaultdict[UUID | None, list[datetime]](list)
    for row in await r.fetch(_WAITING, company_id):
        waiting[row["team_id"] if row["team_id"] in offices.teams else None].append(row["waiting_since"])
    # Of equal hours who began to wait earlier is due earlier.
    return sum(bisect_left(some, True, key=partial(in_time, hours=offices.of(team_id))) for team_id, some in waiting.items())
