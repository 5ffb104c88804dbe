"""Files of ours on WhatsApp's servers: sealed here, handed over to its own hosts alone, and named in the message with their key."""

import base64
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.channels.secrets import load_channel
from db.messages.enums import FileForm
from db.messages.reasons import FailureReason
from db.messages.render import FileContent
from db.permissions import Permission
from db.qr import uploads
from db.qr.uploads import Grant
from db.settings import Settings
from db.tenancy import Actor, worker
from db.work import read
from tests.workers.qr.conftest import Scene
from tests.workers.qr.test_gateway import opened
from workers.outcomes import Rejected, RetryAfter
from workers.providers.adapter import HandedFile, NotNow
from workers.providers.linked import upload
from workers.providers.linked.adapter import ADAPTER
from workers.providers.linked.media import reference, seal, unseal
from workers.providers.linked.payloads import answer_letter
from workers.providers.linked.upload import Uploaded
from workers.providers.wire import ProviderError, Wire
from workers.qr.gateway import LONGEST_UPLOADS, RENEW_UPLOADS
from workers.qr.port import Closed, Letter

GRANT = Grant(["media-1.cdn.whatsapp.net", "evil.test", "mmg.whatsapp.net"], "a+b/c=")
OGG = b"OggS\x00\x02" + bytes(8) + b"x" * 40 + b"OggS\x00\x04" + (48_000 * 7).to_bytes(8, "little") + b"y" * 20


def file(folder: Path, content: bytes, mime_type: str = "image/png") -> HandedFile:
    path = folder / "content"
    path.write_bytes(content)
    return HandedFile(path, "foto.png", mime_type, "", datetime.now(UTC))


class Servers:
    """WhatsApp's, in memory. `status`: what each answers in turn, then 200."""

    def __init__(self, *status: int) -> None:
        self.status = list(status)
        self.got: list[tuple[httpx.URL, bytes]] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.got.append((request.url, await request.aread()))
        status = self.status.pop(0) if self.status else 200
        path = f"/v/t62/{len(self.got)}"
        return httpx.Response(status, json={"url": f"https://{request.url.host}{path}", "direct_path": path, "handle": "x"})


async def hand_over(servers: Servers, handed: HandedFile, grant: Grant = GRANT) -> Uploaded:
    async with Wire() as wire:
        await wire.control.aclose()
        wire.control = httpx.AsyncClient(transport=httpx.MockTransport(servers))
        return msgspec.json.decode(await upload.hand_over(wire, grant, handed), type=Uploaded)


@given(content=st.binary(max_size=70), kind=st.sampled_from(["image", "video", "audio", "document"]))
def test_what_is_sealed_opens_with_its_key_and_no_other(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, kind: str
) -> None:
    folder = tmp_path_factory.mktemp("sealed")
    (folder / "content").write_bytes(content)
    made = seal(folder / "content", folder / "sealed", kind)
    whole = (folder / "sealed").read_bytes()
    assert (made.sha256, made.sealed_sha256) == (hashlib.sha256(content).digest(), hashlib.sha256(whole).digest())
    assert len(content) < 16 or content not in whole
    size, _ = unseal(folder / "sealed", reference(kind, base64.b64encode(made.key).decode()))
    assert (size, (folder / "sealed").read_bytes()) == (len(content), content)


async def test_it_is_handed_over_sealed_and_the_message_has_its_key(tmp_path: Path) -> None:
    servers, content = Servers(), b"\x89PNG" + bytes(200_000)
    found = await hand_over(servers, file(tmp_path, content))
    ((url, sealed),) = servers.got
    mark = base64.urlsafe_b64encode(hashlib.sha256(sealed).digest()).rstrip(b"=").decode()
    assert (url.scheme, url.host, url.path) == ("https", "media-1.cdn.whatsapp.net", f"/mms/image/{mark}")
    assert dict(url.params) == {"auth": GRANT.auth, "token": mark}
    assert (found.path, found.size, found.kind) == ("/v/t62/1", len(content), "image")
    (tmp_path / "got").write_bytes(sealed)
    unseal(tmp_path / "got", reference(found.kind, found.key))
    assert (tmp_path / "got").read_bytes() == content


async def test_another_host_of_theirs_is_asked_and_nobody_elses(tmp_path: Path) -> None:
    servers = Servers(503)
    await hand_over(servers, file(tmp_path, b"x"))
    assert [url.host for url, _ in servers.got] == ["media-1.cdn.whatsapp.net", "mmg.whatsapp.net"]


@pytest.mark.parametrize(
    ("status", "kind"), [(401, RetryAfter), (403, RetryAfter), (429, RetryAfter), (500, RetryAfter), (413, Rejected)]
)
async def test_a_refusal_says_whether_it_may_be_tried_again(tmp_path: Path, status: int, kind: type) -> None:
    with pytest.raises(ProviderError) as told:
        await hand_over(Servers(status, status), file(tmp_path, b"x"))
    assert isinstance(told.value.outcome, kind)
    assert GRANT.auth not in str(told.value)


