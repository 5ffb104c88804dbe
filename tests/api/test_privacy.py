"""Privacy over HTTP: a person's data as one file whose address ends, and receipts that can be proved with what the docs say."""

import base64
import io
import re
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import msgspec
import pytest
from cryptography.exceptions import InvalidSignature

from db import blobs, file_links
from db.file_links import Link
from db.jobs import EraseContact, ExportContact
from db.permissions import Permission, Role
from db.settings import Settings
from db.tenancy import Actor
from tests.api.conftest import SignInAs
from tests.db.privacy.test_erasing import MARKS, everywhere
from workers.privacy import job

CODE = re.compile(r"```python\n(.+?)```", re.DOTALL)
GUIDE = Path("docs/privacy.md")


@pytest.fixture
def store(settings: Settings) -> blobs.Blobs:
    return blobs.connect(settings)


async def made(
    client: httpx.AsyncClient, owner: Actor, contact_id: UUID, auth: dict[str, str], language: str = "pt-BR"
) -> dict[str, Any]:
    started = await client.post(f"/v1/contacts/{contact_id}/exports", json={"language": language}, headers=auth)
    assert started.status_code == 202, started.text
    assert started.json()["state"] == "waiting"
    await job.export(owner.company_id, ExportContact(export_id=UUID(started.json()["id"])))
    found: dict[str, Any] = (await client.get(f"/v1/contact-exports/{started.json()['id']}", headers=auth)).json()
    return found


async def test_everything_about_a_person_is_one_file_whose_address_ends(
    client: httpx.AsyncClient,
    owner: Actor,
    stranger: Actor,
    owner_db: asyncpg.Connection,
    sign_in_as: SignInAs,
    headers_for: SignInAs,
    store: blobs.Blobs,
) -> None:
    things = await everywhere(owner_db, owner)
    key = await owner_db.fetchval("select key from message_file where id = $1", things["file"])

    async def picture() -> Any:
        yield b"a picture"

    await store.put(key, picture(), most=100)
    auth = await sign_in_as()
    found = await made(client, owner, things["contact"], auth)
    assert (found["state"], found["processed"], found["total"]) == ("done", 5, 5)
    served = await client.get(found["url"])  # without a token
    assert served.headers["content-type"] == "application/zip"
    assert served.headers["content-disposition"].startswith("attachment")
    archive = zipfile.ZipFile(io.BytesIO(served.content))
    assert archive.testzip() is None
    data = msgspec.json.decode(archive.read("data.json"))
    for table, text in {
        "contact": "Zuleica", "contact_identity": "+5511987654321", "contact_note": "xyzzy", "message": "xyzzy", "inbound_message": "xyzzy",
        "conversation_entry": "xyzzy", "lead": "Reforma", "lead_note": "xyzzy", "ai_turn": "xyzzy", "ai_trace": "xyzzy", "lead_proposal": "xyzzy",
    }.items():  # fmt: skip
        assert text in str(data[table]), table
    page = archive.read("index.html").decode()
    assert '<html lang="pt-BR">' in page
    assert all(text in page for text in ("Zuleica Prado", "+5511987654321", "xyzzy", "Mensagens"))
    [held] = [name for name in archive.namelist() if name.startswith("files/")]
    assert archive.read(held) == b"a picture"
    assert held in page
    assert "erased" not in await owner_db.fetchval(
        "select string_agg(action, ' ') from audit_log where company_id = $1", owner.company_id
    )

    there = f"/v1/contact-exports/{found['id']}"
    assert (await client.get(there, headers=await headers_for(stranger))).status_code == 404
    assert (
        await client.post(f"/v1/contacts/{things['contact']}/exports", json={}, headers=await headers_for(stranger))
    ).status_code == 404
    assert (await client.get(there, headers=await sign_in_as(Role.AGENT))).status_code == 403
    link = Link(owner.company_id, UUID(found["id"]), False)
    for url in (
        file_links.sign(link, datetime.now(UTC) - timedelta(seconds=1), file_links.EXPORTS),
        file_links.sign(link, datetime.now(UTC) + timedelta(minutes=1)).replace(file_links.PATH, file_links.EXPORTS),
        file_links.sign(
            Link(stranger.company_id, link.file_id, False), datetime.now(UTC) + timedelta(minutes=1), file_links.EXPORTS
        ),
    ):
        assert (await client.get(url)).status_code == 404
    await owner_db.execute("update contact_export set expires_at = now() where id = $1", link.file_id)
    assert (await client.get(there, headers=auth)).json()["state"] == "expired"
    assert (await client.get(found["url"])).status_code == 404
    await job.delete_files(owner.company_id)
    assert await owner_db.fetchval("select key from contact_export where id = $1", link.file_id) is None
    assert (await client.get(there, headers=auth)).json()["url"] is None


