"""The thread of a conversation: its messages, and between them notes of colleagues and lines that say what was done."""

from collections.abc import Iterable
from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

import asyncpg

from db.conversations.enums import LineKind
from db.conversations.queries import Person
from db.errors import RequestError
from db.messages import conversation
from db.messages.conversation import Entry as Message
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Read, read

NOTE = "note"


class Note(NamedTuple):
    body: str
    author: Person | None
    mentions: list[Person]


class Line(NamedTuple):
    kind: LineKind
    by: Person | None
    whom: Person | None
    what: str | None


class Entry(NamedTuple):
    """One of `message`, `note` and `line` is there."""

    id: UUID
    at: datetime
    message: Message | None = None
    note: Note | None = None
    line: Line | None = None


_SELECT = """
select e.id, e.at, e.kind, e.by_id, e.whom_id, e.what, e.body, e.mentions from conversation_entry e
where e.company_id = $1 and e.conversation_id = $2 {beyond} order by e.at {order}, e.id {order} limit {limit}
"""
WHEN = """
select received_at from inbound_message where company_id = $1 and id = $2
union all
select case when sent_at is not null then sent_at when done_at is not null then done_at else next_at end from message where company_id = $1 and id = $2
union all
select at from conversation_entry where company_id = $1 and id = $2
"""
"""When an entry of a thread was: as the thread has it."""
_BEYOND = {"older": "and (e.at, e.id) < ($3::timestamptz, $4::uuid)", "newer": "and (e.at, e.id) > ($3::timestamptz, $4::uuid)"}


async def entries(
    actor: Actor,
    conversation_id: UUID,
    *,
    beyond: tuple[datetime, UUID] | None = None,
    direction: Literal["older", "newer"] = "older",
    limit: int = 50,
) -> list[Entry]:
    """Newest first; from a place on `newer` ones, oldest first. `beyond` is `(at, id)` of an entry. Raises NotFound."""
    async with read(actor, Permission.CONVERSATIONS_READ) as r:
        row = await r.fetchrow(
            "select contact_id, channel_id from conversation where company_id = $1 and id = $2", actor.company_id, conversation_id
        )
        if row is None:
            raise RequestError.NOT_FOUND(what="conversation")
        whose = (r, actor.company_id, row["contact_id"], row["channel_id"])
        messages = await conversation.thread(*whose, beyond=beyond, direction=direction, limit=limit)
        found = [Entry(message.id, message.at, message=message) for message in messages]
        newer = beyond is not None and direction == "newer"
        select = _SELECT.format(beyond=_BEYOND[direction] if beyond else "", order="asc" if newer else "desc", limit=limit)
        found += await _own(r, await r.fetch(select, actor.company_id, conversation_id, *(beyond or ())))
    found.sort(key=lambda entry: (entry.at, entry.id), reverse=not newer)
    return found[:limit]


async def around(actor: Actor, conversation_id: UUID, entry_id: UUID, *, limit: int = 50) -> tuple[list[Entry], bool]:
    """Newest first: an entry, what stands before it and what after, half each; and whether there is more before. Raises NotFound."""
    async with read(actor, Permission.CONVERSATIONS_READ) as r:
        at = await r.fetchval(WHEN, actor.company_id, entry_id)
    if at is None:
        raise RequestError.NOT_FOUND(what="entry")
    behind = (at, UUID(int=entry_id.int + 1))  # the entry itself is before it
    half = max(1, limit // 2)
    older = await entries(actor, conversation_id, beyond=behind, limit=half + 1)
    newer = await entries(actor, conversation_id, beyond=(at, entry_id), direction="newer", limit=max(1, limit - half))
    return [*reversed(newer), *older[:half]], len(older) > half


async def own(r: Read, company_id: UUID, entry_id: UUID) -> Entry:
    """One note or line."""
    rows = await r.fetch(
        "select id, at, kind, by_id, whom_id, what, body, mentions from conversation_entry where company_id = $1 and id = $2",
        company_id,
        entry_id,
    )
    return (await _own(r, rows))[0]


async def _own(r: Read, rows: list[asyncpg.Record]) -> list[Entry]:
    people = {person for row in rows for person in (row["by_id"], row["whom_id"], *row["mentions"]) if person is not None}
    names = await _names(r, people) if people else {}

    def person(user_id: UUID | None) -> Person | None:
        return None if user_id is None else Person(user_id, names.get(user_id, ""))

    def entry(row: asyncpg.Record) -> Entry:
        if row["kind"] == NOTE:
            mentions = [Person(user_id, names.get(user_id, "")) for user_id in row["mentions"]]
            return Entry(row["id"], row["at"], note=Note(row["body"], person(row["by_id"]), mentions))
        line = Line(LineKind(row["kind"]), person(row["by_id"]), person(row["whom_id"]), row["what"])
        return Entry(row["id"], row["at"], line=line)

    return [entry(row) for row in rows]


async def _names(r: Read, people: Iterable[UUID]) -> dict[UUID, str]:
    rows = await r.fetch("select id, name from account_user where id = any($1::uuid[])", list(people))
    return {row["id"]: row["name"] for row in rows}
