"""How a number fares: how many fail and how many ask for no more, day by day; and that it sends more slowly before the provider acts.

A rate rises when its lower bound of 95 % is above what is usual for anybody and twice what was usual for this number in the two weeks before. Then its
owners are told, and its speed goes down to a part through the one limiter (`ChannelRow.rate`), until the last 24 hours are fine again or a person
says otherwise.
"""

import math
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec

from db.channels import notices
from db.channels.enums import HealthAdvice, NoticeCode, Quality
from db.channels.events import ChannelChanged
from db.channels.notices import News
from db.channels.queries import channel as channel_view
from db.clock import now
from db.errors import RequestError
from db.ids import first_of
from db.permissions import Permission
from db.providers import registry
from db.stats.metrics import Metric
from db.tenancy import Actor, worker
from db.work import Read, Work, read, system_read, work

PACE = 0.05
"""Of its speed, while it is slowed: what went out too fast cannot be called back."""
LEAST = 100
"""Sent within a day, before anything is said."""
STOPS, FAILURES = 0.01, 0.10
"""Shares that are usual for anybody."""
TIMES = 2
NEAR = 0.8
_BEFORE = timedelta(days=14)
_DAY = timedelta(days=1)
_LIFTED = timedelta(days=1)

_BUSY = f"""
select c.company_id, c.id from channel c where c.archived_at is null and not c.sandbox and c.kind <> all($1::text[]) and (c.pace < 1 or exists (
    select from stat_hour h where h.company_id = c.company_id and h.metric = {Metric.SENT} and h.bucket >= now() - interval '1 day' and h.dim1 = c.id))
"""
_RATES = f"""
select coalesce(sum(n) filter (where metric = {Metric.SENT} and bucket >= $3), 0)::int as sent,
    coalesce(sum(n) filter (where metric = {Metric.FAILED} and bucket >= $3), 0)::int as failed,
    coalesce(sum(n) filter (where metric = {Metric.SENT} and bucket < $3), 0)::int as sent_before,
    coalesce(sum(n) filter (where metric = {Metric.FAILED} and bucket < $3), 0)::int as failed_before
from stat_hour where company_id = $1 and metric in ({Metric.SENT}, {Metric.FAILED}) and dim1 = $2 and bucket >= $4
"""
_SAID = """
from consent_entry e join inbound_message i on i.company_id = $1 and i.id = e.message_id and i.channel_id = $2
where e.company_id = $1 and e.id >= $3 and not e.allowed and e.source in ('keyword', 'provider')
"""
_STOPS = (
    f"select count(*) filter (where e.at >= $4)::int as stopped, count(*) filter (where e.at < $4)::int as stopped_before {_SAID}"
)
_DAYS = f"""
select d.day, coalesce(s.sent, 0)::int as sent, coalesce(s.failed, 0)::int as failed, coalesce(o.stopped, 0)::int as stopped
from (select k.id, k.time_zone, generate_series((now() at time zone k.time_zone)::date - $3::int + 1, (now() at time zone k.time_zone)::date, interval '1 day')::date as day
      from company k where k.id = $1) d
left join (select day, sum(n) filter (where metric = {Metric.SENT}) as sent, sum(n) filter (where metric = {Metric.FAILED}) as failed
           from stat_day where company_id = $1 and metric in ({Metric.SENT}, {Metric.FAILED}) and dim1 = $2 and day >= current_date - $3::int - 1 group by 1) s on s.day = d.day
left join (select (e.at at time zone k.time_zone)::date as day, count(*) as stopped from company k,
           lateral (select e.at {_SAID.replace("$3", "$4")}) e where k.id = $1 group by 1) o on o.day = d.day
order by d.day
"""


class Counts(NamedTuple):
    sent: int
    failed: int
    stopped: int


class Day(NamedTuple):
    """`stopped`: who answered with a word that ends it, or took it back at the provider."""

    day: date
    sent: int
    failed: int
    stopped: int


class Health(msgspec.Struct, frozen=True):
    """`pace`: the part of its speed at which it sends; `slow_reason` and `slowed_at` while that is less than all of it. `last` are the last 24 hours,
    `before` the two weeks before."""

    quality: Quality
    messaging_limit: int | None
    messaging_used: int | None
    throughput: float
    pace: float
    slow_reason: NoticeCode | None
    slowed_at: datetime | None
    last: Counts
    before: Counts
    days: list[Day]
    advice: list[HealthAdvice]


def rising(last: Counts, before: Counts) -> NoticeCode | None:
    """What rises, the worse first."""
    if _rises(last.stopped, last.sent, before.stopped, before.sent, STOPS):
        return NoticeCode.STOPS_RISING
    if _rises(last.failed, last.sent + last.failed, before.failed, before.sent + before.failed, FAILURES):
        return NoticeCode.FAILURES_RISING
    return None


def _rises(counted: int, of: int, counted_before: int, of_before: int, usual: float) -> bool:
    if of < LEAST:
        return False
    own = counted_before / of_before if of_before >= LEAST else 0.0
    return _low(min(counted, of), of) > max(usual, TIMES * own)


def _low(counted: int, of: int) -> float:
    """The lower end of Wilson's interval of 95 %."""
    z, share = 1.96, counted / of
    middle = share + z * z / (2 * of)
    return (middle - z * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))) / (1 + z * z / of)


