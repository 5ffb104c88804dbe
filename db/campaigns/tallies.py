"""The figures of campaigns, of their own messages; with what went another way in their place, as everything shows them: `together.py`.

`message_tally` holds what entered or left a state and when, written by a trigger in the transaction of the change; the sums are the
counts by state. db/stats counts the same changes per channel and day.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from db.messages.enums import TALLY_REPLIED, MessageState
from db.messages.enums import MessageState as M
from db.permissions import Permission
from db.tenancy import worker
from db.work import Read, system_read, work

POINTS = 120
_WIDTHS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400)
_WAITING = (MessageState.QUEUED, MessageState.SENDING, MessageState.UNKNOWN)
_SENT = (MessageState.SENT, MessageState.DELIVERED, MessageState.READ)

_COUNTS = """
select k.id, k.audience_size, t.state, sum(t.delta)::int as n, count(t.delta) as rows, max(t.at) as latest from campaign k
left join message_tally t on t.company_id = k.company_id and t.campaign_id = k.id
where k.company_id = $1 and k.id = any($2::uuid[]) group by 1, 2, 3
"""
# Moves among sent, delivered and read cancel out, so their sum is what was newly accepted in each span.
_SERIES = f"""
select to_timestamp(floor(extract(epoch from at) / $3) * $3) as at,
    coalesce(sum(delta) filter (where state in ({M.SENT}, {M.DELIVERED}, {M.READ})), 0)::int as sent,
    coalesce(sum(delta) filter (where state in ({M.DELIVERED}, {M.READ})), 0)::int as delivered
from message_tally where company_id = $1 and campaign_id = $2 and at >= $4 group by 1 order by 1
"""
_RATE = f"""
select coalesce(sum(delta) filter (where state in ({M.SENT}, {M.DELIVERED}, {M.READ})), 0)::float8 from message_tally
where company_id = $1 and campaign_id = $2 and at > now() - make_interval(secs => $3)
"""
_ENDED = """
select company_id, id, started_at, finished_at from campaign
where tally_width is null and finished_at < now() - interval '1 day' order by finished_at limit 20
"""
_COMPACT = """
with fine as (
    delete from message_tally where company_id = $1 and campaign_id = $2 returning at, state, delta
)
insert into message_tally(company_id, campaign_id, at, state, delta)
select $1, $2, to_timestamp(floor(extract(epoch from at) / $3) * $3), state, sum(delta) from fine group by 3, 4 having sum(delta) <> 0
"""


class Figures(msgspec.Struct, frozen=True):
    """Of everyone who was to get the message: each is waiting, sent, failed or stopped, so audience = waiting + sent + failed + stopped
    at every moment. Of those sent, so many were delivered, read, answered."""

    audience: int = 0
    waiting: int = 0  # queued, in hand, or with an outcome that is not known yet
    sent: int = 0  # accepted by the provider, and not failed since
    delivered: int = 0
    read: int = 0
    replied: int = 0
    failed: int = 0  # refused, failed after all, or without a result for good
    stopped: int = 0  # cancelled, or opted out since the launch


class Tally(NamedTuple):
    """`counts`: every message by state label, also those skipped when the audience was made. `mark`: another one after every change."""

    figures: Figures
    counts: dict[str, int]
    mark: str = ""


async def tallies(r: Read, campaign_ids: list[UUID]) -> dict[UUID, Tally]:
    """For each campaign, as of the transaction."""
    assert r.actor is not None
    found: dict[UUID, dict[int, int]] = {campaign_id: {} for campaign_id in campaign_ids}
    sizes: dict[UUID, int] = {}
    marks: dict[UUID, list[str]] = {campaign_id: [] for campaign_id in campaign_ids}
    for row in await r.fetch(_COUNTS, r.actor.company_id, campaign_ids):
        sizes[row["id"]] = row["audience_size"] or 0
        if row["state"] is not None:
            found[row["id"]][row["state"]] = row["n"]
            marks[row["id"]].append(f"{row['state']}:{row['n']}:{row['rows']}:{row['latest'].timestamp()}")
    return {one: _tally(counts, sizes.get(one, 0), " ".join(sorted(marks[one]))) for one, counts in found.items()}


def _tally(counts: dict[int, int], audience: int, mark: str) -> Tally:
    waiting, sent = sum(counts.get(s, 0) for s in _WAITING), sum(counts.get(s, 0) for s in _SENT)
    failed = counts.get(MessageState.FAILED, 0) + counts.get(MessageState.FAILED_UNKNOWN, 0)
    read = counts.get(MessageState.READ, 0)
    figures = Figures(
        audience,
        waiting,
        sent,
        counts.get(MessageState.DELIVERED, 0) + read,
        read,
        counts.get(TALLY_REPLIED, 0),
        failed,
        audience - waiting - sent - failed,
    )
    return Tally(figures, {MessageState(state).label: n for state, n in counts.items() if state != TALLY_REPLIED}, mark)


class Point(msgspec.Struct, frozen=True):
    at: datetime
    sent: int
    delivered: int


def width(start: datetime, end: datetime) -> int:
    """Seconds per point of the chart, so that there are at most about POINTS."""
    span = (end - start).total_seconds()
    return next((width for width in _WIDTHS if span / width <= POINTS), _WIDTHS[-1])


async def series(r: Read, campaign_id: UUID, seconds: int, since: datetime) -> list[Point]:
    """Newly sent and delivered per span of `seconds`; one that failed after all is not taken out of its span but of that of its failure."""
    assert r.actor is not None
    rows = await r.fetch(_SERIES, r.actor.company_id, campaign_id, seconds, since)
    return [Point(row["at"], max(0, row["sent"]), max(0, row["delivered"])) for row in rows]


async def rate(r: Read, campaign_id: UUID, seconds: int) -> float:
    """Messages per second, over the last `seconds`."""
    assert r.actor is not None
    sent: float = await r.fetchval(_RATE, r.actor.company_id, campaign_id, float(seconds))
    return max(0.0, sent / seconds)


async def compact() -> int:
    """Brings the tallies of campaigns that ended a day ago to one per state and point of their chart; returns how many campaigns."""
    async with system_read() as s:
        ended = await s.fetch(_ENDED)
    for row in ended:
        seconds = width(row["started_at"] or row["finished_at"], row["finished_at"])
        async with work(worker(row["company_id"]), Permission.CAMPAIGNS_SEND) as w:
            if await w.execute(
                "update campaign set tally_width = $3 where company_id = $1 and id = $2 and tally_width is null",
                row["company_id"],
                row["id"],
                seconds,
            ):
                await w.execute(_COMPACT, row["company_id"], row["id"], seconds)
    return len(ended)
