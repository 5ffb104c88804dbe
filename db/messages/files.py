"""Files of messages that the provider holds for us: noted with the message, fetched once, kept in the file store.

The row is written in the transaction of its message and names the key in the file store from the start: every try writes the same
one, so that a worker that dies leaves nothing behind. What fetches them: `workers/media/`.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote
from uuid import UUID

import asyncpg
from msgspec import Struct

from db import blobs
from db.conversations import record
from db.errors import RequestError
from db.jobs import DeleteFiles, DownloadFile
from db.messages.content import MessageContent, files_of
from db.messages.enums import FileReason, FileState
from db.messages.events import MessageFileChanged
from db.permissions import Permission
from db.tenancy import Actor, worker
from db.work import Read, Work, read, system_read, work

INLINE = {
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/gif": ".gif",
    "image/webp": ".webp",
    "audio/mpeg": ".mp3",
    "audio/mp4": ".m4a",
    "audio/aac": ".aac",
    "audio/ogg": ".ogg",
    "audio/wav": ".wav",
    "video/mp4": ".mp4",
    "video/3gpp": ".3gp",
    "audio/webm": ".weba",
    "video/webm": ".webm",
    "application/pdf": ".pdf",
}
"""Types that a browser may show in place, with the ending of their names. Everything else is only handed over to be saved."""
UNKNOWN = "application/octet-stream"
THUMBNAIL = "image/webp"
_PAGE = 100


class MessageFile(Struct, frozen=True, kw_only=True):
    """A file as readers see it. `mime_type` is what its bytes are once it is stored, before that what it was called."""

    id: UUID
    state: FileState
    reason: FileReason | None
    name: str | None
    mime_type: str | None
    size: int | None
    width: int | None
    height: int | None
    thumbnail: bool
    inline: bool


class Waiting(NamedTuple):
    """A file to fetch. `provider_id` or `url` names it at the provider of the channel."""

    id: UUID
    channel_id: UUID
    provider_id: str | None
    url: str | None
    name: str | None
    claimed_type: str | None
    key: str
    created_at: datetime


class Found(NamedTuple):
    """What the fetched bytes are. `width` and `height` of a picture in pixels, as it is shown."""

    mime_type: str
    size: int
    sha256: bytes
    width: int | None = None
    height: int | None = None
    thumbnail: bool = False


class Served(NamedTuple):
    """A stored file for whoever hands it over."""

    key: str
    mime_type: str
    name: str
    size: int
    thumbnail: bool

    @property
    def inline(self) -> bool:
        return self.mime_type in INLINE


_EXPECT = """
insert into message_file(company_id, message_id, number, channel_id, provider_id, url, name, claimed_type, size, key)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict (company_id, message_id, number) do nothing returning id
"""
_COLUMNS = "id, message_id, state, reason, name, coalesce(mime_type, claimed_type) as mime_type, size, width, height, thumbnail"


async def expect(w: Work, message_id: UUID, channel_id: UUID, content: MessageContent) -> None:
    """Notes the files in a message and has them fetched. Harmless when it is repeated."""
    for number, file in enumerate(files_of(content)):
        if file.id is None and file.url is None:
            continue
        file_id = await w.fetchval(
            _EXPECT,
            w.company_id,
            message_id,
            number,
            channel_id,
            file.id,
            file.url,
            file.name,
            file.mime_type,
            file.size,
            blobs.new_key(w.company_id),
        )
        if file_id is not None:
            w.enqueue(DownloadFile(file_id=file_id))


async def of_messages(r: Read, company_id: UUID, message_ids: list[UUID]) -> dict[UUID, list[MessageFile]]:
    """The files of these messages, in their order."""
    found: dict[UUID, list[MessageFile]] = {}
    if message_ids:
        rows = await r.fetch(
            f"select {_COLUMNS} from message_file where company_id = $1 and message_id = any($2::uuid[]) order by message_id, number",
            company_id,
            message_ids,
        )
        for row in rows:
            found.setdefault(row["message_id"], []).append(_file(row))
    return found


def _file(row: asyncpg.Record) -> MessageFile:
    stored = row["state"] == FileState.STORED
    return MessageFile(
        id=row["id"],
        state=FileState(row["state"]),
        reason=FileReason(row["reason"]) if row["reason"] else None,
        name=row["name"],
        mime_type=row["mime_type"],
        size=row["size"],
        width=row["width"],
        height=row["height"],
        thumbnail=row["thumbnail"],
        inline=stored and row["mime_type"] in INLINE,
    )


async def row_of(w: Work, file_id: UUID) -> MessageFile:
    """One that was just written."""
    row = await w.fetchrow(f"select {_COLUMNS} from message_file where company_id = $1 and id = $2", w.company_id, file_id)
    assert row is not None
    return _file(row)


async def one(actor: Actor, file_id: UUID) -> tuple[MessageFile, Served | None]:
    """A file, and how it is handed over when it is here; one that no message took is its uploader's alone. Raises NotFound."""
    async with read(actor, Permission.CONTACTS_READ) as r:
        row = await r.fetchrow(
            f"select {_COLUMNS}, key from message_file where company_id = $1 and id = $2 and state <> $3"
            " and (message_id is not null or uploaded_by = $4"
            " or exists (select from template where company_id = $1 and sample_file_id = $2)"
            " or exists (select from campaign where company_id = $1 and header_file_id = $2)"
            " or exists (select from board_ai where company_id = $1"
            " and files @> jsonb_build_array(jsonb_build_object('file_id', $2::uuid))))",
            actor.company_id,
            file_id,
            FileState.DELETED.value,
            actor.id,
        )
    if row is None:
        raise RequestError.NOT_FOUND(what="file")
    file = _file(row)
    return file, _served(row) if file.state is FileState.STORED else None


