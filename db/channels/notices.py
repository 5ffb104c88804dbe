"""News that a provider tells about an account, number or template, and what it asks of people; also that it has long told nothing.

Every piece is a line of the channel log. What limits sending or needs a person stays on the first page until somebody closes it or
better news comes; what cannot wait is mailed to the owners too, once a day for each kind and channel.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import IntEnum
from typing import NamedTuple
from uuid import UUID

from db.accounts import mails
from db.accounts.enums import MailTemplate
from db.channels import log
from db.channels.enums import NoticeCode
from db.channels.events import ChannelChanged
from db.clock import now
from db.errors import RequestError
from db.notifications import owners
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Work, read, work

FRESH = timedelta(days=3)  # older news is mailed to nobody
MAILS_PER_DAY = 20  # of a company


class Weight(IntEnum):
    """How much a piece of news matters."""

    NOTE = 0  # stands in the log
    WARNING = 1  # stays on the first page
    ACTION = 2  # and is mailed to the owners


class Meaning(NamedTuple):
    """`text`: what the log says. `closes`: the news that it makes void. `stays`: until somebody closes it; otherwise the state of the
    channel shows it, as long as it lasts."""

    weight: Weight
    text: str
    closes: tuple[NoticeCode, ...] = ()
    stays: bool = True


N = NoticeCode
_ACCOUNT = (N.ACCOUNT_RESTRICTED, N.ACCOUNT_VIOLATION, N.ACCOUNT_DISABLED, N.ACCOUNT_DISABLE_SCHEDULED)
_TEMPLATE = (N.TEMPLATE_REJECTED, N.TEMPLATE_PAUSED, N.TEMPLATE_DISABLED)
_SESSION = (N.SESSION_ENDED, N.SESSION_ELSEWHERE, N.SESSION_BANNED, N.SESSION_OUTDATED, N.SESSION_AWAY)
MEANINGS: dict[NoticeCode, Meaning] = {
    N.ACCOUNT_RESTRICTED: Meaning(Weight.ACTION, "The provider restricts what this account may send."),
    N.ACCOUNT_VIOLATION: Meaning(Weight.ACTION, "The provider says that the account broke its policy."),
    N.ACCOUNT_DISABLED: Meaning(Weight.ACTION, "The provider disabled the account."),
    N.ACCOUNT_DISABLE_SCHEDULED: Meaning(Weight.ACTION, "The provider is going to disable the account."),
    N.ACCOUNT_REINSTATED: Meaning(Weight.NOTE, "The provider reinstated the account.", _ACCOUNT),
    N.ACCOUNT_DELETED: Meaning(Weight.ACTION, "The account was deleted at the provider."),
    N.ACCOUNT_CHANGED: Meaning(Weight.NOTE, "Something about the account changed."),
    N.APP_REMOVED: Meaning(Weight.ACTION, "Our access was removed from the account at the provider."),
    N.APP_ADDED: Meaning(Weight.NOTE, "Access to the account was given at the provider.", (N.APP_REMOVED,)),
    N.REVIEW_REJECTED: Meaning(Weight.ACTION, "The provider rejected the account in its review."),
    N.REVIEW_APPROVED: Meaning(Weight.NOTE, "The provider approved the account.", (N.REVIEW_REJECTED,)),
    N.REVIEW_PENDING: Meaning(Weight.NOTE, "The provider reviews the account."),
    N.ALERT: Meaning(Weight.ACTION, "The provider alerts about the account."),
    N.ALERT_ENDED: Meaning(Weight.NOTE, "An alert about the account is over.", (N.ALERT,)),
    N.HINT: Meaning(Weight.NOTE, "The provider gives a hint about the account."),
    N.NAME_REJECTED: Meaning(Weight.ACTION, "The provider rejected the display name of the number."),
    N.NAME_APPROVED: Meaning(Weight.NOTE, "The provider approved the display name of the number.", (N.NAME_REJECTED,)),
    N.NAME_PENDING: Meaning(Weight.NOTE, "The provider reviews the display name of the number."),
    N.PIN_CHANGED: Meaning(Weight.ACTION, "The two-step verification code of the number was changed."),
    N.PIN_RESET_REQUESTED: Meaning(Weight.ACTION, "Somebody asks to reset the two-step verification code of the number."),
    N.QUALITY_DROPPED: Meaning(Weight.WARNING, "The quality of the number dropped."),
    N.QUALITY_RECOVERED: Meaning(Weight.NOTE, "The quality of the number is fine again.", (N.QUALITY_DROPPED,)),
    N.LIMIT_CHANGED: Meaning(Weight.NOTE, "The limits of the number changed."),
    N.TEMPLATE_REJECTED: Meaning(Weight.WARNING, "The provider rejected a template."),
    N.TEMPLATE_PAUSED: Meaning(Weight.WARNING, "The provider paused a template."),
    N.TEMPLATE_DISABLED: Meaning(Weight.WARNING, "The provider disabled a template."),
    N.TEMPLATE_APPROVED: Meaning(Weight.NOTE, "The provider approved a template.", _TEMPLATE),
    N.TEMPLATE_MOVED: Meaning(Weight.WARNING, "The provider moved a template to another category, which may cost more."),
    N.TEMPLATE_DISLIKED: Meaning(Weight.WARNING, "People block or report a template."),
    N.TEMPLATE_LIKED: Meaning(Weight.NOTE, "People take a template well.", (N.TEMPLATE_DISLIKED,)),
    N.FLOW_BLOCKED: Meaning(Weight.WARNING, "The provider blocked a form."),
    N.FLOW_CHANGED: Meaning(Weight.NOTE, "Something about a form changed."),
    N.HISTORY_SYNCED: Meaning(Weight.NOTE, "Past messages of the phone's app were taken over."),
    N.HISTORY_DECLINED: Meaning(Weight.NOTE, "The past messages of the phone's app are not shared."),
    N.ADDRESS_BOOK_SYNCED: Meaning(Weight.NOTE, "The phone's app told of its address book."),
    N.STOPS_RISING: Meaning(Weight.ACTION, "More people than usual ask for no more messages. The number sends more slowly."),
    N.FAILURES_RISING: Meaning(Weight.ACTION, "More messages than usual fail. The number sends more slowly."),
    N.RATES_NORMAL: Meaning(Weight.NOTE, "The number sends at full speed again.", (N.STOPS_RISING, N.FAILURES_RISING)),
    N.TEMPLATE_QUALITY_DROPPED: Meaning(Weight.ACTION, "The quality of a template dropped."),
    N.TEMPLATE_QUALITY_RECOVERED: Meaning(Weight.NOTE, "The quality of a template is fine again.", (N.TEMPLATE_QUALITY_DROPPED,)),
    N.SESSION_ENDED: Meaning(
        Weight.ACTION, "The phone disconnected this device. Messages wait until its code is scanned again.", stays=False
    ),
    N.SESSION_ELSEWHERE: Meaning(
        Weight.ACTION, "Another program opened the connection of this number. Messages wait.", stays=False
    ),
    N.SESSION_BANNED: Meaning(Weight.ACTION, "WhatsApp blocked the number. Messages wait.", stays=False),
    N.SESSION_RESTRICTED: Meaning(Weight.ACTION, "WhatsApp lets the number write to nobody new for a time."),
    N.SESSION_OUTDATED: Meaning(Weight.ACTION, "WhatsApp refuses this version of the program. Messages wait.", stays=False),
    N.SESSION_AWAY: Meaning(Weight.ACTION, "The connection of the number does not come back. Messages wait."),
    N.SESSION_QUIET: Meaning(
        Weight.ACTION, "Nothing was heard of the phone for ten days. It soon loses this device.", stays=False
    ),
    N.SESSION_BACK: Meaning(Weight.NOTE, "The number is connected again.", _SESSION),
    N.OUTAGE: Meaning(Weight.ACTION, "The provider has not answered for a while. Sending waits for it.", stays=False),
}


class News(NamedTuple):
    """`subject`: the template or number it is about; `detail` and `raw`: the provider's words and JSON."""

    code: NoticeCode
    at: datetime
    subject: str = ""
    detail: str | None = None
    raw: bytes = b""


