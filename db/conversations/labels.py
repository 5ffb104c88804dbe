"""Labels of conversations. Two names that differ only in case or accents are one label."""

from typing import NamedTuple
from uuid import UUID

import msgspec

from db.conversations.errors import ConversationError
from db.conversations.events import InboxChanged
from db.errors import RequestError
from db.permissions import Permission
from db.tenancy import Actor
from db.versions import Expected, check
from db.work import Work, read, work

MOST = 1000
"""So many conversations of a label are counted."""


class Label(NamedTuple):
    """`conversations` have it, MOST for that and more; None: not counted."""

    id: UUID
    name: str
    color: str
    version: int
    conversations: int | None = None


_SELECT = "select id, name, color, version from label where company_id = $1"
_COUNTED = f"""
select l.id, l.name, l.color, l.version, (select count(*) from (
    select from conversation_label x where x.company_id = $1 and x.label_id = l.id limit {MOST}) c)
from label l where l.company_id = $1 order by fold(l.name), l.id
"""


async def labels(actor: Actor, *, counted: bool = False) -> list[Label]:
    """By name."""
    async with read(actor, Permission.CONVERSATIONS_READ) as r:
        rows = await r.fetch(_COUNTED if counted else f"{_SELECT} order by fold(name), id", actor.company_id)
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
        return Label(label_id, name, color, 1)


async def change_label(
    actor: Actor, label_id: UUID, *, name: str | msgspec.UnsetType, color: str | msgspec.UnsetType, expected: Expected = None
) -> Label:
    """Raises NotFound, PreconditionFailed, Conflict `label_exists`."""
    async with work(actor, Permission.CONVERSATIONS_WRITE) as w:
        label = await locked(w, label_id)
        check(label.version, expected)
        name = label.name if name is msgspec.UNSET else name
        color = label.color if color is msgspec.UNSET else color
        if await w.fetchval(
            "select true from label where company_id = $1 and fold(name) = fold($2) and id <> $3", w.company_id, name, label_id
        ):
            raise ConversationError.LABEL_EXISTS()
        version = await w.fetchval(
            "update label set name = $3, color = $4, version = version + 1 where company_id = $1 and id = $2 returning version",
            w.company_id,
            label_id,
            name,
            color,
        )
        w.audit("label.changed", label_id)
        w.emit(InboxChanged())
        return Label(label_id, name, color, version)


async def delete_label(actor: Actor, label_id: UUID, *, expected: Expected = None) -> None:
    """Takes it off every conversation. Raises NotFound, PreconditionFailed."""
    async with work(actor, Permission.CONVERSATIONS_WRITE) as w:
        check((await locked(w, label_id)).version, expected)
        await w.execute("delete from label where company_id = $1 and id = $2", w.company_id, label_id)
        w.audit("label.deleted", label_id)
        w.emit(InboxChanged())


async def locked(w: Work, label_id: UUID) -> Label:
    """The label, which stays until the transaction ends. Raises NotFound."""
    row = await w.fetchrow(f"{_SELECT} and id = $2 for no key update", w.company_id, label_id)
    if row is None:
        raise RequestError.NOT_FOUND(what="label")
    return Label(*row)
