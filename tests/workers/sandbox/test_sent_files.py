"""Files that our people send: uploaded, taken by one message, handed to the provider, and accepted there once."""

import asyncio
import io
import wave
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import av
import msgspec
import pytest
from PIL import Image

from db import blobs, file_links
from db.blobs import DiskBlobs
from db.channels import actions as channels
from db.channels.secrets import seal
from db.clock import now
from db.contacts import consent
from db.errors import Conflict, Invalid
from db.ids import uuid7
from db.jobs import DeleteFiles, LookAtFile, SendFile
from db.messages import answers, conversation, held, uploads
from db.messages.content import Document
from db.messages.content import Image as ImageContent
from db.messages.conversation import Entry
from db.messages.enums import FileState, MessageState
from db.messages.errors import ReplyError, ReplyField, UploadError
from db.messages.files import MessageFile
from db.messages.reasons import FailureReason
from db.messages.replies import FileReply
from db.permissions import Permission
from db.settings import Settings
from db.tenancy import Actor, worker
from db.work import Read, one_transaction, work
from tests.db.channels.factories import make_channel, put_inbox
from tests.workers.sandbox.conftest import Sandbox, until
from workers.inbound import process_inbox
from workers.media import outgoing, voice_child
from workers.media.job import delete_files
from workers.media.outgoing import OutgoingFiles
from workers.outcomes import RetryAfter, retry_delay
from workers.outgoing import Sender
from workers.providers.wire import Wire
from workers.runtime import Retry, Snooze
from workers.sending import Lanes

PHONE = "5511987654321"
QUOTA = 1_000_000
PDF = b"%PDF-1.7\n1 0 obj\n"


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (900, 600), "teal").save(out, "PNG")
    return out.getvalue()


def recorded(container: str, codec: str, layout: str) -> bytes:
    """A second, as a browser records it."""
    wav, out = io.BytesIO(), io.BytesIO()
    with wave.open(wav, "wb") as made:
        made.setnchannels(2)
        made.setsampwidth(2)
        made.setframerate(44_100)
        made.writeframes(bytes(range(256)) * 700)
    with av.open(io.BytesIO(wav.getvalue())) as source, av.open(out, "w", format=container) as target:
        stream: Any = target.add_stream(codec, rate=48_000, layout=layout)
        resampler = av.AudioResampler(format=stream.format.name, layout=layout, rate=48_000)
        for frame in source.decode(audio=0):
            for one in resampler.resample(frame):
                target.mux(stream.encode(one))
        target.mux(stream.encode(None))
    return out.getvalue()


class Desk:
    """A person on the sandbox who has just written, and somebody who answers with files."""

    def __init__(
        self, sandbox: Sandbox, settings: Settings, db: asyncpg.Connection, owner: Actor, channel: UUID, contact: UUID, wire: Wire
    ) -> None:
        self.sandbox, self.db, self.owner, self.channel, self.contact = sandbox, db, owner, channel, contact
        self.jobs = OutgoingFiles(settings, wire)
        self.lanes = Lanes(settings, Sender(settings, wire))

    async def upload(self, content: bytes, name: str, kind: str, quota: int = QUOTA) -> MessageFile:
        async def pieces() -> AsyncIterator[bytes]:
            yield content

        return await uploads.upload(self.owner, name, kind, pieces(), quota=quota)

    async def reply(self, reply: FileReply) -> UUID:
        return (await answers.send(self.owner, self.contact, self.channel, reply)).id

    async def hand_over(self, file: MessageFile) -> None:
        await self.jobs.send(self.owner.company_id, SendFile(file_id=file.id))

    async def shown(self) -> Entry:
        """The only message that went out, or is to go."""
        found = await conversation.messages(self.owner, self.contact, before=None, limit=10)
        [one] = [one for one in found if one.direction == "out"]
        return one

    async def lane(self) -> None:
        await self.lanes.run(self.owner.company_id, self.channel, 0)
        await self.lanes.drain()

    async def accepted(self) -> list[dict[str, Any]]:
        return list((await self.sandbox.http.get("/sandbox/ledger")).json()["data"])

    async def row(self, message_id: UUID) -> tuple[str, str | None]:
        row = await self.db.fetchrow("select state, reason from message where id = $1", message_id)
        assert row is not None
        return {0: "queued", 3: "sent", 6: "failed"}.get(row["state"], str(row["state"])), row["reason"]