class Notice(NamedTuple):
    id: UUID
    channel_id: UUID
    code: NoticeCode
    subject: str
    detail: str | None
    at: datetime


_CLOSE = """
update channel_notice set closed_at = now() where company_id = $1 and channel_id = $2 and closed_at is null
    and code = any($3::text[]) and subject = $4 and at <= $5
"""
# Good news is kept closed: what it made void may be told later, and opens nothing then.
_ADD = """
insert into channel_notice(company_id, channel_id, code, subject, detail, at, closed_at)
select $1, $2, $3, $4, $5, $6, case when $7 then now() end
where $7 or not exists (select from channel_notice where company_id = $1 and channel_id = $2 and subject = $4
    and code = any($8::text[]) and at >= $6)
on conflict do nothing returning id
"""


async def record(w: Work, channel_ids: Sequence[UUID], news: News) -> None:
    """Writes the log, opens a notice or closes those that are void now, and mails the owners what cannot wait. Harmless when
    repeated, and in whatever order news comes."""
    meaning = MEANINGS[news.code]
    note = meaning.weight is Weight.NOTE
    closed_at_once = note or not meaning.stays
    closers = [code.value for code, other in MEANINGS.items() if news.code in other.closes]
    for channel_id in channel_ids:
        raw = news.raw.decode("utf-8", "replace")
        await log.count(w, channel_id, "news", note, meaning.text, code=news.code.value, request=raw, response=news.detail)
        if note and not meaning.closes:
            continue
        which = (w.company_id, channel_id)
        closed = 0
        if meaning.closes:
            closed = await w.execute(_CLOSE, *which, [code.value for code in meaning.closes], news.subject, news.at)
        added = await w.fetchval(_ADD, *which, news.code.value, news.subject, news.detail, news.at, closed_at_once, closers)
        if closed or (added and not closed_at_once):
            w.emit(ChannelChanged(channel_id=channel_id))
        if added and meaning.weight is Weight.ACTION and news.at > now() - FRESH:
            await _mail_owners(w, channel_id, news, added)


