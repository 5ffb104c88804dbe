"""A file from its message into the store: once, whatever is killed, doubled or deleted meanwhile, and never what it must not be."""

import asyncio
import hashlib
import io
import struct
import zlib
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import asyncpg
import msgspec
import pytest
from PIL import Image

from db import blobs
from db.blobs import DiskBlobs
from db.clock import now
from db.contacts import actions
from db.errors import RequestError
from db.jobs import DeleteFiles, DownloadFile
from db.messages import content as doc
from db.messages import conversation, files
from db.messages.files import Found
from db.settings import Settings
from db.tenancy import Actor
from tests.workers.media.setting import Setting
from tests.workers.providers.peer import Peer, peer
from tests.workers.test_http import resolving
from workers import housekeeping
from workers.http import OutboundClient
from workers.media import fetch, job
from workers.providers.wire import Wire
from workers.runtime import Retry
from workers.sandbox import samples
from workers.sandbox.server import Reply, Request, bind, json_reply, listen

IMAGE = doc.Image(file=doc.File(id="77", mime_type="image/jpeg"))


class Vendor:
    """Meta's two steps and Twilio's one, over true HTTP. `answer` is what the second step gives."""

    def __init__(self) -> None:
        self.answer = Reply(200, samples.of("image/jpeg"), b"image/jpeg")
        self.info: dict[str, object] | None = {}
        self.asked: list[Request] = []
        self.url = ""

    def handle(self, request: Request) -> Reply:
        self.asked.append(request)
        if not request.path.startswith("/v25.0/"):
            return self.answer
        if self.info is None:
            return Reply(400, b'{"error":{"code":100,"message":"Object with ID 77 does not exist","error_subcode":33}}')
        return json_reply({"id": "77", "url": f"{self.url}/bytes", **self.info})


