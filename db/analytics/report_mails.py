"""The mails of reports: a period is planned once with all its mails; each mail is claimed before its first byte goes out, and one of which
nobody knows whether it went is not sent again by itself."""

from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from db.accounts.queries import member_actor
from db.analytics.enums import ReportMailReason, ReportMailState, ReportRhythm
from db.analytics.errors import ReportError
from db.analytics.reports import days_of, sends_on
from db.clock import now
from db.errors import RequestError
from db.jobs import MailReport
from db.permissions import Permission
from db.tenancy import Actor, worker
from db.work import Work, read, system_read, work

_DUE = "select company_id, id from figure_report where active and next_at <= now() order by next_at limit 200"
_REPORT = """
select f.rhythm, f.weekday, f.hour, f.active, f.next_at, c.time_zone from figure_report f join company c on c.id = f.company_id
where f.company_id = $1 and f.id = $2 for update of f
"""
_RUN = """
insert into figure_report_run(company_id, report_id, first_day, last_day) values ($1, $2, $3, $4) on conflict do nothing returning true
"""
_MAILS = """
insert into figure_report_mail(company_id, report_id, user_id, first_day, last_day)
select $1, $2, x.user_id, $3, $4 from figure_report_reader x join membership s on s.company_id = $1 and s.user_id = x.user_id
where x.company_id = $1 and x.report_id = $2 and x.off_at is null on conflict do nothing returning id
"""
_TRIAL = """
insert into figure_report_mail(company_id, report_id, user_id, first_day, last_day, trial) values ($1, $2, $3, $4, $5, true) returning id
"""
_ONE = """
select m.report_id, m.user_id, m.first_day, m.last_day, m.trial, m.state, f.name, f.channel_id, u.email, u.language, c.name as company,
    exists (select from figure_report_reader x where x.company_id = $1 and x.report_id = m.report_id and x.user_id = m.user_id and x.off_at is null) as wanted
from figure_report_mail m join figure_report f on f.company_id = $1 and f.id = m.report_id join account_user u on u.id = m.user_id
join company c on c.id = $1 where m.company_id = $1 and m.id = $2
"""
_CLAIM = """
update figure_report_mail set state = 'sending' where company_id = $1 and id = $2 and state = 'waiting' returning true
"""
_END = """
update figure_report_mail set state = $3, reason = $4, ended_at = case when $3 in ('waiting', 'sending') then null else now() end
where company_id = $1 and id = $2 and state = any($5::text[])
"""
_LIST = """
select m.id, m.user_id, u.name as user_name, m.first_day, m.last_day, m.trial, m.state, m.reason, m.created_at, m.ended_at
from figure_report_mail m left join membership s on s.company_id = $1 and s.user_id = m.user_id left join account_user u on u.id = s.user_id
where m.company_id = $1 and m.report_id = $2 and ($3::uuid is null or m.id < $3) order by m.id desc limit $4
"""
_AGAIN = """
update figure_report_mail set state = 'waiting', reason = null, ended_at = null
where company_id = $1 and report_id = $2 and id = $3 and state in ('failed', 'unknown') returning true
"""


class ToSend(NamedTuple):
    """One mail as it is to be written, for a reader with the rights that they have now."""

    mail_id: UUID
    report_id: UUID
    name: str
    company: str
    reader: Actor
    email: str
    language: str
    channel_id: UUID | None
    first: date
    last: date


class MailRow(NamedTuple):
    id: UUID
    user_id: UUID
    user_name: str | None
    first_day: date
    last_day: date
    trial: bool
    state: ReportMailState
    reason: ReportMailReason | None
    created_at: datetime
    ended_at: datetime | None


async def plan_due() -> None:
    """A round: every report whose time has come, each in one transaction."""
    async with system_read() as s:
        due = [(row["company_id"], row["id"]) for row in await s.fetch(_DUE)]
    for company_id, report_id in due:
        await plan(company_id, report_id)


async def plan(company_id: UUID, report_id: UUID) -> None:
    """The period that is due, with a mail and a job for each reader, and the next time. Once, however often and by however many it is called; of
    several that were missed only the last."""
    async with work(worker(company_id), Permission.COMPANY_WRITE) as w:
        row = await w.fetchrow(_REPORT, company_id, report_id)
        at = now()
        if row is None or not row["active"] or row["next_at"] > at:
            return
        rhythm = ReportRhythm(row["rhythm"])
        due, following = row["next_at"], row["next_at"]
        while following <= at:
            due, following = following, sends_on(rhythm, row["weekday"], row["hour"], row["time_zone"], following)
        first, last = days_of(rhythm, due, row["time_zone"])
        await w.execute(
            "update figure_report set next_at = $3 where company_id = $1 and id = $2", company_id, report_id, following
        )
        if await w.fetchval(_RUN, company_id, report_id, first, last):
            mails = await w.fetch(_MAILS, company_id, report_id, first, last)
            for one in mails:
                w.enqueue(MailReport(mail_id=one["id"]))
            w.audit("figure_report.planned", report_id, first=first.isoformat(), mails=len(mails))