async def served(company_id: UUID, file_id: UUID) -> Served:
    """A stored file, for who holds a signed address of it. Raises NotFound."""
    async with system_read() as s:
        row = await s.fetchrow(
            "select id, key, mime_type, name, size, thumbnail from message_file where company_id = $1 and id = $2 and state = $3",
            company_id,
            file_id,
            FileState.STORED.value,
        )
    if row is None:
        raise RequestError.NOT_FOUND(what="file")
    return _served(row)


def _served(row: asyncpg.Record) -> Served:
    kind = row["mime_type"] or UNKNOWN
    return Served(row["key"], kind, row["name"] or file_name(row["id"], kind), row["size"], row["thumbnail"])


def file_name(file_id: UUID, mime_type: str) -> str:
    """The name of a file that came without one."""
    return f"{mime_type.partition('/')[0] if mime_type in INLINE else 'file'}-{file_id.hex[-8:]}{INLINE.get(mime_type, '')}"


def disposition(name: str, *, inline: bool) -> str:
    """`Content-Disposition` of a file that somebody else named (RFC 6266): no part of the name is taken for more than a name."""
    plain = "".join(sign if sign.isprintable() and sign not in '/\\"' else "_" for sign in name).strip(". ") or "file"
    simple = plain.encode("ascii", "replace").decode().replace("?", "_")
    return f"{'inline' if inline else 'attachment'}; filename=\"{simple}\"; filename*=UTF-8''{quote(plain, safe='')}"


def thumbnail_key(key: str) -> str:
    return f"{key}.thumbnail"


# -- fetching


async def waiting(company_id: UUID, file_id: UUID) -> Waiting | None:
    """What is to be fetched; None when it is no longer."""
    async with read(worker(company_id), Permission.CONTACTS_READ) as r:
        row = await r.fetchrow(
            "select id, channel_id, provider_id, url, name, claimed_type, key, created_at from message_file"
            " where company_id = $1 and id = $2 and state = $3",
            company_id,
            file_id,
            FileState.WAITING.value,
        )
    return None if row is None else Waiting(**row)


_STORED = """
update message_file set state = $3, mime_type = $4, size = $5, sha256 = $6, width = $7, height = $8, thumbnail = $9, stored_at = now()
where company_id = $1 and id = $2 and state = $10 returning message_id
"""
_ENDED = "update message_file set state = $3, reason = $4 where company_id = $1 and id = $2 and state = $5 returning message_id"


async def stored(company_id: UUID, file_id: UUID, found: Found) -> bool:
    """The bytes are in the store. False when nobody waits for them any more: then they are to be deleted."""
    async with work(worker(company_id), Permission.CONTACTS_WRITE) as w:
        message_id = await w.fetchval(
            _STORED,
            company_id,
            file_id,
            FileState.STORED.value,
            found.mime_type,
            found.size,
            found.sha256,
            found.width,
            found.height,
            found.thumbnail,
            FileState.WAITING.value,
        )
        if message_id is not None:
            await _tell(w, message_id, file_id)
            return True
        state = await w.fetchval("select state from message_file where company_id = $1 and id = $2", company_id, file_id)
    return bool(state == FileState.STORED)


