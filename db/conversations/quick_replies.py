"""Texts that the team writes often, by a shortcut; with buttons under them where that is what is sent."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec

from db.conversations.errors import ConversationError
from db.conversations.events import InboxChanged
from db.errors import RequestError, RequestField
from db.messages import replies
from db.permissions import Permission
from db.tenancy import Actor
from db.versions import Expected, check
from db.work import Work, read, work


class QuickReply(NamedTuple):
    id: UUID
    shortcut: str
    text: str
    buttons: list[str]
    version: int


WITH_BUTTONS = 1024
"""Characters of a text that has buttons."""
_SELECT = "select id, shortcut, body, buttons, version from quick_reply where company_id = $1"


async def quick_replies(actor: Actor) -> list[QuickReply]:
    """By shortcut."""
    async with read(actor, Permission.CONVERSATIONS_READ) as r:
        return [QuickReply(*row) for row in await r.fetch(f"{_SELECT} order by shortcut", actor.company_id)]


async def create_quick_reply(actor: Actor, shortcut: str, text: str, buttons: Sequence[str] = ()) -> QuickReply:
    """`buttons`: their titles. Raises Invalid, Conflict `shortcut_exists`."""
    text, titles = _checked(text, buttons)
    async with work(actor, Permission.CONVERSATIONS_WRITE) as w:
        reply_id = await w.fetchval(
            "insert into quick_reply(company_id, shortcut, body, buttons) values ($1, $2, $3, $4)"
            " on conflict (company_id, shortcut) do nothing returning id",
            w.company_id,
            shortcut,
            text,
            titles,
        )
        if reply_id is None:
            raise ConversationError.SHORTCUT_EXISTS()
        w.audit("quick_reply.created", reply_id)
        w.emit(InboxChanged())
        return QuickReply(reply_id, shortcut, text, titles, 1)


async def change_quick_reply(
    actor: Actor,
    reply_id: UUID,
    *,
    shortcut: str | msgspec.UnsetType,
    text: str | msgspec.UnsetType,
    buttons: Sequence[str] | msgspec.UnsetType = msgspec.UNSET,
    expected: Expected = None,
) -> QuickReply:
    """Raises NotFound, PreconditionFailed, Invalid, Conflict `shortcut_exists`."""
    async with work(actor, Permission.CONVERSATIONS_WRITE) as w:
        found = await _locked(w, reply_id)
        check(found.version, expected)
        shortcut = found.shortcut if shortcut is msgspec.UNSET else shortcut
        text, titles = _checked(
            found.text if text is msgspec.UNSET else text, found.buttons if buttons is msgspec.UNSET else buttons
        )
        if await w.fetchval(
            "select true from quick_reply where company_id = $1 and shortcut = $2 and id <> $3", w.company_id, shortcut, reply_id
        ):
            raise ConversationError.SHORTCUT_EXISTS()
        version = await w.fetchval(
            "update quick_reply set shortcut = $3, body = $4, buttons = $5, version = version + 1 where company_id = $1 and id = $2"
            " returning version",
            w.company_id,
            reply_id,
            shortcut,
            text,
            titles,
        )
        w.audit("quick_reply.changed", reply_id)
        w.emit(InboxChanged())
        return QuickReply(reply_id, shortcut, text, titles, version)


async def delete_quick_reply(actor: Actor, reply_id: UUID, *, expected: Expected = None) -> None:
    """Raises NotFound, PreconditionFailed."""
    async with work(actor, Permission.CONVERSATIONS_WRITE) as w:
        check((await _locked(w, reply_id)).version, expected)
        await w.execute("delete from quick_reply where company_id = $1 and id = $2", w.company_id, reply_id)
        w.audit("quick_reply.deleted", reply_id)
        w.emit(InboxChanged())


async def _locked(w: Work, reply_id: UUID) -> QuickReply:
    row = await w.fetchrow(f"{_SELECT} and id = $2 for update", w.company_id, reply_id)
    if row is None:
        raise RequestError.NOT_FOUND(what="quick_reply")
    return QuickReply(*row)


def _checked(text: str, buttons: Sequence[str]) -> tuple[str, list[str]]:
    """What can be sent of them, as an answer with buttons is checked."""
    text = replies.needed(text, "text")
    titles = [replies.needed(title, f"buttons[{number}].title") for number, title in enumerate(buttons)]
    replies.unique(titles, "buttons")
    if titles and len(text) > WITH_BUTTONS:
        raise RequestError.INVALID(fields=[RequestField.TOO_LONG("text", max=WITH_BUTTONS)])
    return text, titles