@pytest.fixture
def store(database: Settings, tmp_path: Path) -> Iterator[DiskBlobs]:
    before = blobs._store
    made = blobs.connect(msgspec.structs.replace(database, data_dir=tmp_path / "ours", s3_bucket=""))
    assert isinstance(made, DiskBlobs)
    yield made
    blobs._store = before


async def desk_over(kind: str, sandbox: Sandbox, owner: Actor, db: asyncpg.Connection, database: Settings, wire: Wire) -> Desk:
    played = {"whatsapp": "meta", "sms": "twilio"}[kind]
    account = await sandbox.account(played, behaviour={"batch_ms": 5, "delivered_share": 0, "read_share": 0})
    channel_id, secret = uuid7(), account["token"] if played == "meta" else account["auth_token"]
    columns: dict[str, Any] = {
        "id": channel_id,
        "sandbox": True,
        "token": seal(owner.company_id, channel_id, "token", secret),
        "signing_secret": None,
        "external_id": account["phone_number_id" if played == "meta" else "phone_number"],
        "account_id": account["waba_id" if played == "meta" else "account_sid"],
    }
    await make_channel(db, owner, kind, **columns)
    await sandbox.http.post(f"/sandbox/accounts/{account['id']}/reply", json={"to_contact": PHONE, "text": "Oi"})
    await until(lambda: bool(sandbox.product.requests))
    told = sandbox.product.requests.pop().body
    await put_inbox(db, owner, channel_id, told, "meta" if played == "meta" else "twilio_message")
    await process_inbox(owner.company_id)
    contact = await db.fetchval("select contact_id from inbound_message where channel_id = $1", channel_id)
    return Desk(sandbox, msgspec.structs.replace(database, sandbox_url=sandbox.base), db, owner, channel_id, contact, wire)


@pytest.fixture
async def desk(
    sandbox: Sandbox, store: DiskBlobs, owner: Actor, owner_db: asyncpg.Connection, database: Settings
) -> AsyncIterator[Desk]:
    async with Wire() as wire:
        yield await desk_over("whatsapp", sandbox, owner, owner_db, database, wire)


async def test_a_picture_is_handed_over_first_and_sent_once(desk: Desk) -> None:
    file = await desk.upload(picture(), "pasta/azul.png", "application/x-anything")
    assert (file.state, file.mime_type, file.name, file.thumbnail) == (FileState.STORED, "image/png", "azul.png", False)
    message = await desk.reply(FileReply(file.id, " O azul "))
    await desk.lane()
    assert (await desk.row(message), await desk.accepted()) == (("queued", None), [])  # nobody claims it yet
    for _twice in range(2):
        await desk.jobs.send(desk.owner.company_id, SendFile(file_id=file.id))
        await outgoing.look(desk.owner.company_id, LookAtFile(file_id=file.id))
        await desk.lane()
    assert await desk.row(message) == ("sent", None)
    [entry] = await desk.accepted()
    media = entry["content"]["image"]["id"]
    assert entry["content"]["image"]["caption"] == "O azul"
    assert desk.sandbox.world.settings.data.joinpath("media", media).read_bytes() == picture()
    shown = await desk.shown()
    assert (shown.kind, shown.text) == ("image", "O azul")
    assert isinstance(shown.content, ImageContent)
    assert [(one.id, one.width, one.thumbnail) for one in shown.files] == [(file.id, 900, True)]


@pytest.mark.parametrize(
    ("container", "codec", "layout"), [("webm", "libopus", "mono"), ("webm", "libopus", "stereo"), ("mp4", "aac", "mono")]
)
async def test_a_recording_becomes_a_voice_message(desk: Desk, container: str, codec: str, layout: str) -> None:
    file = await desk.upload(recorded(container, codec, layout), "voz", f"audio/{container};codecs=x")
    message = await desk.reply(FileReply(file.id, voice=True))
    await desk.jobs.send(desk.owner.company_id, SendFile(file_id=file.id))
    await desk.lane()
    assert await desk.row(message) == ("sent", None)
    [entry] = await desk.accepted()
    assert entry["content"]["audio"]["voice"] is True
    with av.open(str(desk.sandbox.world.settings.data / "media" / entry["content"]["audio"]["id"])) as heard:
        assert (heard.format.name, heard.streams.audio[0].codec_context.name) == ("ogg", "opus")
        assert heard.streams.audio[0].codec_context.channels == 1
        assert sum(frame.samples for frame in heard.decode(audio=0)) / 48_000 == pytest.approx(1.0, abs=0.1)