async def test_without_a_host_of_theirs_nothing_leaves(tmp_path: Path) -> None:
    servers = Servers()
    with pytest.raises(ProviderError) as told:
        await hand_over(servers, file(tmp_path, b"x"), Grant(["whatsapp.net.evil.test"], "x"))
    assert servers.got == []
    assert isinstance(told.value.outcome, RetryAfter)
    assert told.value.outcome.reason is FailureReason.NETWORK


@pytest.mark.parametrize(("content", "seconds"), [(OGG, 7), (b"OggS", None), (b"", None)])
async def test_a_voice_message_knows_how_long_it_is(tmp_path: Path, content: bytes, seconds: int | None) -> None:
    assert (await hand_over(Servers(), file(tmp_path, content, "audio/ogg"))).seconds == seconds


MEDIA = msgspec.json.encode(
    Uploaded(kind="image", url="https://mmg.whatsapp.net/v", path="/v", key="aw==", sha256="cw==", sealed_sha256="ZQ==", size=9, seconds=7)
).decode()  # fmt: skip


def letter(form: FileForm, mime_type: str, **more: Any) -> Letter:
    content = FileContent(file_id=uuid4(), form=form, mime_type=mime_type, size=9, media=MEDIA, **more)
    return msgspec.json.decode(answer_letter("+5511987654321", content, "3EB0"), type=Letter)


@pytest.mark.parametrize(
    ("form", "mime_type", "more", "name", "expected"),
    [
        (FileForm.IMAGE, "image/png", {"caption": "Oi"}, "imageMessage", {"caption": "Oi", "mimetype": "image/png"}),
        (FileForm.VIDEO, "video/mp4", {}, "videoMessage", {"mimetype": "video/mp4"}),
        (FileForm.AUDIO, "audio/ogg", {"voice": True}, "audioMessage", {"ptt": True, "seconds": 7, "mimetype": "audio/ogg; codecs=opus"}),
        (FileForm.AUDIO, "audio/mpeg", {}, "audioMessage", {"ptt": False, "mimetype": "audio/mpeg"}),
        (FileForm.DOCUMENT, "application/pdf", {"name": "a.pdf", "caption": "Nota"}, "documentMessage", {"fileName": "a.pdf", "caption": "Nota"}),
    ],
)  # fmt: skip
def test_each_form_is_a_message_of_its_own(
    form: FileForm, mime_type: str, more: dict[str, Any], name: str, expected: dict[str, Any]
) -> None:
    made = letter(form, mime_type, reply_to="AC01", **more)
    assert made.message is not None
    part = made.message[name]
    assert {key: part[key] for key in expected} == expected
    assert (part["directPath"], part["mediaKey"], part["fileLength"], made.reply_to) == ("/v", "aw==", 9, "AC01")


def test_a_file_that_is_not_there_yet_goes_nowhere() -> None:
    content = FileContent(file_id=uuid4(), form=FileForm.IMAGE, mime_type="image/png", size=9)
    with pytest.raises(ValueError):
        answer_letter("+5511987654321", content, "3EB0")


async def handed(database: Settings, actor: Actor, channel_id: UUID, folder: Path) -> Callable[[], Any]:
    async with read(worker(actor.company_id), Permission.CHANNELS_READ) as r:
        channel = await load_channel(r, channel_id)
    assert channel is not None
    async with Wire() as wire:
        return await ADAPTER.hand_over(wire, database, channel, file(folder, b"x"))  # type: ignore[return-value]


async def test_the_right_to_hand_over_is_kept_sealed_renewed_and_over_with_the_connection(
    scene: Scene, owner_db: asyncpg.Connection, owner: Actor, database: Settings, tmp_path: Path
) -> None:
    line = await opened(scene, owner_db, owner)
    with pytest.raises(NotNow):
        await handed(database, owner, line.channel_id, tmp_path)
    await scene.gateway.allow_files()
    await scene.gateway.allow_files()
    assert scene.port.granted == 1
    assert await uploads.grant(owner.company_id, line.channel_id) == Grant(["media.whatsapp.net"], "right-1")
    assert b"right" not in await owner_db.fetchval("select uploads from qr_session where id = $1", line.channel_id)
    scene.clock.now += min(3600.0, LONGEST_UPLOADS) - RENEW_UPLOADS + 1
    await scene.gateway.allow_files()
    assert await uploads.grant(owner.company_id, line.channel_id) == Grant(["media.whatsapp.net"], "right-2")
    await scene.port.tell(line, Closed(code=503))
    with pytest.raises(NotNow):
        await handed(database, owner, line.channel_id, tmp_path)
