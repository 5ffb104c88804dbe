"""Labels of conversations. Two names that differ only in case or accents are one label."""

from uuid import UUID

import msgspec

from db.conversations.errors import ConversationError
from db.conversations.events import InboxChanged
from db.conversations.queries import Label
from db.errors import RequestError
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Work, read, work

_SELECT = "select id, name, color from label where company_id = $1"


async def labels(actor: Actor) -> list[Label]:
    """By name."""
    async with read(actor, Permission.CONVERSATIONS_READ) as r:
        rows = await r.fetch(f"{_SELECT} order by fold(name), id", actor.company_id)
    return [Label(*row) for row in rows]


async def create_label(actor: Actor, name: str, color: str) -> Label:
    """Raises Conflict `label_exists`."""
    async with work(actor, Permission.CONVERSATIONS_WRITE) as w:
        label_id = await w.fetchval(
            "insert into label(company_id, name, color) values ($1, $2, $3) on conflict (company_id, fold(name)) do nothing"
            " returning id",
            w.company_id,
            name,
            color,
        )
        if label_id is None:
            raise ConversationError.LABEL_EXISTS()
        w.audit("label.created", label_id)
        w.emit(InboxChanged())
        return Label(label_id, name, color)


async def change_label(actor: Actor, label_id: UUID, *, name: str | msgspec.UnsetType, color: str | msgspec.UnsetType) -> Label:
    """Raises NotFound, Conflict `label_exists`."""
    async with work(actor, Permission.CONVERSATIONS_WRITE) as w:
        label = await locked(w, label_id)
        name = label.name if name is msgspec.UNSET else name
        color = label.color if color is msgspec.UNSET else color
        if await w.fetchval(
            "select true from label where company_id = $1 and fold(name) = fold($2) and id <> $3", w.company_id, name, label_id
        ):
            raise ConversationError.LABEL_EXISTS()
        await w.execute(
            "update label set name = $3, color = $4 where company_id = $1 and id = $2", w.company_id, label_id, name, color
        )
        w.audit("label.changed", label_id)
        w.emit(InboxChanged())
        return Label(label_id, name, color)


async def delete_label(actor: Actor, label_id: UUID) -> None:
    """Takes it off every conversation. Raises NotFound."""
    async with work(actor, Permission.CONVERSATIONS_WRITE) as w:
        if not await w.execute("delete from label where company_id = $1 and id = $2", w.company_id, label_id):
            raise RequestError.NOT_FOUND(what="label")
        w.audit("label.deleted", label_id)
        w.emit(InboxChanged())


async def locked(w: Work, label_id: UUID) -> Label:
    """The label, which stays until the transaction ends. Raises NotFound."""
    row = await w.fetchrow(f"{_SELECT} and id = $2 for no key update", w.company_id, label_id)
    if row is None:
        raise RequestError.NOT_FOUND(what="label")
    return Label(*row)