async def _mail_owners(w: Work, channel_id: UUID, news: News, notice_id: UUID) -> None:
    """Unless the channel only rehearses, its like was mailed within a day, or the company got many mails today."""
    name: str | None = await w.fetchval(
        "select name from channel where company_id = $1 and id = $2 and not sandbox and not exists ("
        "    select from channel_notice where company_id = $1 and channel_id = $2 and code = $3 and id <> $4"
        "        and created_at > now() - interval '1 day')",
        w.company_id,
        channel_id,
        news.code.value,
        notice_id,
    )
    if name is None or await mails.of_company(w, w.company_id, MailTemplate.CHANNEL_NOTICE) >= MAILS_PER_DAY:
        return
    params = {"channel": name, "code": news.code.value, "subject": news.subject, "detail": news.detail or ""}
    await owners.tell_owners(w, MailTemplate.CHANNEL_NOTICE, params, f"/channels/{channel_id}")


async def open_notices(actor: Actor, channel_id: UUID) -> list[Notice]:
    """What waits for a person about a channel, newest first. Raises NotFound."""
    async with read(actor, Permission.CHANNELS_READ) as r:
        name = await r.fetchval("select name from channel where company_id = $1 and id = $2", actor.company_id, channel_id)
        if name is None:
            raise RequestError.NOT_FOUND(what="channel")
        rows = await r.fetch(
            "select id, channel_id, code, subject, detail, at from channel_notice"
            " where company_id = $1 and channel_id = $2 and closed_at is null order by id desc limit 100",
            actor.company_id,
            channel_id,
        )
    return [
        Notice(row["id"], row["channel_id"], NoticeCode(row["code"]), row["subject"], row["detail"], row["at"]) for row in rows
    ]


async def close(actor: Actor, channel_id: UUID, notice_id: UUID) -> None:
    """Somebody took care of it. Closing it again does nothing. Raises NotFound."""
    async with work(actor, Permission.CHANNELS_WRITE) as w:
        row = await w.fetchrow(
            "select code, closed_at from channel_notice where company_id = $1 and channel_id = $2 and id = $3 for update",
            w.company_id,
            channel_id,
            notice_id,
        )
        if row is None:
            raise RequestError.NOT_FOUND(what="notice")
        if row["closed_at"] is not None:
            return
        await w.execute(
            "update channel_notice set closed_at = now(), closed_by = $3 where company_id = $1 and id = $2",
            w.company_id,
            notice_id,
            actor.id if actor.kind == "user" else None,
        )
        w.audit("channel.notice_closed", channel_id, code=row["code"])
        w.emit(ChannelChanged(channel_id=channel_id))
