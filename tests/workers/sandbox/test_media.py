"""What people of the sandbox send arrives as a real file: webhook, message, download over the vendor's own steps, and the store."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest

from db import blobs
from db.blobs import DiskBlobs
from db.channels.secrets import seal
from db.ids import uuid7
from db.jobs import DownloadFile
from db.settings import Settings
from db.tenancy import Actor
from tests.db.channels.factories import make_channel, put_inbox
from tests.workers.sandbox.world import Sandbox, until
from workers.inbound import process_inbox
from workers.media.job import MediaJobs
from workers.providers.wire import Wire
from workers.sandbox import samples

SENT = {
    "whatsapp": {
        "image": ["image/jpeg"],
        "video": ["video/mp4"],
        "voice": ["audio/ogg"],
        "audio": ["audio/mpeg"],
        "document": ["application/pdf"],
        "sticker": ["image/webp"],
    },
    "sms": {"image": ["image/jpeg"], "media": ["image/png", "audio/mpeg"]},
}


@pytest.fixture
def store(database: Settings, tmp_path: Path) -> Iterator[DiskBlobs]:
    before = blobs._store
    made = blobs.connect(msgspec.structs.replace(database, data_dir=tmp_path / "ours", s3_bucket=""))
    assert isinstance(made, DiskBlobs)
    yield made
    blobs._store = before


@pytest.mark.parametrize("kind", ["whatsapp", "sms"])
async def test_every_file_arrives_once(
    sandbox: Sandbox, store: DiskBlobs, owner: Actor, owner_db: asyncpg.Connection, database: Settings, kind: str
) -> None:
    played = {"whatsapp": "meta", "sms": "twilio"}[kind]
    account = await sandbox.account(played, behaviour={"batch_ms": 5})
    channel_id, secret = uuid7(), account["token"] if played == "meta" else account["auth_token"]
    columns: dict[str, Any] = {
        "id": channel_id,
        "sandbox": True,
        "token": seal(owner.company_id, channel_id, "token", secret),
        "signing_secret": None,
        "external_id": account["phone_number_id" if played == "meta" else "phone_number"],
        "account_id": account["waba_id" if played == "meta" else "account_sid"],
    }
    await make_channel(owner_db, owner, kind, **columns)
    settings = msgspec.structs.replace(database, sandbox_url=sandbox.base)
    for sent in SENT[kind]:
        body = {"to_contact": "5511987654321", "kind": sent}
        answer = await sandbox.http.post(f"/sandbox/accounts/{account['id']}/reply", json=body)
        assert answer.status_code == 201
        await until(lambda: bool(sandbox.product.requests))
        told = sandbox.product.requests.pop().body
        for _twice in range(2):
            await put_inbox(owner_db, owner, channel_id, told, "meta" if played == "meta" else "twilio_message")
            await process_inbox(owner.company_id)
        rows = await owner_db.fetch(
            "select id from message_file where company_id = $1 and state = 'waiting' order by number", owner.company_id
        )
        async with Wire() as wire:
            for row in rows:
                await MediaJobs(settings, wire).download(owner.company_id, DownloadFile(file_id=row["id"]))
        found = [await owner_db.fetchrow("select * from message_file where id = $1", row["id"]) for row in rows]
        assert [(row["state"], row["mime_type"]) for row in found] == [("stored", name) for name in SENT[kind][sent]]
        assert [store.path(row["key"]).read_bytes() for row in found] == [samples.of(name) for name in SENT[kind][sent]]
        assert [row["thumbnail"] for row in found] == [name.startswith("image/") for name in SENT[kind][sent]]


async def test_media_wants_the_accounts_credentials(sandbox: Sandbox) -> None:
    account = await sandbox.account("twilio")
    await sandbox.http.post(f"/sandbox/accounts/{account['id']}/reply", json={"to_contact": "5511987654321", "kind": "image"})
    await until(lambda: bool(sandbox.product.requests))
    url = sandbox.product.forms()[0]["MediaUrl0"]
    async with httpx.AsyncClient(trust_env=False) as http:
        assert (await http.get(url)).status_code == 401
        auth = (account["account_sid"], account["auth_token"])
        assert (await http.get(url, auth=auth)).status_code == 307
        assert (await http.get(url, auth=auth, follow_redirects=True)).content == samples.of("image/jpeg")
        assert (await http.get(url[:-32] + "zz" * 16, auth=auth)).status_code == 404