async def looked_at(company_id: UUID, file_id: UUID, found: Found) -> None:
    """A stored file was opened: its size as a picture, or that it is none. Harmless when it is repeated."""
    async with work(worker(company_id), Permission.CONTACTS_WRITE) as w:
        message_id = await w.fetchval(
            "update message_file set mime_type = $3, width = $4, height = $5, thumbnail = $6 where company_id = $1 and id = $2"
            " and state = $7 returning message_id",
            company_id,
            file_id,
            found.mime_type,
            found.width,
            found.height,
            found.thumbnail,
            FileState.STORED.value,
        )
        if message_id is not None:
            await _tell(w, message_id, file_id)


async def ended(company_id: UUID, file_id: UUID, state: FileState, reason: FileReason) -> None:
    """It is not here and will not come. Harmless when it is repeated."""
    async with work(worker(company_id), Permission.CONTACTS_WRITE) as w:
        message_id = await w.fetchval(_ENDED, company_id, file_id, state.value, reason.value, FileState.WAITING.value)
        if message_id is not None:
            await _tell(w, message_id, file_id)


_WHERE = """
select contact_id, channel_id from inbound_message where company_id = $1 and id = $2
union all select contact_id, channel_id from message where company_id = $1 and id = $2
"""


async def _tell(w: Work, message_id: UUID, file_id: UUID) -> None:
    row = await w.fetchrow(_WHERE, w.company_id, message_id)
    contact_id = row["contact_id"] if row is not None else None
    w.emit(MessageFileChanged(contact_id=contact_id, message_id=message_id, file_id=file_id))
    if row is not None and contact_id is not None:
        await record.grew(w, row["channel_id"], contact_id, message_id)


# -- deleting

_LET_GO = """
update message_file set state = $3, name = null, provider_id = null, url = null, words = null
where company_id = $1 and state <> $3 and message_id in (
    select id from inbound_message where company_id = $1 and contact_id = any($2::uuid[])
    union all select id from message where company_id = $1 and contact_id = any($2::uuid[])
    union all select c.id from message m join call c on c.company_id = $1 and c.try_of = m.id where m.company_id = $1 and m.contact_id = any($2::uuid[]))
"""


async def let_go(w: Work, contact_ids: list[UUID]) -> int:
    """These contacts are deleted: what they sent is not kept longer. While their messages still name them. Returns how many files."""
    if gone := await w.execute(_LET_GO, w.company_id, contact_ids, FileState.DELETED.value):
        w.enqueue(DeleteFiles())
    return gone


_LET_GO_OF = """
update message_file set state = $3, name = null, provider_id = null, url = null, words = null
where company_id = $1 and state <> $3 and message_id = any($2::uuid[])
"""


async def let_go_of(w: Work, message_ids: list[UUID]) -> int:
    """The same of some messages alone."""
    if gone := await w.execute(_LET_GO_OF, w.company_id, message_ids, FileState.DELETED.value):
        w.enqueue(DeleteFiles())
    return gone


async def delete_step(company_id: UUID) -> bool:
    """Deletes some files that were let go, the bytes before the row. False when there are none left."""
    async with read(worker(company_id), Permission.CONTACTS_READ) as r:
        rows = await r.fetch(
            "select id, key from message_file where company_id = $1 and state = 'deleted' order by id limit $2", company_id, _PAGE
        )
    await delete_bytes_of(company_id, rows)
    async with work(worker(company_id), Permission.CONTACTS_WRITE) as w:
        await w.execute(
            "delete from message_file where company_id = $1 and id = any($2::uuid[])", company_id, [row["id"] for row in rows]
        )
    return len(rows) == _PAGE


_SHARED = """
select f.key from message_file f where f.company_id = $1 and f.key = any($2::text[]) and f.id <> all($3::uuid[]) and f.state = 'stored'
"""


async def delete_bytes_of(company_id: UUID, rows: Sequence[asyncpg.Record]) -> None:
    """Those of these rows (id, key) that no other row names: a file that went to many people stays for the others."""
    async with read(worker(company_id), Permission.CONTACTS_READ) as r:
        kept = await r.fetch(_SHARED, company_id, [row["key"] for row in rows], [row["id"] for row in rows])
    shared = {row["key"] for row in kept}
    for row in rows:
        if row["key"] not in shared:
            await delete_bytes(row["key"])


async def delete_bytes(key: str) -> None:
    """From the store, the small picture too. Harmless when they are gone."""
    await blobs.store().delete(key)
    await blobs.store().delete(thumbnail_key(key))


async def needed(keys: list[str]) -> set[str]:
    """Which of these keys of the file store a row names."""
    async with system_read() as s:
        rows = await s.fetch(
            "select key from message_file where key = any($1::text[])", [key.removesuffix(thumbnail_key("")) for key in keys]
        )
    named = {row["key"] for row in rows}
    return {key for key in keys if key.removesuffix(thumbnail_key("")) in named}