async def test_a_recording_without_sound_does_not_go(desk: Desk) -> None:
    file = await desk.upload(b"\x1aE\xdf\xa3" + b"\0" * 400, "voz.webm", "audio/webm")
    message = await desk.reply(FileReply(file.id, voice=True))
    await desk.jobs.send(desk.owner.company_id, SendFile(file_id=file.id))
    assert await desk.row(message) == ("failed", "media")


async def test_what_the_provider_refuses_fails_with_its_reason(desk: Desk) -> None:
    file = await desk.upload(PDF, "contrato.pdf", "application/pdf")
    message = await desk.reply(FileReply(file.id))
    await desk.db.execute(
        """update message set content = jsonb_set(content, '{mime_type}', '"audio/unheard"') where id = $1""", message
    )
    await desk.hand_over(file)
    assert await desk.row(message) == ("failed", "bad_request")
    assert await desk.db.fetchval("select code from message where id = $1", message) == 100
    assert await desk.accepted() == []


async def test_a_playlist_is_no_recording(desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "secret.ogg").write_bytes(recorded("ogg", "libopus", "mono"))
    (tmp_path / "list").write_text("ffconcat version 1.0\nfile secret.ogg\n")
    for mime_type in voice_child.FORMATS:
        with pytest.raises(av.FFmpegError):
            voice_child.convert(str(tmp_path / "list"), mime_type)
    file = await desk.upload(recorded("ogg", "libopus", "mono"), "voz.ogg", "audio/ogg")
    message = await desk.reply(FileReply(file.id, voice=True))
    key = await desk.db.fetchval("select key from message_file where id = $1", file.id)
    await blobs.store().put(key, outgoing._once((tmp_path / "list").read_bytes()), most=1000)
    await desk.hand_over(file)
    assert await desk.row(message) == ("failed", "media")


async def test_trouble_is_waited_out_and_a_file_that_did_not_go_is_sent_again(desk: Desk) -> None:
    file = await desk.upload(PDF, "contrato.pdf", "application/pdf")
    message = await desk.reply(FileReply(file.id))
    away = OutgoingFiles(msgspec.structs.replace(desk.jobs._settings, sandbox_url="http://127.0.0.1:9"), desk.jobs._wire)
    waits = []
    for _try in range(3):
        with pytest.raises(Retry) as again:
            await away.send(desk.owner.company_id, SendFile(file_id=file.id))
        waits.append(again.value.after)
    assert waits == [2.0, 4.0, 8.0]
    assert await desk.row(message) == ("queued", "network")
    await outgoing.give_up(desk.owner.company_id, SendFile(file_id=file.id), "tried for long")
    assert await desk.row(message) == ("failed", "network")
    again_message = await desk.reply(FileReply(file.id))
    await desk.hand_over(file)
    await desk.lane()
    assert (await desk.row(message), await desk.row(again_message)) == (("failed", "network"), ("sent", None))
    assert len(await desk.accepted()) == 1
    with pytest.raises(Invalid):  # this one went
        await desk.reply(FileReply(file.id))


async def test_the_provider_is_asked_for_as_long_as_a_window_is_open() -> None:
    trouble = RetryAfter(None, FailureReason.TEMPORARY)
    assert sum(retry_delay(trouble, tries) for tries in range(1, SendFile.max_tries)) > 23 * 3600


async def test_the_provider_says_how_long_to_wait(desk: Desk) -> None:
    file = await desk.upload(PDF, "contrato.pdf", "application/pdf")
    message = await desk.reply(FileReply(file.id))
    account = (await desk.sandbox.http.get("/sandbox/accounts")).json()["data"][0]
    await desk.sandbox.behave(account, management_calls_per_hour=1)
    await desk.sandbox.graph(account, "GET", f"/{account['waba_id']}/message_templates")  # the hour's only call
    with pytest.raises(Retry) as again:
        await desk.hand_over(file)
    assert again.value.after is not None
    assert again.value.after >= 120
    assert await desk.row(message) == ("queued", "api_rate")


