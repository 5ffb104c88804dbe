"""Reports by mail: what is sent when to whom, set by whoever may change the company; each reader may stop it for themselves."""

import base64
import binascii
import struct
from datetime import date, datetime, time, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from db import versions
from db.accounts.standing import holds
from db.analytics.enums import ReportRhythm
from db.analytics.errors import ReportError, ReportField
from db.clock import now
from db.crypto import ring
from db.errors import Field, RequestError
from db.permissions import Permission
from db.tenancy import Actor, worker
from db.versions import Expected
from db.work import Read, SystemWork, Work, read, system_read, work

MOST = 50
_COLUMNS = "f.id, f.name, f.rhythm, f.weekday, f.hour, f.channel_id, f.active, f.next_at, f.version"
_LIST = f"select {_COLUMNS} from figure_report f where f.company_id = $1 and ($2::uuid is null or f.id = $2) order by fold(f.name), f.id"
_READERS = """
select x.report_id, x.user_id as id, u.name, x.off_at from figure_report_reader x join account_user u on u.id = x.user_id
join membership m on m.company_id = $1 and m.user_id = x.user_id where x.company_id = $1 and x.report_id = any($2::uuid[]) order by fold(u.name), u.id
"""
_MAY = f"""
select m.user_id, {holds(Permission.ANALYTICS_READ, "m")} as may from membership m where m.company_id = $1 and m.user_id = any($2::uuid[])
"""
_ADD = """
insert into figure_report(company_id, name, rhythm, weekday, hour, channel_id, active, next_at) values ($1, $2, $3, $4, $5, $6, $7, $8) returning id
"""
_CHANGE = """
update figure_report set name = $3, rhythm = $4, weekday = $5, hour = $6, channel_id = $7, active = $8, next_at = $9, version = version + 1
where company_id = $1 and id = $2
"""
_KEEP_READERS = "delete from figure_report_reader where company_id = $1 and report_id = $2 and user_id <> all($3::uuid[])"
_ADD_READERS = """
insert into figure_report_reader(company_id, report_id, user_id) select $1, $2, unnest($3::uuid[]) on conflict do nothing
"""
_WANTED = """
update figure_report_reader set off_at = case when $4 then null else coalesce(off_at, now()) end where company_id = $1 and report_id = $2 and user_id = $3
"""
_FORM = struct.Struct(">16s16s16s")  # company, report, person
_MARK = 16
_PURPOSE = "report"


class ReportSet(NamedTuple):
    name: str
    rhythm: ReportRhythm
    weekday: int
    hour: int
    channel_id: UUID | None
    active: bool
    reader_ids: list[UUID]


class Reader(NamedTuple):
    """`off_at`: since when they want it no more."""

    id: UUID
    name: str
    off_at: datetime | None


class Report(NamedTuple):
    id: UUID
    name: str
    rhythm: ReportRhythm
    weekday: int
    hour: int
    channel_id: UUID | None
    active: bool
    next_at: datetime
    version: int
    readers: list[Reader]


def sends_on(rhythm: ReportRhythm, weekday: int, hour: int, zone: str, after: datetime) -> datetime:
    """The first time after a moment, by the company's clock."""
    place = ZoneInfo(zone)
    day = after.astimezone(place).date()
    while True:
        right = day.isoweekday() == weekday if rhythm is ReportRhythm.WEEKLY else day.day == 1
        at = datetime.combine(day, time(hour), place)
        if right and at > after:
            return at
        day += timedelta(days=1)


def days_of(rhythm: ReportRhythm, at: datetime, zone: str) -> tuple[date, date]:
    """Which days a report tells of that is due then."""
    day = at.astimezone(ZoneInfo(zone)).date()
    if rhythm is ReportRhythm.WEEKLY:
        return day - timedelta(days=7), day - timedelta(days=1)
    last = day.replace(day=1) - timedelta(days=1)
    return last.replace(day=1), last


async def _found(r: Read, company_id: UUID, report_id: UUID | None = None) -> list[Report]:
    rows = await r.fetch(_LIST, company_id, report_id)
    readers: dict[UUID, list[Reader]] = {row["id"]: [] for row in rows}
    for row in await r.fetch(_READERS, company_id, list(readers)):
        readers[row["report_id"]].append(Reader(row["id"], row["name"], row["off_at"]))
    return [Report(**{**row, "rhythm": ReportRhythm(row["rhythm"]), "readers": readers[row["id"]]}) for row in rows]


async def reports(actor: Actor) -> list[Report]:
    """By name. Raises Forbidden."""
    async with read(actor, Permission.ANALYTICS_READ) as r:
        return await _found(r, actor.company_id)


async def add(actor: Actor, given: ReportSet) -> Report:
    """Raises Forbidden, Invalid, Conflict `too_many_reports`."""
    actor.require(Permission.ANALYTICS_READ)
    async with work(actor, Permission.COMPANY_WRITE) as w:
        await w.execute("select pg_advisory_xact_lock(hashtextextended('figure_report:' || $1::text, 0))", str(w.company_id))
        if await w.fetchval("select count(*) from figure_report where company_id = $1", w.company_id) >= MOST:
            raise ReportError.TOO_MANY_REPORTS(most=MOST)
        values = await _checked(w, given, set())
        report_id: UUID = await w.fetchval(_ADD, w.company_id, *values)
        await w.execute(_ADD_READERS, w.company_id, report_id, list(set(given.reader_ids)))
        w.audit("figure_report.added", report_id, readers=len(set(given.reader_ids)))
        return (await _found(w, w.company_id, report_id))[0]


