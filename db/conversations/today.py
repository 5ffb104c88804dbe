"""The inbox's day so far: who wrote, who has an answer, who waits, how soon the first answer came. The day of the company's time zone."""

from statistics import median
from typing import NamedTuple

from db.conversations import office_hours
from db.permissions import Permission
from db.tenancy import Actor
from db.work import read

MOST = 10_000  # conversations that are counted at most
SAMPLE = 1000  # first answers, the newest, of which the middle is told

_SINCE = "select date_trunc('day', now() at time zone time_zone) at time zone time_zone from company where id = $1"
# Who wrote today was last heard of today: the index of the list finds them.
_WROTE = f"""
select count(*) as wrote, count(*) filter (where waiting_since is null) as answered from (
    select v.last_inbound_at, v.waiting_since from conversation v where v.company_id = $1 and v.last_at >= $2
    order by v.last_at desc limit {MOST}) d
where last_inbound_at >= $2
"""
_WAITING = f"""
select count(*) from (select from conversation where company_id = $1 and state = 'open' and waiting_since is not null limit {MOST}) w
"""
_FIRST = f"""
select opened_at, first_reply_at, team_id from (
    select v.opened_at, v.first_reply_at, v.team_id from conversation v where v.company_id = $1 and v.last_at >= $2
    order by v.last_at desc limit {MOST}) d
where first_reply_at >= $2 order by first_reply_at desc limit {SAMPLE}
"""


class Today(NamedTuple):
    """People who wrote today, and of those who do not wait any more; who waits now, since whenever; and the middle of the times to today's
    first answers, in seconds of the office hours (None: there was none)."""

    wrote: int
    answered: int
    waiting: int
    first_reply_seconds: int | None


async def today(actor: Actor) -> Today:
    """10,000 stands for that and more."""
    async with read(actor, Permission.CONVERSATIONS_READ) as r:
        since = await r.fetchval(_SINCE, actor.company_id)
        row = await r.fetchrow(_WROTE, actor.company_id, since)
        assert row is not None
        waiting = await r.fetchval(_WAITING, actor.company_id)
        first = await r.fetch(_FIRST, actor.company_id, since)
        offices = await office_hours.all_of(r, actor.company_id)
    took = [offices.of(one["team_id"]).seconds(one["opened_at"], one["first_reply_at"]) for one in first]
    return Today(row["wrote"], row["answered"], waiting, round(median(took)) if took else None)
