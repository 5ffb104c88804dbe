"""By which ways a person wants to hear of each kind: on the page, in their browsers, by mail. Everybody begins with the same."""

from typing import NamedTuple

from db.errors import RequestError
from db.notifications.enums import NotificationKind
from db.notifications.errors import NotificationField
from db.tenancy import SELF, Actor
from db.work import read, work

K = NotificationKind


class Choice(NamedTuple):
    kind: NotificationKind
    in_app: bool = True
    push: bool = True
    mail: bool = False


ALWAYS_MAILED = frozenset({K.NOTICE})
"""What stops the company's messages is mailed to its owners whatever they chose."""
NEVER_MAILED = frozenset({K.CALL})
"""Whoever waits on a line is gone before a mail is read."""
_FIRST = {kind: Choice(kind, push=kind not in (K.CAMPAIGN, K.IMPORT), mail=kind in ALWAYS_MAILED) for kind in K}


def first(kind: NotificationKind) -> Choice:
    """What holds for whoever chose nothing."""
    return _FIRST[kind]


async def choices(actor: Actor) -> list[Choice]:
    """The person's own, of every kind."""
    async with read(actor, SELF) as r:
        rows = await r.fetch(
            "select kind, in_app, push, mail from notification_choice where company_id = $1 and user_id = $2",
            actor.company_id,
            actor.id,
        )
    chosen = {row["kind"]: row for row in rows}
    return [_made(kind, chosen[kind]) if kind in chosen else first(kind) for kind in K]


def _made(kind: NotificationKind, row: object) -> Choice:
    return Choice(kind, row["in_app"], row["push"], row["mail"])  # type: ignore[index]


async def choose(actor: Actor, wanted: Choice) -> Choice:
    """From the next one on. Raises Invalid `always_mailed`, `never_mailed`."""
    if wanted.kind in ALWAYS_MAILED and not wanted.mail:
        raise RequestError.INVALID(fields=[NotificationField.ALWAYS_MAILED("mail")])
    if wanted.kind in NEVER_MAILED and wanted.mail:
        raise RequestError.INVALID(fields=[NotificationField.NEVER_MAILED("mail")])
    async with work(actor, SELF) as w:
        await w.execute(
            "insert into notification_choice(company_id, user_id, kind, in_app, push, mail) values ($1, $2, $3, $4, $5, $6)"
            " on conflict (company_id, user_id, kind) do update set in_app = excluded.in_app, push = excluded.push, mail = excluded.mail",
            w.company_id,
            actor.id,
            *wanted,
        )
        w.audit("notifications.chosen", None, kind=wanted.kind.value, in_app=wanted.in_app, push=wanted.push, mail=wanted.mail)
    return wanted