async def _rates(r: Read, channel_id: UUID) -> tuple[Counts, Counts]:
    assert r.actor is not None
    since, first = now() - _DAY, now() - _BEFORE - _DAY
    sent = await r.fetchrow(_RATES, r.actor.company_id, channel_id, since, first)
    said = await r.fetchrow(_STOPS, r.actor.company_id, channel_id, first_of(first), since)
    assert sent is not None
    assert said is not None
    return (
        Counts(sent["sent"], sent["failed"], said["stopped"]),
        Counts(sent["sent_before"], sent["failed_before"], said["stopped_before"]),
    )


async def look() -> int:
    """One round over the channels that sent within a day, or are slowed; that nobody answers a call is no failure of its number, and nobody minds what a rehearsal does. Returns how many changed their speed."""
    async with system_read() as s:
        rows = await s.fetch(_BUSY, [one.kind for one in registry.providers() if one.capabilities.calls])
    changed = 0
    for row in rows:
        changed += await follow(row["company_id"], row["id"])
    return changed


async def follow(company_id: UUID, channel_id: UUID) -> bool:
    """Slows a channel whose rates rise or whose quality is red, tells the owners, and lets it go on at full speed once that is over. Whether its
    speed changed."""
    async with work(worker(company_id), Permission.CHANNELS_WRITE) as w:
        row = await w.fetchrow(
            "select quality, pace, slow_reason, full_speed_until from channel where company_id = $1 and id = $2 and archived_at is null for no key update",
            company_id,
            channel_id,
        )
        if row is None:
            return False
        found = rising(*await _rates(w, channel_id))
        if found is None and row["quality"] == Quality.RED:
            found = NoticeCode.QUALITY_DROPPED
        slowed = row["pace"] < 1
        if (found is None and not slowed) or (found is not None and slowed):
            return False
        if found is None:
            await _set(w, channel_id, 1.0, None)
            await notices.record(w, [channel_id], News(NoticeCode.RATES_NORMAL, now()))
            return True
        if row["full_speed_until"] is not None and row["full_speed_until"] > now():
            return False
        await _set(w, channel_id, PACE, found)
        if found is not NoticeCode.QUALITY_DROPPED:  # of that the provider tells by itself
            await notices.record(w, [channel_id], News(found, now()))
        return True


async def _set(w: Work, channel_id: UUID, pace: float, reason: NoticeCode | None) -> None:
    await w.execute(
        "update channel set pace = $3::real, slow_reason = $4, slowed_at = case when $4::text is null then null else now() end"
        " where company_id = $1 and id = $2",
        w.company_id,
        channel_id,
        pace,
        reason.value if reason is not None else None,
    )
    w.audit(
        "channel.slowed" if reason is not None else "channel.full_speed",
        channel_id,
        reason=reason.value if reason is not None else None,
    )
    w.emit(ChannelChanged(channel_id=channel_id))


async def full_speed(actor: Actor, channel_id: UUID) -> Health:
    """A person takes it upon them: nothing slows it for a day. Raises NotFound."""
    async with work(actor, Permission.CHANNELS_WRITE) as w:
        actor.require(Permission.CHANNELS_READ)
        done = await w.execute(
            "update channel set full_speed_until = $3 where company_id = $1 and id = $2 and archived_at is null",
            w.company_id,
            channel_id,
            now() + _LIFTED,
        )
        if not done:
            raise RequestError.NOT_FOUND(what="channel")
        await w.reaches(channel_id)
        await _set(w, channel_id, 1.0, None)
    return await health(actor, channel_id, 30)


async def health(actor: Actor, channel_id: UUID, days: int) -> Health:
    """Of the last so many days of the company's calendar. Raises NotFound."""
    channel = await channel_view(actor, channel_id)
    async with read(actor, Permission.CHANNELS_READ) as r:
        row = await r.fetchrow(
            "select pace::float8 as pace, slow_reason, slowed_at from channel where company_id = $1 and id = $2",
            actor.company_id,
            channel_id,
        )
        assert row is not None
        last, before = await _rates(r, channel_id)
        listed = await r.fetch(_DAYS, actor.company_id, channel_id, days, first_of(now() - timedelta(days=days + 1)))
    used = channel.messaging_used
    return Health(
        quality=channel.quality,
        messaging_limit=channel.messaging_limit,
        messaging_used=used,
        throughput=channel.throughput,
        pace=row["pace"],
        slow_reason=NoticeCode(row["slow_reason"]) if row["slow_reason"] else None,
        slowed_at=row["slowed_at"],
        last=last,
        before=before,
        days=[Day(*one) for one in listed],
        advice=advice(channel.quality, last, before, channel.messaging_limit, used),
    )


def advice(quality: Quality, last: Counts, before: Counts, limit: int | None, used: int | None) -> list[HealthAdvice]:
    """What to do, the most urgent first; nothing while all is well."""
    found = []
    if quality in (Quality.RED, Quality.YELLOW):
        found.append(HealthAdvice.QUALITY_RED if quality is Quality.RED else HealthAdvice.QUALITY_YELLOW)
    both = Counts(*(a + b for a, b in zip(last, before, strict=True)))
    for counts in (last, both):
        if counts.sent >= LEAST and counts.stopped / counts.sent > STOPS:
            found.append(HealthAdvice.ASK_FIRST)
        if counts.sent + counts.failed >= LEAST and counts.failed / (counts.sent + counts.failed) > FAILURES:
            found.append(HealthAdvice.CLEAN_LIST)
    if limit and used is not None and used >= NEAR * limit:
        found.append(HealthAdvice.LIMIT_NEAR)
    return list(dict.fromkeys(found))