async def change(actor: Actor, report_id: UUID, given: ReportSet, expected: Expected = None) -> Report:
    """All of it. Who stopped it for themselves stays so. Raises Forbidden, NotFound, Invalid, PreconditionFailed."""
    actor.require(Permission.ANALYTICS_READ)
    async with work(actor, Permission.COMPANY_WRITE) as w:
        await _lock(w, report_id, expected)
        rows = await w.fetch(_READERS, w.company_id, [report_id])
        values = await _checked(w, given, {row["id"] for row in rows})
        await w.execute(_CHANGE, w.company_id, report_id, *values)
        await w.execute(_KEEP_READERS, w.company_id, report_id, given.reader_ids)
        await w.execute(_ADD_READERS, w.company_id, report_id, list(set(given.reader_ids)))
        w.audit("figure_report.changed", report_id, readers=len(set(given.reader_ids)))
        return (await _found(w, w.company_id, report_id))[0]


async def delete(actor: Actor, report_id: UUID, expected: Expected = None) -> None:
    """Mails that wait are not sent. Raises Forbidden, NotFound, PreconditionFailed."""
    actor.require(Permission.ANALYTICS_READ)
    async with work(actor, Permission.COMPANY_WRITE) as w:
        await _lock(w, report_id, expected)
        await w.execute("delete from figure_report where company_id = $1 and id = $2", w.company_id, report_id)
        w.audit("figure_report.deleted", report_id)


async def subscribe(actor: Actor, report_id: UUID, wanted: bool) -> None:
    """For oneself, where one is among the readers. Raises Forbidden, NotFound, Conflict `not_a_reader`."""
    async with work(actor, Permission.ANALYTICS_READ) as w:
        await _set_wanted(w, report_id, actor.id, wanted)


async def _set_wanted(w: Work, report_id: UUID, user_id: UUID | None, wanted: bool) -> None:
    if not await w.fetchval("select true from figure_report where company_id = $1 and id = $2", w.company_id, report_id):
        raise RequestError.NOT_FOUND(what="report")
    if not await w.execute(_WANTED, w.company_id, report_id, user_id, wanted):
        raise ReportError.NOT_A_READER()
    w.audit("figure_report.wanted" if wanted else "figure_report.unwanted", report_id, reader=str(user_id))


def token(company_id: UUID, report_id: UUID, user_id: UUID) -> str:
    """With which a reader stops a report without signing in; it opens nothing."""
    said = _FORM.pack(company_id.bytes, report_id.bytes, user_id.bytes)
    return base64.urlsafe_b64encode(said + ring().sign(said, purpose=_PURPOSE)).decode().rstrip("=")


def _named(given: str) -> tuple[UUID | None, UUID | None, UUID | None]:
    """Company, report and reader of a token; nothing where it is none of ours."""
    try:
        raw = base64.urlsafe_b64decode(given + "=" * (-len(given) % 4))
        said, mark = raw[: _FORM.size], raw[_FORM.size :]
        company, report, reader = _FORM.unpack(said)
    except (ValueError, binascii.Error, struct.error):
        return None, None, None
    if len(mark) != _MARK or not ring().signed(said, mark, purpose=_PURPOSE):
        return None, None, None
    return UUID(bytes=company), UUID(bytes=report), UUID(bytes=reader)


async def unsubscribe(given: str) -> None:
    """By the link in a mail; harmless when repeated. Raises NotFound: it is none of ours, or its report is gone."""
    company_id, report_id, user_id = _named(given)
    async with system_read() as s:
        known = await s.fetchval("select true from figure_report where company_id = $1 and id = $2", company_id, report_id)
    if known is None or company_id is None:
        raise RequestError.NOT_FOUND(what="report")
    async with work(worker(company_id), Permission.ANALYTICS_READ) as w:
        if await w.execute(f"{_WANTED} and off_at is null", company_id, report_id, user_id, False):
            w.audit("figure_report.unwanted", report_id, reader=str(user_id))


async def _lock(w: Work, report_id: UUID, expected: Expected) -> asyncpg.Record:
    row = await w.fetchrow(
        "select version from figure_report where company_id = $1 and id = $2 for update", w.company_id, report_id
    )
    if row is None:
        raise RequestError.NOT_FOUND(what="report")
    versions.check(row["version"], expected)
    return row


async def _checked(w: Work, given: ReportSet, known: set[UUID]) -> tuple[object, ...]:
    """`known`: who reads it already, and may have lost the right since: nothing is sent to them then."""
    may = {row["user_id"]: row["may"] for row in await w.fetch(_MAY, w.company_id, given.reader_ids)}
    wrong: list[Field] = []
    for number, one in enumerate(given.reader_ids):
        if one not in may:
            wrong.append(ReportField.NO_MEMBER(f"reader_ids[{number}]"))
        elif not may[one] and one not in known:
            wrong.append(ReportField.NO_FIGURES(f"reader_ids[{number}]"))
    channel = "select true from channel where company_id = $1 and id = $2"
    if given.channel_id is not None and not await w.fetchval(channel, w.company_id, given.channel_id):
        wrong.append(ReportField.NO_CHANNEL("channel_id"))
    if wrong:
        raise RequestError.INVALID(fields=wrong)
    zone: str = await w.fetchval("select time_zone from company where id = $1", w.company_id)
    at = sends_on(given.rhythm, given.weekday, given.hour, zone, now())
    return given.name, given.rhythm, given.weekday, given.hour, given.channel_id, given.active, at


async def forget_left(s: SystemWork) -> None:
    """Readers who left their company: who comes back is chosen anew."""
    await s.execute(
        "delete from figure_report_reader x"
        " where not exists (select from membership m where m.company_id = x.company_id and m.user_id = x.user_id)"
    )
