"""Calls people who may not be looking: a line behind the bell of their pages, a notification of their browsers, a mail once nobody read
the line for a while; each by what they chose. A call names ids only; what it says is looked up when it leaves, so that nothing of a
conversation lies in a queue."""

from collections.abc import Iterable
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from db.clock import now
from db.jobs import MailNotifications, SendPush
from db.notifications.choices import ALWAYS_MAILED, first
from db.notifications.enums import NoticeTopic, NotificationKind
from db.notifications.events import NotificationsChanged
from db.work import Work

MAIL_AFTER = timedelta(minutes=5)
"""Who reads it on a page within that time gets no mail; what comes within it is one mail."""

_NOTE = """
with asked as materialized (
    select m.user_id, coalesce(c.in_app, $9) as in_app, coalesce(c.push, $10) as push, coalesce(c.mail, $11) and not $12 as mail
    from membership m left join notification_choice c on c.company_id = $1 and c.user_id = m.user_id and c.kind = $3
    where m.company_id = $1 and m.user_id = any($2::uuid[])
), noted as (
    insert into notification(company_id, user_id, kind, subject_id, topic, code, about, path, in_app, mail_due)
    select $1, user_id, $3, $4, $5, $6, $7, $8, in_app, mail from asked where in_app or mail order by user_id
    on conflict (company_id, user_id, kind, subject_id, topic, code, path) where read_at is null do update set
        times = notification.times + 1, at = now(), about = excluded.about, in_app = excluded.in_app,
        mail_due = notification.mail_due or excluded.mail_due
)
select user_id, in_app, push, mail from asked order by user_id
"""


class _News(NamedTuple):
    kind: NotificationKind
    subject_id: UUID | None = None
    topic: NoticeTopic | None = None
    code: str | None = None
    about: str | None = None
    path: str | None = None


async def call(w: Work, user_ids: Iterable[UUID], kind: NotificationKind, conversation_id: UUID) -> None:
    """After the commit; never the one who acts."""
    own = w.actor.id if w.actor is not None and w.actor.kind == "user" else None
    await _tell(w, [user_id for user_id in set(user_ids) if user_id != own], _News(kind, conversation_id))


async def call_to_lead(w: Work, user_id: UUID, kind: NotificationKind, lead_id: UUID) -> None:
    """After the commit."""
    await _tell(w, [user_id], _News(kind, lead_id))


async def tell_of_end(w: Work, user_id: UUID | None, kind: NotificationKind, subject_id: UUID, code: str) -> None:
    """How something went that they began; nobody where no person did."""
    if user_id is not None:
        await _tell(w, [user_id], _News(kind, subject_id, code=code))


async def tell_owner(w: Work, user_id: UUID, topic: NoticeTopic, code: str, about: str, path: str) -> None:
    """What their mail tells, too. `path`: the page where it is mended."""
    await _tell(w, [user_id], _News(NotificationKind.NOTICE, None, topic, code, about or None, path))


async def _tell(w: Work, user_ids: list[UUID], news: _News) -> None:
    if not user_ids:
        return
    chosen = first(news.kind)
    rows = await w.fetch(
        _NOTE,
        w.company_id,
        user_ids,
        news.kind.value,
        news.subject_id,
        news.topic.value if news.topic else None,
        news.code,
        news.about,
        news.path,
        chosen.in_app,
        chosen.push,
        chosen.mail,
        news.kind in ALWAYS_MAILED,  # by a mail of its own
    )
    for row in rows:
        if row["in_app"]:
            w.emit(NotificationsChanged(user_id=row["user_id"]))
        if row["push"]:
            w.enqueue(_push(row["user_id"], news))
        if row["mail"]:
            w.enqueue(MailNotifications(user_id=row["user_id"]), at=now() + MAIL_AFTER)


def _push(user_id: UUID, news: _News) -> SendPush:
    topic = news.topic.value if news.topic else None
    return SendPush(
        user_id=user_id,
        kind=news.kind.value,
        subject_id=news.subject_id,
        topic=topic,
        code=news.code,
        about=news.about,
        path=news.path,
    )
