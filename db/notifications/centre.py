"""What happened to a person: the lines behind the bell of their pages. What each is about is looked up as it is now, under the rights
that they have now; what is gone, or not theirs to see any more, is not there."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from db.errors import RequestError
from db.notifications.enums import NotificationKind
from db.notifications.events import NotificationsChanged
from db.permissions import Permission
from db.tenancy import SELF, Actor, worker
from db.work import SystemWork, Work, read, work

K = NotificationKind
NEEDS: dict[NotificationKind, Permission] = {
    K.ASSIGNED: Permission.CONVERSATIONS_READ,
    K.WAITS: Permission.CONVERSATIONS_READ,
    K.MENTIONED: Permission.CONVERSATIONS_READ,
    K.CALL: Permission.CONVERSATIONS_READ,
    K.LEAD: Permission.BOARDS_READ,
    K.RULE_STOPPED: Permission.BOARDS_READ,
    K.CAMPAIGN: Permission.CAMPAIGNS_READ,
    K.IMPORT: Permission.CONTACTS_READ,
    K.NOTICE: Permission.COMPANY_WRITE,
}
"""What a person must still hold to see what such a line is about."""


class Called(NamedTuple):
    name: str
    board_id: UUID | None  # of a lead


MOST = 100
"""Unread ones are counted up to here."""
KEPT_DAYS = 90

_ABOUT = """
left join conversation v on n.kind in ('assigned', 'waits', 'mentioned', 'call') and v.company_id = $1 and v.id = n.subject_id
left join contact c on c.company_id = $1 and c.id = v.contact_id
left join chat_group g on g.company_id = $1 and g.id = v.contact_id
left join lead l on n.kind in ('lead', 'rule_stopped') and l.company_id = $1 and l.id = n.subject_id
left join campaign k on n.kind = 'campaign' and k.company_id = $1 and k.id = n.subject_id
left join contact_import i on n.kind = 'import' and i.company_id = $1 and i.id = n.subject_id
"""
_FOUND = "(c.id is not null or g.id is not null or l.id is not null or k.id is not null or i.id is not null)"
_NAME = "coalesce(nullif(c.name, ''), nullif(g.subject, ''), v.address, l.title, k.name, i.filename)"
_THERE = f"""
from notification n {_ABOUT}
where n.company_id = $1 and n.user_id = $2 and n.in_app and n.kind = any($3::text[]) and (n.kind = 'notice' or {_FOUND})
"""
_LINES = f"""
select n.id, n.kind, n.subject_id, l.board_id, n.topic, n.code, n.path, n.times, n.at, n.read_at, coalesce({_NAME}, n.about, '') as name
{_THERE}
"""
_CALLED = f"select {_NAME} as name, l.board_id from (select $2::text as kind, $3::uuid as subject_id) n {_ABOUT} where {_FOUND}"
_COUNT = f"select count(*) from (select 1 {_THERE} and n.read_at is null limit {MOST}) x"


def _asked(actor: Actor) -> tuple[UUID, UUID | None, list[str]]:
    return actor.company_id, actor.id, [kind.value for kind in K if NEEDS[kind] in actor.permissions]


async def lines(
    actor: Actor, *, unread: bool = False, before: tuple[datetime, UUID] | None = None, limit: int = 50
) -> list[asyncpg.Record]:
    """The person's own, newest first, with the columns of the contract."""
    async with read(actor, SELF) as r:
        return await r.fetch(
            f"{_LINES} and ($4::timestamptz is null or (n.at, n.id) < ($4, $5)) and (not $6 or n.read_at is null)"
            " order by n.at desc, n.id desc limit $7",
            *_asked(actor),
            *(before or (None, None)),
            unread,
            limit,
        )


async def unread(actor: Actor) -> int:
    """How many, up to MOST."""
    async with read(actor, SELF) as r:
        count: int = await r.fetchval(_COUNT, *_asked(actor))
        return count


async def unread_of(company_id: UUID, user_id: UUID) -> int:
    """The same of somebody who is not here, for the program itself."""
    async with read(worker(company_id), Permission.COMPANY_READ) as r:
        count: int = await r.fetchval(_COUNT, company_id, user_id, [kind.value for kind in K])
        return count


async def called(company_id: UUID, kind: NotificationKind, subject_id: UUID) -> Called | None:
    """What something is called that a person is notified of, for the program itself; None once it is gone."""
    async with read(worker(company_id), Permission.COMPANY_READ) as r:
        row = await r.fetchrow(_CALLED, company_id, kind.value, subject_id)
        return Called(*row) if row is not None else None


async def mark(actor: Actor, notification_id: UUID, *, is_read: bool) -> asyncpg.Record:
    """One line read, or unread again; a newer unread line about the same stands for it, and then it stays as it is. Raises NotFound."""
    async with work(actor, SELF) as w:
        await w.execute(
            "update notification n set read_at = now() where company_id = $1 and id = $2 and user_id = $3 and read_at is null"
            if is_read
            else "update notification n set read_at = null where company_id = $1 and id = $2 and user_id = $3 and read_at is not null"
            " and not exists (select from notification o where o.company_id = $1 and o.user_id = $3 and o.read_at is null"
            " and o.kind = n.kind and (o.subject_id, o.topic, o.code, o.path) is not distinct from (n.subject_id, n.topic, n.code, n.path))",
            w.company_id,
            notification_id,
            actor.id,
        )
        row = await w.fetchrow(f"{_LINES} and n.id = $4", *_asked(actor), notification_id)
        if row is None:
            raise RequestError.NOT_FOUND(what="notification")
        _told(w)
        return row


async def mark_all(actor: Actor, until: datetime) -> int:
    """Read, what was there at that moment: what came meanwhile was not seen. Returns what is unread then."""
    async with work(actor, SELF) as w:
        await w.execute(
            "update notification set read_at = now() where company_id = $1 and user_id = $2 and read_at is null and at <= $3",
            w.company_id,
            actor.id,
            until,
        )
        _told(w)
        count: int = await w.fetchval(_COUNT, *_asked(actor))
        return count


async def mark_seen(actor: Actor, subject_id: UUID) -> int:
    """Read, whatever is about this: the person looks at it. Returns what is unread then."""
    async with work(actor, SELF) as w:
        if await w.execute(
            "update notification set read_at = now() where company_id = $1 and user_id = $2 and read_at is null and subject_id = $3",
            w.company_id,
            actor.id,
            subject_id,
        ):
            _told(w)
        count: int = await w.fetchval(_COUNT, *_asked(actor))
        return count


def _told(w: Work) -> None:
    assert w.actor is not None
    assert w.actor.id is not None
    w.emit(NotificationsChanged(user_id=w.actor.id))


async def forget_old(s: SystemWork) -> None:
    """What is older than anybody looks back."""
    await s.execute(f"delete from notification where at < now() - interval '{KEPT_DAYS} days'")