@pytest.fixture
async def vendor() -> AsyncIterator[Vendor]:
    made = Vendor()
    taken = bind("127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{taken.getsockname()[1]}"
    server, live = await listen(made.handle, taken)
    yield made
    server.close()
    for connection in list(live):
        connection.close()


@pytest.fixture
def setting(
    owner_db: asyncpg.Connection, owner: Actor, database: Settings, store: DiskBlobs, wire: Wire, vendor: Vendor
) -> Setting:
    return Setting(owner_db, owner, database, wire, vendor.url)


def kept(store: DiskBlobs) -> list[Path]:
    folder = store.path("acc")
    return sorted(path for path in folder.rglob("*") if path.is_file()) if folder.exists() else []


def png(width: int, height: int) -> bytes:
    """A picture of so many black pixels, one bit each: it packs a thousandfold."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    packer = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    packed = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


async def test_a_picture_is_fetched_checked_and_made_small(setting: Setting, vendor: Vendor, store: DiskBlobs) -> None:
    upright = Image.open(io.BytesIO(samples.of("image/jpeg")))
    exif = upright.getexif()
    exif[0x0112] = 6  # the camera was held sideways
    out = io.BytesIO()
    upright.save(out, "JPEG", exif=exif)
    vendor.answer = Reply(200, out.getvalue(), b"image/jpeg")
    vendor.info = {"sha256": hashlib.sha256(out.getvalue()).hexdigest(), "file_size": len(out.getvalue())}
    file_id = await setting.message(IMAGE)
    assert file_id is not None
    assert (
        await setting.db.fetchval("select count(*) from job where company_id = $1 and name = 'DownloadFile'", setting.company)
        == 1
    )
    row = await setting.fetch(file_id)
    assert (row["state"], row["mime_type"], row["size"]) == ("stored", "image/jpeg", len(out.getvalue()))
    assert (row["width"], row["height"], row["thumbnail"]) == (720, 960, True)
    assert store.path(row["key"]).read_bytes() == out.getvalue()
    small = Image.open(io.BytesIO(store.path(files.thumbnail_key(row["key"])).read_bytes()))
    assert (small.format, small.size, dict(small.getexif())) == ("WEBP", (480, 640), {})
    assert [request.header(b"authorization") for request in vendor.asked] == ["Bearer EAAtoken-of-tests"] * 2
    contact_id = await setting.db.fetchval("select id from contact where company_id = $1", setting.company)
    [entry] = await conversation.messages(setting.owner, contact_id, before=None, limit=10)
    assert [(file.id, file.inline, file.thumbnail) for file in entry.files] == [(file_id, True, True)]
    again = len(vendor.asked)
    await setting.fetch(file_id)
    assert len(vendor.asked) == again


async def test_a_message_told_twice_has_one_file_and_a_past_one_has_its_own(setting: Setting) -> None:
    assert await setting.message(IMAGE) is not None
    assert await setting.message(IMAGE) is None
    assert await setting.message(IMAGE, provider_id="wamid.old", history=True) is not None
    assert await setting.db.fetchval("select count(*) from message_file where company_id = $1", setting.company) == 2


@pytest.mark.parametrize(
    ("claimed", "content"),
    [
        ("image/png", b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
        ("image/jpeg", b"\xef\xbb\xbf \n<!DOCTYPE html><script>alert(1)</script>"),
        ("video/mp4", b"MZ\x90\x00" + bytes(60)),
        ("audio/ogg; codecs=opus", samples.of("application/pdf")),
    ],
)
async def test_what_is_called_a_picture_and_is_none_is_not_kept(
    setting: Setting, vendor: Vendor, store: DiskBlobs, claimed: str, content: bytes
) -> None:
    vendor.answer = Reply(200, content, claimed.encode())
    file_id = await setting.message(doc.Image(file=doc.File(id="77", mime_type=claimed)))
    assert file_id is not None
    row = await setting.fetch(file_id)
    assert (row["state"], row["reason"]) == ("refused", "wrong_type")
    assert kept(store) == []


@pytest.mark.parametrize(
    ("claimed", "content"),
    [
        ("image/svg+xml", b"<svg/>"),
        ("text/html", b"<html><script>alert(1)</script>"),
        ("application/javascript", b"alert(1)"),
        ("application/pdf", b"no pdf"),
        ("text/csv", "nome;fone".encode("utf-16")),
        ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", b"<html>"),
        ("image/png", samples.of("image/png")[:200]),
    ],
)
async def test_what_might_run_or_is_broken_is_kept_under_no_type(
    setting: Setting, vendor: Vendor, claimed: str, content: bytes
) -> None:
    vendor.answer = Reply(200, content, claimed.encode())
    file_id = await setting.message(doc.Document(file=doc.File(id="77", mime_type=claimed if "svg" not in claimed else None)))
    assert file_id is not None
    row = await setting.fetch(file_id)
    assert (row["state"], row["mime_type"], row["thumbnail"]) == ("stored", "application/octet-stream", False)


async def test_a_bomb_is_not_opened(setting: Setting, vendor: Vendor) -> None:
    vendor.answer = Reply(200, png(40_000, 20_000), b"image/png")
    file_id = await setting.message(doc.Image(file=doc.File(id="77", mime_type="image/png")))
    assert file_id is not None
    row = await setting.fetch(file_id)
    assert (row["state"], row["mime_type"], row["thumbnail"]) == ("stored", "application/octet-stream", False)


async def test_too_much_is_refused_as_it_comes(
    setting: Setting, vendor: Vendor, store: DiskBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def endless(far: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await far.read(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: video/mp4\r\nconnection: close\r\n\r\n")
        while True:
            writer.write(bytes(1 << 16))
            await writer.drain()

    monkeypatch.setattr(fetch, "MAX_BYTES", 50 << 20)
    async with peer(endless) as far:
        vendor.info = {"url": f"{far.url}/x"}
        file_id = await setting.message(doc.Video(file=doc.File(id="77", mime_type="video/mp4")))
        assert file_id is not None
        row = await setting.fetch(file_id)
    assert (row["state"], row["reason"]) == ("refused", "too_big")
    vendor.info = {"file_size": 200_000_000}
    file_id = await setting.message(IMAGE, provider_id="wamid.2")
    assert file_id is not None
    assert (await setting.fetch(file_id))["reason"] == "too_big"
    assert kept(store) == []


async def test_a_file_that_the_provider_no_longer_has_is_gone(setting: Setting, vendor: Vendor) -> None:
    vendor.info = None
    file_id = await setting.message(IMAGE)
    assert file_id is not None
    row = await setting.fetch(file_id)
    assert (row["state"], row["reason"]) == ("gone", "expired")
    vendor.answer = Reply(404)
    url = f"{vendor.url}/media/1"
    file_id = await setting.message(doc.Image(file=doc.File(url=url, mime_type="image/png")), "sms", "SM1")
    assert file_id is not None
    assert (await setting.fetch(file_id))["state"] == "gone"


@pytest.mark.parametrize("answer", [Reply(403), Reply(404), Reply(503), Reply(200, b""), Reply(200, cut=True)])
async def test_what_may_pass_is_tried_again_and_ends_in_words(setting: Setting, vendor: Vendor, answer: Reply) -> None:
    vendor.answer = answer
    file_id = await setting.message(IMAGE)
    assert file_id is not None
    with pytest.raises(Retry) as again:
        await setting.fetch(file_id)
    assert again.value.after == 5.0
    await setting.db.execute("update message_file set created_at = now() - interval '20 minutes' where id = $1", file_id)
    with pytest.raises(Retry) as again:
        await setting.fetch(file_id)
    assert 1200 <= (again.value.after or 0) < 1500
    assert (await setting.row(file_id))["state"] == "waiting"
    row = await setting.give_up(file_id)
    assert (row["state"], row["reason"]) == ("failed", "not_fetched")


async def test_a_file_that_did_not_come_whole_is_fetched_again(setting: Setting, vendor: Vendor) -> None:
    vendor.info = {"sha256": hashlib.sha256(b"another").hexdigest()}
    file_id = await setting.message(IMAGE)
    assert file_id is not None
    with pytest.raises(Retry):
        await setting.fetch(file_id)


async def test_a_redirect_leads_nowhere_but_to_the_provider_and_takes_no_secret_along(setting: Setting, vendor: Vendor) -> None:
    url = f"{vendor.url}/2010-04-01/Accounts/AC1/Messages/MM1/Media/ME1"
    for number, where in enumerate(["http://169.254.169.254/latest/meta-data", "http://[::1]/", "file:///etc/passwd", ""]):
        vendor.answer = Reply(307, extra=b"location: %b\r\n" % where.encode())
        file_id = await setting.message(doc.Image(file=doc.File(url=url, mime_type="image/png")), "sms", f"SM{number}")
        assert file_id is not None
        row = await setting.fetch(file_id)
        assert (row["state"], row["reason"]) == ("refused", "address_refused"), where

    async def cdn(far: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await far.read(reader)
        await far.answer(writer, 200, samples.of("image/png"))

    async with peer(cdn) as far:
        vendor.answer = Reply(307, extra=b"location: %b/x\r\n" % far.url.encode())
        vendor.asked.clear()
        file_id = await setting.message(doc.Image(file=doc.File(url=url, mime_type="image/png")), "sms", "SMok")
        assert file_id is not None
        assert (await setting.fetch(file_id))["state"] == "stored"
        assert vendor.asked[0].header(b"authorization").startswith("Basic ")
        assert "authorization" not in far.requests[0][0].lower()


@pytest.mark.parametrize(
    ("url", "resolved"),
    [
        ("https://evil.example.com/x.png", "93.184.216.34"),  # no host of the provider
        ("https://mms.twiliocdn.com/x.png", "10.0.0.7"),  # one of them, that leads inside
        ("https://mms.twiliocdn.com/x.png", "169.254.169.254"),
        ("http://mms.twiliocdn.com/x.png", "93.184.216.34"),
    ],
)
async def test_a_real_channel_reaches_public_hosts_of_its_provider_only(
    owner_db: asyncpg.Connection, owner: Actor, database: Settings, store: DiskBlobs, wire: Wire, url: str, resolved: str
) -> None:
    setting = Setting(owner_db, owner, database, wire, "http://127.0.0.1:9")
    setting.settings = msgspec.structs.replace(setting.settings, twilio_url="https://api.twilio.com")
    await setting.channel("sms", sandbox=False)
    file_id = await setting.message(doc.Image(file=doc.File(url=url, mime_type="image/png")), "sms")
    assert file_id is not None
    row = await setting.fetch(file_id, lambda private: OutboundClient(allow_private=private, resolve=resolving([resolved])))
    assert (row["state"], row["reason"]) == ("refused", "address_refused")


async def test_a_worker_that_dies_before_it_says_so_leaves_one_file(
    setting: Setting, vendor: Vendor, store: DiskBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_id = await setting.message(IMAGE)
    assert file_id is not None

    async def killed(*_: object) -> bool:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(files, "stored", killed)
        with pytest.raises(asyncio.CancelledError):
            await setting.fetch(file_id)
    left = kept(store)
    assert (len(left), (await setting.row(file_id))["state"]) == (2, "waiting")
    assert (await setting.fetch(file_id))["state"] == "stored"
    assert kept(store) == left
    monkeypatch.setattr(housekeeping, "ORPHANED", -housekeeping.ORPHANED)
    await housekeeping._files()
    assert kept(store) == left


async def test_a_store_that_does_not_answer_is_asked_as_long_as_a_provider(
    setting: Setting, vendor: Vendor, store: DiskBlobs, monkeypatch: pytest.MonkeyPatch
) -> None:
    file_id = await setting.message(IMAGE)
    assert file_id is not None

    async def away(*_: object, **__: object) -> None:
        raise RequestError.UNAVAILABLE(retry_after=5)

    with monkeypatch.context() as patch:
        patch.setattr(job, "_put", away)
        with pytest.raises(Retry) as again:
            await setting.fetch(file_id)
    assert again.value.after is not None
    assert again.value.after >= 5
    assert (await setting.fetch(file_id))["state"] == "stored"


async def test_files_go_with_their_contact(setting: Setting, vendor: Vendor, store: DiskBlobs) -> None:
    first, second = await setting.message(IMAGE), await setting.message(IMAGE, provider_id="wamid.2")
    assert first is not None
    assert second is not None
    await setting.fetch(first)
    contact_id = await setting.db.fetchval("select id from contact where company_id = $1", setting.company)
    await actions.delete_contact(setting.owner, contact_id)
    assert (
        await setting.db.fetchval("select count(*) from job where company_id = $1 and name = 'DeleteFiles'", setting.company) == 1
    )
    await job.delete_files(setting.company, DeleteFiles())
    assert kept(store) == []
    assert await setting.db.fetchval("select count(*) from message_file where company_id = $1", setting.company) == 0
    # One that was on its way then is not said to be stored.
    assert not await files.stored(setting.company, second, Found("image/jpeg", 1, b"x"))


async def test_a_file_that_no_row_names_is_swept(setting: Setting, store: DiskBlobs, monkeypatch: pytest.MonkeyPatch) -> None:
    async def one() -> AsyncIterator[bytes]:
        yield b"x"

    key = blobs.new_key(setting.company)
    for name in (key, files.thumbnail_key(key)):
        await store.put(name, one(), most=1)
    monkeypatch.setattr(housekeeping, "ORPHANED", -housekeeping.ORPHANED)
    await housekeeping._files()
    assert kept(store) == []


def test_the_last_try_comes_after_a_day_while_providers_still_have_the_file() -> None:
    waited = 0.0
    for _ in range(DownloadFile.max_tries - 1):
        waited += job.pause(now() - timedelta(seconds=waited))
    assert 24 * 3600 < waited < 48 * 3600