async def test_what_stops_a_channel_stops_it_here_too_and_the_file_waits(desk: Desk) -> None:
    file = await desk.upload(PDF, "contrato.pdf", "application/pdf")
    message = await desk.reply(FileReply(file.id))
    good = await desk.db.fetchval("select token from channel where id = $1", desk.channel)
    wrong = seal(desk.owner.company_id, desk.channel, "token", "of somebody else")
    await desk.db.execute("update channel set token = $2 where id = $1", desk.channel, wrong)
    with pytest.raises(Snooze):
        await desk.hand_over(file)
    stopped = await desk.db.fetchrow("select state, state_reason from channel where id = $1", desk.channel)
    assert tuple(stopped) == ("error", "token_invalid")
    await desk.db.execute("update channel set token = $2 where id = $1", desk.channel, good)
    with pytest.raises(Snooze):  # nobody has let it go on yet
        await desk.hand_over(file)
    assert await desk.row(message) == ("queued", "token_invalid")
    await desk.db.execute("update channel set state = 'connected', state_reason = null where id = $1", desk.channel)
    await desk.hand_over(file)
    await desk.lane()
    assert await desk.row(message) == ("sent", None)
    assert len(await desk.accepted()) == 1


async def test_a_file_waits_while_a_person_pauses_the_channel(desk: Desk) -> None:
    file = await desk.upload(PDF, "contrato.pdf", "application/pdf")
    message = await desk.reply(FileReply(file.id))
    await desk.db.execute("update channel set state = 'paused', state_reason = 'person' where id = $1", desk.channel)
    with pytest.raises(Snooze):
        await desk.hand_over(file)
    assert await desk.row(message) == ("queued", None)
    assert list((desk.sandbox.world.settings.data / "media").glob("*")) == []  # nor was it handed over


async def _expire(desk: Desk, message: UUID) -> None:
    """A pause or a hold took so long that the provider will soon not know the file any more."""
    await desk.db.execute(
        "update message set content = content || jsonb_build_object('media', 'forgotten', 'media_until', $2::timestamptz) where id = $1",
        message,
        now() + timedelta(hours=1),
    )


async def test_a_file_that_the_provider_forgets_is_handed_over_again(desk: Desk) -> None:
    file = await desk.upload(PDF, "contrato.pdf", "application/pdf")
    message = await desk.reply(FileReply(file.id))
    await desk.hand_over(file)
    await desk.db.execute("delete from job")
    await _expire(desk, message)
    await desk.lane()
    assert (await desk.row(message), await desk.accepted()) == (("queued", None), [])
    assert await desk.db.fetchval("select count(*) from attempt where message_id = $1", message) == 0
    assert await desk.db.fetchval("select count(*) from job where key = $1", f"send:{file.id}") == 1
    await desk.hand_over(file)
    await desk.lane()
    [entry] = await desk.accepted()
    assert entry["content"]["document"]["id"] != "forgotten"


@pytest.mark.parametrize("known", ["not yet", "for long", "soon not any more"])
async def test_a_held_file_goes_on_once(desk: Desk, known: str) -> None:
    file = await desk.upload(PDF, "contrato.pdf", "application/pdf")
    message = await desk.reply(FileReply(file.id))
    if known != "not yet":
        await desk.hand_over(file)
    if known == "soon not any more":
        await _expire(desk, message)
    await desk.db.execute("delete from job")
    hold = uuid7()
    async with work(worker(desk.owner.company_id), Permission.CAMPAIGNS_SEND) as w:
        assert await held.hold(w, hold) == {desk.channel: 1}
    await desk.hand_over(file)
    await desk.lane()
    assert (await desk.row(message), await desk.accepted()) == (("queued", None), [])
    async with work(worker(desk.owner.company_id), Permission.CAMPAIGNS_SEND) as w:
        await held.release(w, hold, desk.channel)
    again = await desk.db.fetchval("select count(*) from job where key = $1", f"send:{file.id}")
    assert again == (0 if known == "for long" else 1)
    for _twice in range(2):
        await desk.hand_over(file)
        await desk.lane()
    assert await desk.row(message) == ("sent", None)
    assert len(await desk.accepted()) == 1