async def test_what_somebody_wrote_does_nothing_in_the_page(
    client: httpx.AsyncClient, owner: Actor, owner_db: asyncpg.Connection, sign_in_as: SignInAs, store: blobs.Blobs
) -> None:
    things = await everywhere(owner_db, owner)
    await owner_db.execute("update contact set name = '<script>x()</script>' where id = $1", things["contact"])
    await owner_db.execute("update message_file set state = 'gone' where id = $1", things["file"])
    found = await made(client, owner, things["contact"], await sign_in_as(), "en")
    page = zipfile.ZipFile(io.BytesIO((await client.get(found["url"])).content)).read("index.html").decode()
    assert "<script" not in page
    assert "&lt;script&gt;" in page


async def test_a_person_is_erased_and_the_receipt_is_proved_as_the_guide_says(
    client: httpx.AsyncClient,
    owner: Actor,
    stranger: Actor,
    owner_db: asyncpg.Connection,
    sign_in_as: SignInAs,
    headers_for: SignInAs,
    store: blobs.Blobs,
) -> None:
    things = await everywhere(owner_db, owner)
    auth = await sign_in_as()
    exported = await made(client, owner, things["contact"], auth)
    key = await owner_db.fetchval("select key from contact_export where company_id = $1", owner.company_id)
    there = f"/v1/contacts/{things['contact']}/erase"
    assert (await client.post(there, headers=await headers_for(stranger))).status_code == 404
    assert (await client.post(there, headers=await sign_in_as(Role.MANAGER))).status_code == 403
    started = await client.post(there, headers=await sign_in_as(scopes=[Permission.PRIVACY_WRITE]))
    assert (started.status_code, started.json()["state"]) == (202, "waiting")
    await job.erase(owner.company_id, EraseContact(erasure_id=UUID(started.json()["id"])))
    assert (await client.get(f"/v1/contacts/{things['contact']}", headers=auth)).status_code == 404
    assert (await client.get(exported["url"])).status_code == 404, "what was handed out of them"
    with pytest.raises(Exception, match="not_found"):
        await anext(store.get(key))
    [one] = (await client.get("/v1/erasures", headers=auth)).json()["items"]
    assert one == (await client.get(f"/v1/erasures/{one['id']}", headers=auth)).json()
    assert not any(mark in str(one).lower() for mark in MARKS)

    [lines] = CODE.findall(GUIDE.read_text(encoding="utf-8"))
    exec(lines, {"erasure": one})
    with pytest.raises(InvalidSignature):
        exec(lines, {"erasure": {**one, "receipt": one["receipt"] + " "}})
    for receipt, valid in ((one["receipt"], True), (one["receipt"] + " ", False)):
        said = {"receipt": receipt, "signature": one["signature"]}
        assert (await client.post("/v1/erasures/verify", json=said, headers=auth)).json() == {"valid": valid}
    theirs = await client.post("/v1/erasures/verify", json=said, headers=await headers_for(stranger))
    assert theirs.json() == {"valid": False}
    assert base64.b64decode(one["public_key"], validate=True)


async def test_rules_are_two_peoples_business(client: httpx.AsyncClient, sign_in_as: SignInAs) -> None:
    auth = await sign_in_as()
    first = await client.get("/v1/retention", headers=auth)
    assert first.json() == {
        "message_days": None,
        "media_days": None,
        "log_days": None,
        "audit_days": None,
        "event_days": None,
        "version": 0,
    }
    wanted = {"message_days": 365, "media_days": 90, "log_days": None, "audit_days": 400, "event_days": 7}
    changed = await client.put("/v1/retention", json=wanted, headers={**auth, "If-Match": first.headers["etag"]})
    assert changed.json() == {**wanted, "version": 1}
    assert (
        await client.put("/v1/retention", json=wanted, headers={**auth, "If-Match": first.headers["etag"]})
    ).status_code == 412
    for wrong in ({"log_days": 0}, {"audit_days": 183}, {"event_days": 31}):
        assert (await client.put("/v1/retention", json={**wanted, **wrong}, headers=auth)).status_code == 422
        assert (await client.get("/v1/retention/preview", params=wrong, headers=auth)).status_code == 422
    before = {"message_days": 365, "media_days": 90, "log_days": None}  # a program that knows no more rules
    assert (await client.put("/v1/retention", json=before, headers=auth)).json() == {**wanted, "version": 2}
    ended = await client.put("/v1/retention", json={**wanted, "audit_days": None, "event_days": None}, headers=auth)
    assert (ended.json()["audit_days"], ended.json()["event_days"]) == (None, None)
    assert (await client.get("/v1/retention", headers=await sign_in_as(Role.MANAGER))).status_code == 403
