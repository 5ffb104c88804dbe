"""A persona's picture: uploaded, opened apart, cut to a square, shown in place of what there was, and never what cannot be opened."""

import io
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import asyncpg
import pytest
from PIL import Image

from db import blobs
from db.blobs import DiskBlobs
from db.errors import Invalid, NotFound
from db.jobs import CutPicture
from db.personas import personas, pictures
from db.personas.config import PersonaConfig
from db.tenancy import Actor
from workers import housekeeping
from workers.media import faces


def photo(color: str = "teal") -> bytes:
    """Wider than high; what is left and right of the middle is red."""
    out = io.BytesIO()
    made = Image.new("RGB", (900, 300), "red")
    made.paste(Image.new("RGB", (300, 300), color), (300, 0))
    made.save(out, "PNG")
    return out.getvalue()


async def sent(content: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(content), 1000):
        yield content[at : at + 1000]


@pytest.fixture
async def lia(owner: Actor, store: DiskBlobs) -> UUID:
    row = await personas.create_persona(owner, name=f"Lia {uuid4().hex[:8]}", config=PersonaConfig(instructions="Ajude."))
    found: UUID = row["id"]
    return found


async def cut(owner: Actor, lia: UUID, content: bytes, owner_db: asyncpg.Connection) -> None:
    await pictures.upload(owner, lia, "image/png", sent(content))
    waiting = await owner_db.fetchval("select picture_upload_id from persona where id = $1", lia)
    await faces.cut(owner.company_id, CutPicture(persona_id=lia, picture_id=waiting))


async def test_a_picture_is_cut_to_a_square_from_its_middle(owner: Actor, lia: UUID, owner_db: asyncpg.Connection) -> None:
    waits = await pictures.upload(owner, lia, "image/png", sent(photo("navy")))
    assert (waits["picture_id"], waits["picture_waits"]) == (None, True)
    with pytest.raises(NotFound):
        await pictures.shown(owner, lia)
    await cut(owner, lia, photo(), owner_db)  # uploaded over the one that waits
    row = await personas.persona(owner, lia)
    assert row["picture_id"] is not None
    assert (row["picture_waits"], row["picture_failed"], row["version"]) == (False, False, 4)
    content = b"".join([piece async for piece in blobs.store().get(await pictures.shown(owner, lia))])
    with Image.open(io.BytesIO(content)) as seen:
        assert (seen.format, seen.size) == ("WEBP", (256, 256))
        red, green, blue = seen.convert("RGB").getpixel((2, 128))  # type: ignore[misc]
    assert red < 60 < green  # teal to its edges: nothing of what stood beside it
    assert blue > 60
    await faces.cut(owner.company_id, CutPicture(persona_id=lia, picture_id=row["picture_id"]))  # again: harmless
    assert (await personas.persona(owner, lia))["version"] == 4
    await pictures.remove(owner, lia)
    assert (await personas.persona(owner, lia))["picture_id"] is None


async def test_what_cannot_be_opened_is_said_and_what_was_shown_stays(
    owner: Actor, lia: UUID, owner_db: asyncpg.Connection
) -> None:
    with pytest.raises(Invalid):
        await pictures.upload(owner, lia, "image/png", sent(b"%PDF-1.7 oi"))
    await cut(owner, lia, photo(), owner_db)
    before = await personas.persona(owner, lia)
    await cut(owner, lia, photo()[:200], owner_db)
    after = await personas.persona(owner, lia)
    assert (after["picture_id"], after["picture_failed"], after["picture_waits"]) == (before["picture_id"], True, False)


async def test_only_what_is_shown_or_waits_is_kept(
    owner: Actor, lia: UUID, store: DiskBlobs, owner_db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    await cut(owner, lia, photo(), owner_db)
    shown = await pictures.shown(owner, lia)
    await pictures.upload(owner, lia, "image/png", sent(photo()))
    await pictures.upload(owner, lia, "image/png", sent(photo()))  # the one before is nobody's
    keys = [key async for key, _ in store.stored()]
    assert len(keys) == 4  # the first upload, what was made of it, and two more
    monkeypatch.setattr(housekeeping, "ORPHANED", -housekeeping.ORPHANED)
    await housekeeping._files()
    left = {key async for key, _ in store.stored()}
    assert shown in left
    assert len(left) == 2


async def test_another_company_sees_nothing_of_it(lia: UUID, owner: Actor, stranger: Actor, owner_db: asyncpg.Connection) -> None:
    await cut(owner, lia, photo(), owner_db)
    with pytest.raises(NotFound):
        await pictures.shown(stranger, lia)
    with pytest.raises(NotFound):
        await pictures.upload(stranger, lia, "image/png", sent(photo()))
