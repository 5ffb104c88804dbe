"""Fold deltas into hours and days, keep both true, and forget hours that are old."""

from db.work import SystemWork, Work, system_work

ROWS = 50_000  # deltas per round
_LOCK = "select pg_advisory_xact_lock(hashtext('stats'))"  # one at a time: no circle of waits, no day of two zones

# Deltas are taken out and added in one statement: a crash leaves both or neither, and one that commits late is met by a later round.
_FOLD = """
with taken as (
    delete from stat_delta where ctid = any(array(select ctid from stat_delta limit $1 for update skip locked)) returning *
), placed as (
    select t.company_id, metric, date_bin(case when extract(minute from now() at time zone c.time_zone - now() at time zone 'UTC') = 0
            then interval '1 hour' else interval '15 minutes' end, bucket, '2000-01-01 00:00+00') as bucket,
        (bucket at time zone c.time_zone)::date as day, dim1, dim2, h, sum(n) as n, sum(sum) as sum
    from taken t join company c on c.id = t.company_id group by 1, 2, 3, 4, 5, 6, 7
), hours as (
    insert into stat_hour as s (company_id, metric, bucket, dim1, dim2, h, n, sum)
    select company_id, metric, bucket, dim1, dim2, h, sum(n), sum(sum) from placed group by 1, 2, 3, 4, 5, 6
    on conflict (company_id, metric, bucket, dim1, dim2, h) do update set n = s.n + excluded.n, sum = s.sum + excluded.sum
), days as (
    insert into stat_day as s (company_id, metric, day, dim1, dim2, h, n, sum)
    select company_id, metric, day, dim1, dim2, h, sum(n), sum(sum) from placed group by 1, 2, 3, 4, 5, 6
    on conflict (company_id, metric, day, dim1, dim2, h) do update set n = s.n + excluded.n, sum = s.sum + excluded.sum
)
select count(*)::int from taken
"""

# Of a day that began before the oldest hour only a part is known.
_OWN_HOURS = """
with own as (
    select (h.bucket at time zone c.time_zone)::date as day, h.metric, h.dim1, h.dim2, h.h, h.n, h.sum
    from stat_hour h join company c on c.id = h.company_id where h.company_id = $1
), since as (
    select case when count(*) = 0 then date 'infinity' when min(day) < now() - interval '399 days' then min(day) + 1 else date '-infinity' end as day from own
)
"""
_FORGET_DAYS = _OWN_HOURS + "delete from stat_day where company_id = $1 and day >= (select day from since)"
_REBUILD_DAYS = (
    _OWN_HOURS
    + "insert into stat_day(company_id, metric, day, dim1, dim2, h, n, sum) select $1, metric, day, dim1, dim2, h, sum(n), sum(sum)"
    " from own where day >= (select day from since) group by 2, 3, 4, 5, 6"
)


async def fold() -> int:
    """Adds up to ROWS waiting deltas to the roll-ups; returns how many. Several workers may call it: one works, the others wait."""
    async with system_work() as s:
        if not await s.fetchval("select exists (select from stat_delta)"):
            return 0
        await s.execute(_LOCK)
        folded: int = await s.fetchval(_FOLD, ROWS)
        return folded


async def rebuild_days(w: Work) -> None:
    """The company's days anew from its hours, after its time zone changed. Days whose hours are forgotten stay as they were."""
    await w.execute(_LOCK)
    for statement in (_FORGET_DAYS, _REBUILD_DAYS):
        await w.execute(statement, w.company_id)


async def forget_hours(s: SystemWork) -> None:
    """Hours stay 400 days, days for ever."""
    await s.execute("delete from stat_hour where bucket < now() - interval '400 days'")