async def send_me(actor: Actor, report_id: UUID) -> UUID:
    """The last whole period, to oneself, beside the plan. Raises Forbidden, NotFound."""
    actor.require(Permission.ANALYTICS_READ)
    async with work(actor, Permission.COMPANY_WRITE) as w:
        row = await w.fetchrow(_REPORT, w.company_id, report_id)
        if row is None:
            raise RequestError.NOT_FOUND(what="report")
        first, last = days_of(ReportRhythm(row["rhythm"]), now(), row["time_zone"])
        mail_id: UUID = await w.fetchval(_TRIAL, w.company_id, report_id, actor.id, first, last)
        w.enqueue(MailReport(mail_id=mail_id))
        w.audit("figure_report.tried", report_id)
        return mail_id


async def mails(actor: Actor, report_id: UUID, after: UUID | None, limit: int) -> list[MailRow]:
    """The newest first. Raises Forbidden, NotFound."""
    actor.require(Permission.COMPANY_WRITE)
    async with read(actor, Permission.ANALYTICS_READ) as r:
        if not await r.fetchval("select true from figure_report where company_id = $1 and id = $2", actor.company_id, report_id):
            raise RequestError.NOT_FOUND(what="report")
        rows = await r.fetch(_LIST, actor.company_id, report_id, after, limit)
    told = ({**row, "reason": ReportMailReason(row["reason"]) if row["reason"] else None} for row in rows)
    return [MailRow(**{**row, "state": ReportMailState(row["state"])}) for row in told]


async def send_again(actor: Actor, report_id: UUID, mail_id: UUID) -> None:
    """What failed, or may not have been sent, by somebody's decision. Raises Forbidden, NotFound, Conflict `report_mail_not_over`."""
    actor.require(Permission.ANALYTICS_READ)
    async with work(actor, Permission.COMPANY_WRITE) as w:
        known = "select true from figure_report_mail where company_id = $1 and report_id = $2 and id = $3"
        if not await w.fetchval(known, w.company_id, report_id, mail_id):
            raise RequestError.NOT_FOUND(what="mail")
        if not await w.fetchval(_AGAIN, w.company_id, report_id, mail_id):
            raise ReportError.MAIL_NOT_OVER()
        w.enqueue(MailReport(mail_id=mail_id))
        w.audit("figure_report.mailed_again", report_id, mail_id=str(mail_id))


async def waiting(company_id: UUID, mail_id: UUID) -> ToSend | None:
    """None: there is nothing to send any more. A run before this one that ended while the mail server had it leaves it unknown; who may not see
    figures any more, or wants none, gets nothing."""
    async with work(worker(company_id), Permission.COMPANY_WRITE) as w:
        row = await w.fetchrow(_ONE, company_id, mail_id)
        if row is None:
            return None
        if row["state"] == ReportMailState.SENDING:
            await _end(w, mail_id, ReportMailState.UNKNOWN, ReportMailReason.NO_ANSWER)
        if row["state"] != ReportMailState.WAITING:
            return None
        reader = await member_actor(w, row["user_id"])
        reason = None
        if reader is None:
            reason = ReportMailReason.GONE
        elif not row["wanted"] and not row["trial"]:
            reason = ReportMailReason.UNWANTED
        elif Permission.ANALYTICS_READ not in reader.permissions or reader.lacks_factor:
            reason = ReportMailReason.NO_RIGHT
        if reader is None or reason is not None:
            await _end(w, mail_id, ReportMailState.SKIPPED, reason)
            return None
        told = (row["report_id"], row["name"], row["company"], reader, row["email"], row["language"], row["channel_id"])
        return ToSend(mail_id, *told, row["first_day"], row["last_day"])


async def claim(company_id: UUID, mail_id: UUID) -> bool:
    """Before the first byte goes out; True for one caller."""
    async with work(worker(company_id), Permission.COMPANY_WRITE) as w:
        return await w.fetchval(_CLAIM, company_id, mail_id) is True


async def settle(company_id: UUID, mail_id: UUID, state: ReportMailState, reason: ReportMailReason | None = None) -> None:
    """What came of it; WAITING: it surely did not go, and is tried again."""
    async with work(worker(company_id), Permission.COMPANY_WRITE) as w:
        await _end(w, mail_id, state, reason)


async def give_up(company_id: UUID, mail_id: UUID) -> None:
    """Nobody will try again. What was with the mail server stays unknown."""
    async with work(worker(company_id), Permission.COMPANY_WRITE) as w:
        sending = [ReportMailState.SENDING.value]
        await w.execute(_END, company_id, mail_id, ReportMailState.UNKNOWN, ReportMailReason.NO_ANSWER, sending)
        await w.execute(
            _END, company_id, mail_id, ReportMailState.FAILED, ReportMailReason.TRIED, [ReportMailState.WAITING.value]
        )


async def _end(w: Work, mail_id: UUID, state: ReportMailState, reason: ReportMailReason | None) -> None:
    open_ = [ReportMailState.WAITING.value, ReportMailState.SENDING.value]
    await w.execute(_END, w.company_id, mail_id, state, reason, open_)
