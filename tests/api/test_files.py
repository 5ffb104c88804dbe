"""Files of messages over HTTP: who is given an address, what it shows and for how long, and that nothing handed over may run."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import msgspec
import pytest

from db import blobs, crypto, file_links
from db.crypto import KeyRing
from db.file_links import Link
from db.messages import files
from db.settings import Settings
from db.tenancy import Actor
from tests import factories
from tests.api.conftest import SignInAs

CONTENT = bytes(range(256)) * 40


@pytest.fixture(autouse=True)
def store(database: Settings, tmp_path: Path) -> Iterator[blobs.Blobs]:
    before = blobs._store
    yield blobs.connect(msgspec.structs.replace(database, data_dir=tmp_path, s3_bucket=""))
    blobs._store = before


class Shelf:
    """Stored files of one person of a company."""

    def __init__(self, db: asyncpg.Connection, owner: Actor) -> None:
        self.db, self.owner = db, owner

    async def put(self, content: bytes = CONTENT, **columns: Any) -> UUID:
        channel = await factories.channel(self.db, self.owner)
        await factories.contacts(self.db, self.owner, 1, first=await self.db.fetchval("select count(*) from contact"))
        contact = await self.db.fetchval(
            "select id from contact where company_id = $1 order by id desc limit 1", self.owner.company_id
        )
        file_id = await factories.message_file(self.db, self.owner, channel, contact, size=len(content), **columns)
        key = await self.db.fetchval("select key from message_file where id = $1", file_id)
        for name in (key, files.thumbnail_key(key)):
            await blobs.store().put(name, _once(content), most=len(content))
        return file_id


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


@pytest.fixture
def shelf(owner_db: asyncpg.Connection, owner: Actor) -> Shelf:
    return Shelf(owner_db, owner)


async def link(client: httpx.AsyncClient, file_id: UUID, headers: dict[str, str]) -> dict[str, Any]:
    answer = await client.get(f"/v1/message-files/{file_id}", headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_stored_picture_is_shown_by_an_address_that_needs_no_token(
    client: httpx.AsyncClient, shelf: Shelf, sign_in_as: SignInAs
) -> None:
    file_id = await shelf.put(name='férias "2".jpg', thumbnail=True)
    found = await link(client, file_id, await sign_in_as())
    assert found["url"].startswith("/files/")
    answer = await client.get(found["url"])
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["content-type"] == "image/jpeg"
    assert answer.headers["content-disposition"] == (
        "inline; filename=\"f_rias _2_.jpg\"; filename*=UTF-8''f%C3%A9rias%20_2_.jpg"
    )
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    small = await client.get(found["thumbnail_url"])
    assert (small.status_code, small.headers["content-type"]) == (200, "image/webp")
    head = await client.head(found["url"])
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", str(len(CONTENT)))


@pytest.mark.parametrize(
    "mime_type", ["application/octet-stream", "image/svg+xml", "text/html", "application/xml", "application/zip"]
)
async def test_what_might_run_is_saved(client: httpx.AsyncClient, shelf: Shelf, sign_in_as: SignInAs, mime_type: str) -> None:
    file_id = await shelf.put(b"<svg/>", mime_type=mime_type, name="a.svg")
    found = await link(client, file_id, await sign_in_as())
    assert not found["file"]["inline"]
    answer = await client.get(found["url"])
    assert answer.headers["content-disposition"].startswith("attachment; ")
    assert answer.headers["content-security-policy"].endswith("; sandbox")


@pytest.mark.parametrize(
    ("asked", "status", "first", "last"),
    [
        ("bytes=0-", 206, 0, len(CONTENT) - 1),
        ("bytes=10-19", 206, 10, 19),
        ("bytes=-5", 206, len(CONTENT) - 5, len(CONTENT) - 1),
        (f"bytes=9-{10**9}", 206, 9, len(CONTENT) - 1),
        ("bytes=5-1", 200, 0, len(CONTENT) - 1),
        ("bytes=0-1,5-6", 200, 0, len(CONTENT) - 1),
        (f"bytes={10**9}-", 416, 0, 0),
        ("lines=1-2", 200, 0, len(CONTENT) - 1),
    ],
)
async def test_a_film_can_be_wound_on(
    client: httpx.AsyncClient, shelf: Shelf, sign_in_as: SignInAs, asked: str, status: int, first: int, last: int
) -> None:
    found = await link(client, await shelf.put(mime_type="video/mp4"), await sign_in_as())
    answer = await client.get(found["url"], headers={"Range": asked})
    assert answer.status_code == status
    if status == 416:
        assert answer.headers["content-range"] == f"bytes */{len(CONTENT)}"
        return
    assert answer.headers["accept-ranges"] == "bytes"
    assert answer.content == CONTENT[first : last + 1]
    assert answer.headers["content-length"] == str(last + 1 - first)
    if status == 206:
        assert answer.headers["content-range"] == f"bytes {first}-{last}/{len(CONTENT)}"


async def test_an_address_is_for_one_file_of_one_company_and_for_minutes(
    client: httpx.AsyncClient,
    shelf: Shelf,
    sign_in_as: SignInAs,
    owner: Actor,
    stranger: Actor,
    database: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file_id = await shelf.put()
    url: str = (await link(client, file_id, await sign_in_as()))["url"]
    good = url.rsplit("/", 1)[1]
    for place in range(0, len(good) - 1, 5):  # the last letter has bits that mean nothing
        changed = good[:place] + ("A" if good[place] != "A" else "B") + good[place + 1 :]
        assert (await client.get(f"/files/{changed}")).status_code == 404
    for token in ("x", "é", "A" * 100, good[:-2], good + "AA"):
        assert (await client.get(f"/files/{token}")).status_code == 404
    at = file_links.now()
    other = file_links.sign(Link(stranger.company_id, file_id, False), at.replace(year=at.year + 1))
    assert (await client.get(other)).status_code == 404
    monkeypatch.setattr(crypto, "_ring", KeyRing(f"{crypto.new_key('new')},{database.secret_keys}"))
    assert (await client.get(url)).status_code == 200  # a key that was put behind a new one still counts
    monkeypatch.setattr(crypto, "_ring", KeyRing(crypto.new_key("other")))
    assert (await client.get(url)).status_code == 404
    monkeypatch.undo()
    monkeypatch.setattr(file_links, "now", lambda: at.replace(year=at.year + 1))
    assert (await client.get(url)).status_code == 404


@pytest.mark.parametrize(("state", "reason"), [("waiting", None), ("gone", "expired"), ("refused", "wrong_type")])
async def test_a_file_that_is_not_here_says_why(
    client: httpx.AsyncClient, shelf: Shelf, sign_in_as: SignInAs, owner_db: asyncpg.Connection, state: str, reason: str | None
) -> None:
    file_id = await shelf.put(state=state, reason=reason, name="a.jpg")
    headers = await sign_in_as()
    found = await link(client, file_id, headers)
    assert (found["url"], found["thumbnail_url"], found["expires_at"]) == (None, None, None)
    assert (found["file"]["state"], found["file"]["reason"], found["file"]["inline"]) == (state, reason, False)
    contact_id = await owner_db.fetchval(
        "select contact_id from inbound_message m join message_file f on f.message_id = m.id where f.id = $1", file_id
    )
    [message] = (await client.get(f"/v1/contacts/{contact_id}/messages", headers=headers)).json()["items"]
    assert message["files"] == [found["file"]]
    await owner_db.execute("update message_file set state = 'deleted' where id = $1", file_id)
    assert (await client.get(f"/v1/message-files/{file_id}", headers=headers)).status_code == 404


async def test_bytes_that_are_gone_are_404_and_not_half_an_answer(
    client: httpx.AsyncClient, shelf: Shelf, sign_in_as: SignInAs, owner_db: asyncpg.Connection
) -> None:
    file_id = await shelf.put()
    found = await link(client, file_id, await sign_in_as())
    await files.delete_bytes(await owner_db.fetchval("select key from message_file where id = $1", file_id))
    assert (await client.get(found["url"])).status_code == 404
