"""Pictures of personas in the browser: handed to whoever sees the persona, and to nobody else."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from nicegui.testing import User

from db import blobs
from db.blobs import DiskBlobs
from db.tenancy import Actor
from ui.faces import address


async def content() -> AsyncIterator[bytes]:
    yield b"0123456789"


async def test_a_picture_is_handed_to_the_browser_of_who_sees_the_persona(
    real: User, owner_db: asyncpg.Connection, owner: Actor, stranger: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blobs, "_store", DiskBlobs(tmp_path))
    made = "insert into persona(company_id, name, draft, picture, picture_id) values ($1, $2, '{}', $3, $4) returning id"
    picture_id = uuid4()
    key = blobs.new_key(owner.company_id, ".webp")
    await blobs.store().put(key, content(), most=10)
    lia = await owner_db.fetchval(made, owner.company_id, f"Lia {uuid4().hex[:6]}", key, picture_id)
    bare = await owner_db.fetchval(made, owner.company_id, f"Bia {uuid4().hex[:6]}", None, None)
    theirs = await owner_db.fetchval(made, stranger.company_id, "Leo", key, picture_id)
    assert (address(bare, None), address(None, picture_id)) == ("", "")
    http = real.http_client
    answer = await http.get(address(lia, picture_id))
    assert (answer.status_code, answer.content, answer.headers["content-type"]) == (200, b"0123456789", "image/webp")
    assert answer.headers["content-security-policy"].endswith("; sandbox")
    assert "immutable" in answer.headers["cache-control"]
    for persona_id in (bare, theirs, uuid4()):
        assert (await http.get(f"/faces/{persona_id}")).status_code == 404
    http.cookies.clear()
    assert (await http.get(address(lia, picture_id))).status_code == 303
