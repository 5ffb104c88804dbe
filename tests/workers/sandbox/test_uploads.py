"""Files that people upload: whose they are, how many a company may keep, and what is left when something breaks."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from db.blobs import DiskBlobs
from db.errors import Conflict, Invalid
from db.ids import uuid7
from db.jobs import DeleteFiles
from db.messages import answers, uploads
from db.messages.content import Document
from db.messages.errors import ReplyField, UploadError
from db.messages.replies import FileReply
from db.tenancy import Actor
from db.work import Read, one_transaction
from tests.workers.sandbox.desk import PDF, QUOTA, Desk, picture
from workers.media.job import delete_files


async def test_a_file_belongs_to_one_message_and_before_to_who_uploaded_it(desk: Desk, stranger: Actor) -> None:
    file = await desk.upload(PDF, "contrato.pdf", "application/pdf")
    colleague = msgspec.structs.replace(desk.owner, id=uuid7())
    for actor, reply in ((colleague, FileReply(file.id)), (desk.owner, FileReply(uuid7()))):
        with pytest.raises(Invalid) as refused:
            await answers.send(actor, desk.contact, desk.channel, reply)
        assert [(each.path, each.code) for each in refused.value.fields] == [("content.file_id", ReplyField.NO_SUCH_FILE)]
    await desk.reply(FileReply(file.id))
    with pytest.raises(Invalid):
        await desk.reply(FileReply(file.id))
    shown = await desk.shown()
    assert isinstance(shown.content, Document)


async def test_a_company_keeps_no_more_than_its_room(desk: Desk, store: DiskBlobs) -> None:
    await desk.upload(PDF, "a.pdf", "application/pdf", quota=30)
    with pytest.raises(Conflict) as refused:
        await desk.upload(PDF, "b.pdf", "application/pdf", quota=30)
    assert refused.value.code is UploadError.NO_ROOM_FOR_UPLOAD
    assert len([key async for key, _ in store.stored()]) == 1


async def test_what_others_send_takes_no_room(desk: Desk) -> None:
    await desk.upload(PDF, "a.pdf", "application/pdf", quota=40)
    await desk.db.execute(
        "insert into message_file(company_id, message_id, number, channel_id, key, state, size) values ($1, $2, 0, $3, 'k', 'stored', 900000)",
        desk.owner.company_id,
        uuid7(),
        desk.channel,
    )
    await desk.upload(PDF, "b.pdf", "application/pdf", quota=40)


async def test_uploads_at_once_share_the_room(desk: Desk, store: DiskBlobs) -> None:
    there = asyncio.Barrier(5)

    async def pieces() -> AsyncIterator[bytes]:
        await there.wait()  # each was let in while there was room for it
        yield PDF

    done = await asyncio.gather(
        *(uploads.upload(desk.owner, "a.pdf", "application/pdf", pieces(), quota=2 * len(PDF)) for _ in range(5)),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in done) == ["Conflict"] * 3 + ["MessageFile"] * 2
    assert len([key async for key, _ in store.stored()]) == 2


async def test_no_transaction_waits_for_the_store(desk: Desk, store: DiskBlobs) -> None:
    begun: list[bool] = []

    async def nothing(_: Read) -> None: ...

    async with one_transaction(desk.owner.company_id, nothing) as transaction:

        async def pieces() -> AsyncIterator[bytes]:
            for piece in (PDF, b"end"):
                yield piece
                begun.append(transaction.connection is not None)

        file = await uploads.upload(desk.owner, "a.pdf", "application/pdf", pieces(), quota=QUOTA)
    assert begun == [False, False]
    assert await desk.db.fetchval("select size from message_file where id = $1", file.id) == len(PDF) + 3


async def test_what_could_not_be_noted_is_not_kept(desk: Desk, store: DiskBlobs) -> None:
    async def breaks(_: Read) -> None:
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError):
        async with one_transaction(desk.owner.company_id, breaks):
            await desk.upload(PDF, "a.pdf", "application/pdf")
    assert [key async for key, _ in store.stored()] == []


async def test_what_is_not_what_it_is_called_is_refused(desk: Desk) -> None:
    with pytest.raises(Conflict) as refused:
        await desk.upload(b"%PDF-1.7 ...", "foto.jpg", "image/jpeg")
    assert refused.value.code is UploadError.UPLOAD_WRONG_TYPE


async def test_what_nobody_sent_is_deleted_after_a_day(desk: Desk, store: DiskBlobs) -> None:
    kept = await desk.upload(PDF, "a.pdf", "application/pdf")
    await desk.reply(FileReply(kept.id))
    left = await desk.upload(picture(), "b.png", "image/png")
    await desk.db.execute("update message_file set created_at = now() - interval '25 hours'")
    for company_id in await uploads.untaken():
        await uploads.forget_untaken(company_id)
    await delete_files(desk.owner.company_id, DeleteFiles())
    assert await desk.db.fetch("select id from message_file where id = any($1::uuid[])", [kept.id, left.id]) == [(kept.id,)]
    assert len([key async for key, _ in store.stored()]) == 1
