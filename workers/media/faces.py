"""A persona's picture: what somebody uploaded, opened by a process of its own and cut to a small square. Repeating it is harmless."""

import asyncio
import tempfile
from pathlib import Path
from uuid import UUID

from db import blobs
from db.errors import NotFound
from db.jobs import CutPicture
from db.personas import pictures as faces
from workers.media import pictures
from workers.registration import Handler

SIDE = 256  # pixels


async def cut(company_id: UUID, job: CutPicture) -> None:
    """What cannot be opened is said, and never shown."""
    found = await faces.waiting(company_id, job.persona_id, job.picture_id)
    if found is None:
        return
    with tempfile.TemporaryDirectory(prefix="masteria-media-") as folder:
        path = Path(folder) / "content"
        try:
            with await asyncio.to_thread(path.open, "wb") as out:
                async for piece in blobs.store().get(found.key):
                    await asyncio.to_thread(out.write, piece)
            content = (await pictures.look(path, SIDE)).thumbnail
        except NotFound:
            content = b""
    await faces.cut(company_id, job.persona_id, job.picture_id, content)


async def give_up(company_id: UUID, job: CutPicture, reason: str) -> None:
    """However often it was tried, it was not cut: it is said, and another one can be uploaded."""
    await faces.cut(company_id, job.persona_id, job.picture_id, b"")


JOBS = (Handler(CutPicture, lambda _: cut, give_up),)
