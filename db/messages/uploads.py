"""Files that our people send: uploaded first, then taken by one message. What no message took within a day is deleted.

Until a message takes it, a file belongs to whoever uploaded it. A message whose file the provider does not have yet waits in a queue
of its own, named by the file, that nobody claims; the job `SendFile` hands the file over and puts the message into its channel's queue.
"""

import hashlib
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import PurePath
from typing import NamedTuple
from uuid import UUID

from db import blobs
from db.blobs import HandedOver
from db.clock import now
from db.errors import AppError, RequestError, RequestField
from db.jobs import DeleteFiles, LookAtFile, MissAnswer, SendFile
from db.messages import files, render, sniff
from db.messages.enums import FileState
from db.messages.enums import MessageState as M
from db.messages.errors import ReplyField, UploadError
from db.messages.events import ConversationChanged
from db.messages.files import MessageFile
from db.messages.reasons import FailureReason
from db.messages.render import FileContent
from db.permissions import Permission
from db.tenancy import Actor, worker
from db.work import Work, read, system_read, work

MAX_BYTES = 100_000_000
KEPT = timedelta(days=1)
FRESH = timedelta(hours=10)
"""So long the provider must still know the file when its message goes: it may fetch it late, from a queue of its own."""


class Upload(NamedTuple):
    """A file that no message took yet. `mime_type` is what its bytes are."""

    id: UUID
    name: str | None
    mime_type: str
    size: int


class Waiting(NamedTuple):
    """A message that waits for its file to be at the provider."""

    message_id: UUID
    contact_id: UUID | None
    channel_id: UUID
    content: FileContent
    key: str
    mime_type: str  # what was uploaded


# What people send us takes no room from what we send them.
# A file that went to many people takes its room once: the row that was uploaded counts, those of its messages do not (shelf.py).
_USED = (
    "select coalesce(sum(size), 0)::bigint from message_file where company_id = $1 and state = 'stored' and uploaded_by is not null"
    " and shelf_id is null"
)
_ONE_AT_A_TIME = "select pg_advisory_xact_lock(hashtext('uploads'), hashtext($1::uuid::text))"
_INSERT = """
insert into message_file(company_id, number, uploaded_by, name, claimed_type, key, state, mime_type, size, sha256, stored_at)
values ($1, 0, $2, $3, $4, $5, $6, $7, $8, $9, now()) returning id
"""


async def upload(actor: Actor, filename: str, claimed_type: str, pieces: AsyncIterator[bytes], *, quota: int) -> MessageFile:
    """Stores a file of at most MAX_BYTES. `quota`: bytes of uploaded files that the company may keep. Raises Invalid, Conflict, TooLarge.

    The file is in the store before a transaction of the caller begins: none stays open for as long as a slow store takes."""
    actor.require(Permission.MESSAGES_SEND)
    async with system_read() as s:
        _ensure_room(await s.fetchval(_USED, actor.company_id), 1, quota)
    first = await anext(pieces, b"")
    if not first:
        raise RequestError.INVALID(fields=[RequestField.REQUIRED("file")])
    mime_type = sniff.looked_at(first[: sniff.HEAD], claimed_type)
    if mime_type is None:
        raise UploadError.UPLOAD_WRONG_TYPE()
    name = re.sub(r"[\x00-\x1f\x7f]", "", PurePath(filename.replace("\\", "/")).name)[:200] or None
    key, digest = blobs.new_key(actor.company_id), hashlib.sha256()

    async def content() -> AsyncIterator[bytes]:
        digest.update(first)
        yield first
        async for piece in pieces:
            digest.update(piece)
            yield piece

    shown = HandedOver(mime_type, files.disposition(name or "file", inline=mime_type in files.INLINE))
    size = await blobs.store().put(key, content(), most=MAX_BYTES, handed_over=shown)
    try:
        async with work(actor, Permission.MESSAGES_SEND) as w:
            await w.execute(_ONE_AT_A_TIME, w.company_id)
            _ensure_room(await w.fetchval(_USED, w.company_id), size, quota)
            file_id = await w.fetchval(
                _INSERT, w.company_id, actor.id, name, claimed_type, key, FileState.STORED.value, mime_type, size, digest.digest()
            )
            if mime_type.startswith("image/"):
                w.enqueue(LookAtFile(file_id=file_id))
            return await files.row_of(w, file_id)
    except BaseException as error:
        if not (isinstance(error, AppError) and error.code is RequestError.OUTCOME_UNKNOWN):  # then its row may be there
            await blobs.store().delete(key)
        raise


