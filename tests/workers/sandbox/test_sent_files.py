"""Files that our people send: uploaded, taken by one message, handed to the provider, and accepted there once."""

from pathlib import Path

import asyncpg
import av
import pytest

from db import blobs, file_links
from db.blobs import DiskBlobs
from db.errors import Conflict
from db.jobs import LookAtFile, SendFile
from db.messages.content import Image as ImageContent
from db.messages.enums import FileState
from db.messages.errors import ReplyError
from db.messages.replies import FileReply
from db.settings import Settings
from db.tenancy import Actor
from tests.workers.sandbox.desk import PDF, Desk, desk_over, picture, recorded
from tests.workers.sandbox.world import Sandbox
from workers.media import outgoing, voice_child
from workers.providers.wire import Wire


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