async def test_a_worker_dies_between_handing_over_and_saying_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    file = await desk.upload(PDF, "contrato.pdf", "application/pdf")
    message = await desk.reply(FileReply(file.id))

    async def dies(*_: object) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(uploads, "handed_over", dies)
        with pytest.raises(asyncio.CancelledError):
            await desk.hand_over(file)
    handed = desk.sandbox.world.settings.data / "media"
    assert len(list(handed.iterdir())) == 1
    await desk.lane()
    assert (await desk.row(message), await desk.accepted()) == (("queued", None), [])
    await desk.hand_over(file)
    await desk.lane()
    assert len(list(handed.iterdir())) == 2
    assert await desk.row(message) == ("sent", None)
    assert len(await desk.accepted()) == 1


async def test_who_opts_out_gets_no_file_that_waited(desk: Desk) -> None:
    file = await desk.upload(PDF, "contrato.pdf", "application/pdf")
    message = await desk.reply(FileReply(file.id))
    async with work(desk.owner, Permission.CONTACTS_WRITE) as w:
        await consent.opt_out(w, [desk.contact], "person")
    await desk.hand_over(file)
    await desk.lane()
    assert await desk.db.fetchval("select state from message where id = $1", message) == MessageState.SKIPPED
    assert await desk.accepted() == []


async def test_an_archived_channel_ends_what_waits_for_its_file(desk: Desk) -> None:
    file = await desk.upload(PDF, "contrato.pdf", "application/pdf")
    message = await desk.reply(FileReply(file.id))
    waiting = await uploads.waiting(desk.owner.company_id, file.id)
    assert waiting is not None
    await channels.archive(desk.owner, desk.channel)
    await uploads.handed_over(desk.owner.company_id, waiting.content)
    assert await desk.db.fetchval("select state from message where id = $1", message) == MessageState.CANCELLED


async def test_a_file_is_not_handed_over_for_a_channel_that_is_being_archived(desk: Desk) -> None:
    file = await desk.upload(PDF, "contrato.pdf", "application/pdf")
    message = await desk.reply(FileReply(file.id))
    waiting = await uploads.waiting(desk.owner.company_id, file.id)
    assert waiting is not None
    await desk.db.execute("update channel set archived_at = now() where id = $1", desk.channel)
    await uploads.handed_over(desk.owner.company_id, waiting.content)
    assert await desk.db.fetchval("select queue_id from message where id = $1", message) == file.id


async def test_a_channel_says_what_it_does_not_take(desk: Desk) -> None:
    program = await desk.upload(b"MZ\x90\0" + b"\0" * 60, "virus.exe", "application/octet-stream")
    paper = await desk.upload(PDF, "contrato.pdf", "application/pdf")
    sound = await desk.upload(recorded("mp3", "libmp3lame", "mono"), "aviso.mp3", "audio/mpeg")
    for reply, code in (
        (FileReply(program.id), ReplyError.FILE_TYPE_NOT_TAKEN),
        (FileReply(paper.id, voice=True), ReplyError.VOICE_NOT_TAKEN),
        (FileReply(sound.id, "Ouça"), ReplyError.CAPTION_NOT_TAKEN),
    ):
        with pytest.raises(Conflict) as refused:
            await desk.reply(reply)
        assert refused.value.code is code
    await desk.db.execute("update message_file set size = 6000000, mime_type = 'image/png' where id = $1", paper.id)
    with pytest.raises(Conflict) as refused:
        await desk.reply(FileReply(paper.id))
    assert (refused.value.code, refused.value.params) == (ReplyError.FILE_TOO_BIG_FOR_CHANNEL, {"most": "5 MB"})


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


async def test_an_mms_names_an_address_of_the_file(
    sandbox: Sandbox, store: DiskBlobs, owner: Actor, owner_db: asyncpg.Connection, database: Settings
) -> None:
    async with Wire() as wire:
        desk = await desk_over("sms", sandbox, owner, owner_db, database, wire)
        file = await desk.upload(picture(), "azul.png", "image/png")
        message = await desk.reply(FileReply(file.id, "O azul"))
        await desk.jobs.send(owner.company_id, SendFile(file_id=file.id))
        await desk.lane()
        assert await desk.row(message) == ("sent", None)
    [entry] = await desk.accepted()
    link = file_links.read(entry["content"]["MediaUrl"].removeprefix(f"{database.webhook_url}{file_links.PATH}/"))
    assert (link.company_id, link.file_id, link.thumbnail) == (owner.company_id, file.id, False)