async def used(actor: Actor) -> int:
    """Bytes that the company's uploaded files take."""
    async with read(actor, Permission.COMPANY_READ) as r:
        found: int = await r.fetchval(_USED, actor.company_id)
        return found


def _ensure_room(used: int, size: int, quota: int) -> None:
    if used + size > quota:
        raise UploadError.NO_ROOM_FOR_UPLOAD(most_mb=quota // 1_000_000)


# A message that is over like this is never queued again.
_READY = f"""
select id, name, mime_type, size from message_file f where company_id = $1 and id = $2 and state = $4
    and (uploaded_by = $3 and not exists (select from board_ai a where a.company_id = $1
            and a.files @> jsonb_build_array(jsonb_build_object('file_id', f.id))) or $5 and shelf_id is not null)
    and (message_id is null or exists (select from message m where m.company_id = $1 and m.id = f.message_id
         and m.state in ({M.FAILED}, {M.SKIPPED}, {M.CANCELLED})))
for update
"""


async def ready(w: Work, file_id: UUID, *, shelved: bool = False) -> Upload:
    """A file that the caller uploaded and that no message took, or one that did not go; held until the transaction ends. `shelved`: one
    that was made of a file of ours (shelf.py), whoever sends it. Raises Invalid."""
    row = await w.fetchrow(
        _READY,
        w.company_id,
        file_id,
        w.actor.id if w.actor is not None else None,
        FileState.STORED.value,
        shelved,
    )
    if row is None:
        raise RequestError.INVALID(fields=[ReplyField.NO_SUCH_FILE("content.file_id")])
    return Upload(**row)


async def take(w: Work, file_id: UUID, message_id: UUID, channel_id: UUID) -> None:
    """The file is this message's from now on, and goes to the provider."""
    await w.execute(
        "update message_file set message_id = $3, channel_id = $4 where company_id = $1 and id = $2",
        w.company_id,
        file_id,
        message_id,
        channel_id,
    )
    w.enqueue(SendFile(file_id=file_id))


# -- handing over to the provider

_WAITING = """
select m.id, m.contact_id, m.channel_id, m.content::text as content, f.key, f.mime_type from message_file f
join message m on m.company_id = $1 and m.id = f.message_id and m.queue_id = f.id and m.queued
where f.company_id = $1 and f.id = $2
"""
# An archived channel sends nothing; one that is being archived ends what it finds in its queues, and this comes after it.
_OPEN = """
select c.id from message m join channel c on c.company_id = $1 and c.id = m.channel_id and c.archived_at is null
where m.company_id = $1 and m.queue_id = $2 and m.queued for share of c
"""
_HANDED = """
update message set content = $3::jsonb, queue_id = channel_id, next_at = now(), tries = 0, reason = null, code = null
where company_id = $1 and queue_id = $2 and queued
"""
# Where a provider forgets the file before it could send the message, it is handed over again.
_PUT_BACK = """
update message set queue_id = (content->>'file_id')::uuid, content = content - 'media' - 'media_until'
where company_id = $1 and id in (
    select id from message where company_id = $1 and queue_id = $2 and queued and content->>'kind' = 'file' and next_at <= now()
        and (content->>'media_until')::timestamptz < $3 for update skip locked)
returning queue_id
"""
_TROUBLED = """
update message set tries = tries + 1, reason = $3, code = $4 where company_id = $1 and queue_id = $2 and queued returning tries
"""
_FAILED = f"""
update message set state = {M.FAILED}, reason = coalesce($3, reason, '{FailureReason.MEDIA}'), code = case when $3 is null then code else $4 end,
    done_at = now(), queue_id = channel_id
where company_id = $1 and queue_id = $2 and queued returning id, contact_id
"""


async def waiting(company_id: UUID, file_id: UUID) -> Waiting | None:
    """The message that waits for this file; None when it is no longer to be sent."""
    async with read(worker(company_id), Permission.MESSAGES_SEND) as r:
        row = await r.fetchrow(_WAITING, company_id, file_id)
    if row is None:
        return None
    content = render.decode(row["content"])
    assert isinstance(content, FileContent)
    return Waiting(row["id"], row["contact_id"], row["channel_id"], content, row["key"], row["mime_type"])


async def handed_over(company_id: UUID, content: FileContent) -> None:
    """The provider has the file: `content` names it there. Harmless when it is repeated."""
    async with work(worker(company_id), Permission.MESSAGES_SEND) as w:
        if await w.fetchval(_OPEN, company_id, content.file_id):
            await w.execute(_HANDED, company_id, content.file_id, render.encode(content))


async def put_back(w: Work, channel_id: UUID) -> None:
    """Messages of the channel that are due, and whose file the provider will soon not know any more, wait for it again."""
    for row in await w.fetch(_PUT_BACK, w.company_id, channel_id, now() + FRESH):
        w.enqueue(SendFile(file_id=row["queue_id"]))


async def troubled(company_id: UUID, file_id: UUID, reason: FailureReason, code: int | None) -> int:
    """The provider did not take the file this time. Returns how often since it was to have it."""
    async with work(worker(company_id), Permission.MESSAGES_SEND) as w:
        tries: int | None = await w.fetchval(_TROUBLED, company_id, file_id, reason.value, code)
    return tries or 1


async def failed(company_id: UUID, file_id: UUID, reason: FailureReason | None, code: int | None = None) -> None:
    """The provider will not have the file, so the message does not go. `reason` None: that of the last trouble. Harmless when it is
    repeated."""
    async with work(worker(company_id), Permission.MESSAGES_SEND) as w:
        for row in await w.fetch(_FAILED, company_id, file_id, reason.value if reason else None, code):
            if row["contact_id"] is not None:
                w.emit(ConversationChanged(contact_id=row["contact_id"]))
                w.enqueue(MissAnswer(message_id=row["id"]))


async def converted(company_id: UUID, file_id: UUID, mime_type: str, size: int, sha256: bytes) -> None:
    """Other bytes stand in its place."""
    async with work(worker(company_id), Permission.MESSAGES_SEND) as w:
        await w.execute(
            "update message_file set mime_type = $3, size = $4, sha256 = $5, name = null where company_id = $1 and id = $2",
            company_id,
            file_id,
            mime_type,
            size,
            sha256,
        )


# -- looking at pictures


class Picture(NamedTuple):
    key: str
    mime_type: str
    size: int


async def picture(company_id: UUID, file_id: UUID) -> Picture | None:
    """A stored picture that nobody opened yet."""
    async with read(worker(company_id), Permission.CONTACTS_READ) as r:
        row = await r.fetchrow(
            "select key, mime_type, size from message_file where company_id = $1 and id = $2 and state = 'stored' and not thumbnail",
            company_id,
            file_id,
        )
    return None if row is None else Picture(**row)


# -- what nobody sent

_UNTAKEN = "message_id is null and created_at < $1 and state <> 'deleted'"
# The file that a template was reviewed with stays as long as the template, that of a campaign as long as the campaign, and one that a board
# may send as long as it may.
_OF_NO_TEMPLATE = (
    "not exists (select from template t where t.company_id = $2 and t.sample_file_id = message_file.id and t.status <> 'deleted')"
    " and not exists (select from campaign k where k.company_id = $2 and k.header_file_id = message_file.id)"
    " and not exists (select from board_ai a where a.company_id = $2"
    " and a.files @> jsonb_build_array(jsonb_build_object('file_id', message_file.id)))"
)


async def untaken() -> list[UUID]:
    """Companies with files that no message took in time; also those where templates keep all of them."""
    async with system_read() as s:
        rows = await s.fetch(f"select distinct company_id from message_file where {_UNTAKEN}", now() - KEPT)
    return [row["company_id"] for row in rows]


async def forget_untaken(company_id: UUID) -> None:
    """Lets them go; a job deletes the bytes."""
    async with work(worker(company_id), Permission.CONTACTS_WRITE) as w:
        if await w.execute(
            f"update message_file set state = 'deleted', name = null where {_UNTAKEN} and company_id = $2 and {_OF_NO_TEMPLATE}",
            now() - KEPT,
            company_id,
        ):
            w.enqueue(DeleteFiles())
