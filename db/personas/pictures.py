"""Pictures of personas: uploaded as they are, opened and cut by a job, shown to whoever sees the persona.

Nothing that somebody uploaded is ever handed out: only what the job made of it. A file that was replaced goes within a day.
"""

from collections.abc import AsyncIterator
from typing import NamedTuple
from uuid import UUID, uuid4

import asyncpg

from db import blobs, versions
from db.blobs import HandedOver
from db.errors import AppError, RequestError, RequestField
from db.jobs import CutPicture
from db.messages import sniff
from db.permissions import Permission
from db.personas.errors import PersonaField
from db.personas.personas import lock, told
from db.tenancy import Actor, worker
from db.versions import Expected
from db.work import read, system_read, work

MAX_BYTES = 10_000_000
TYPES = ("image/jpeg", "image/png", "image/webp", "image/gif")
SHOWN = "image/webp"
MOST_SHOWN = 1 << 20  # bytes of what is shown


class Waiting(NamedTuple):
    """What was uploaded: its key in the store."""

    persona_id: UUID
    picture_id: UUID
    key: str


async def upload(actor: Actor, persona_id: UUID, claimed_type: str, pieces: AsyncIterator[bytes]) -> asyncpg.Record:
    """Row as in `personas`. Stores at most MAX_BYTES, which a job opens; until then the picture that there is stays. Raises NotFound,
    Invalid, TooLarge."""
    actor.require(Permission.PERSONAS_WRITE)
    async with system_read() as s:  # no transaction of the caller stays open for as long as a slow store takes
        if not await s.fetchval(
            "select true from persona where company_id = $1 and id = $2 and deleted_at is null", actor.company_id, persona_id
        ):
            raise RequestError.NOT_FOUND(what="persona")
    first = await anext(pieces, b"")
    if not first:
        raise RequestError.INVALID(fields=[RequestField.REQUIRED("file")])
    if sniff.looked_at(first[: sniff.HEAD], claimed_type) not in TYPES:
        raise RequestError.INVALID(fields=[PersonaField.PICTURE("file")])
    key = blobs.new_key(actor.company_id)
    await blobs.store().put(key, _all(first, pieces), most=MAX_BYTES)
    try:
        async with work(actor, Permission.PERSONAS_WRITE) as w:
            await lock(w, persona_id)
            picture_id = uuid4()
            await w.execute(
                "update persona set picture_upload_id = $3, picture_upload = $4, picture_failed = false, version = version + 1"
                " where company_id = $1 and id = $2",
                w.company_id,
                persona_id,
                picture_id,
                key,
            )
            w.audit("persona.picture_uploaded", persona_id)
            w.enqueue(CutPicture(persona_id=persona_id, picture_id=picture_id))
            return await told(w, persona_id)
    except BaseException as error:
        if not (isinstance(error, AppError) and error.code is RequestError.OUTCOME_UNKNOWN):
            await blobs.store().delete(key)
        raise


async def _all(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece


async def remove(actor: Actor, persona_id: UUID, *, expected: Expected = None) -> None:
    """Its emoji or initials stand for it again. Harmless when it has none. Raises NotFound, PreconditionFailed."""
    async with work(actor, Permission.PERSONAS_WRITE) as w:
        before = await lock(w, persona_id)
        versions.check(before["version"], expected)
        await w.execute(
            "update persona set picture = null, picture_id = null, picture_upload = null, picture_upload_id = null,"
            " picture_failed = false, version = version + 1 where company_id = $1 and id = $2",
            w.company_id,
            persona_id,
        )
        w.audit("persona.picture_removed", persona_id)
        await told(w, persona_id)


async def shown(actor: Actor, persona_id: UUID) -> str:
    """The key of the picture that is shown, also of a persona that was deleted. Raises NotFound."""
    async with read(actor, Permission.CONVERSATIONS_READ) as r:
        key: str | None = await r.fetchval(
            "select picture from persona where company_id = $1 and id = $2", actor.company_id, persona_id
        )
    if key is None:
        raise RequestError.NOT_FOUND(what="picture")
    return key


# -- the job --------------------------------------------------------------------------------------------------------


async def waiting(company_id: UUID, persona_id: UUID, picture_id: UUID) -> Waiting | None:
    """None: it was cut already, or another one was uploaded since."""
    async with read(worker(company_id), Permission.PERSONAS_READ) as r:
        key = await r.fetchval(
            "select picture_upload from persona where company_id = $1 and id = $2 and picture_upload_id = $3",
            company_id,
            persona_id,
            picture_id,
        )
    return None if key is None else Waiting(persona_id, picture_id, key)


async def cut(company_id: UUID, persona_id: UUID, picture_id: UUID, content: bytes) -> None:
    """What is shown from now on; empty: the upload cannot be opened, and what was shown stays. Once: another run finds nothing to do."""
    key = None
    if content:
        key = blobs.new_key(company_id, ".webp")
        await blobs.store().put(key, _once(content), most=MOST_SHOWN, handed_over=HandedOver(SHOWN, "inline"))
    async with work(worker(company_id), Permission.PERSONAS_WRITE) as w:
        changed = await w.fetchval(
            "update persona set picture = coalesce($4, picture), picture_id = case when $4::text is null then picture_id else $3 end,"
            " picture_failed = $4::text is null, picture_upload = null, picture_upload_id = null, version = version + 1"
            " where company_id = $1 and id = $2 and picture_upload_id = $3 and deleted_at is null returning true",
            company_id,
            persona_id,
            picture_id,
            key,
        )
        if changed:
            w.audit("persona.picture_cut" if key else "persona.picture_refused", persona_id)
            await told(w, persona_id)


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content


async def needed(keys: list[str]) -> set[str]:
    """Which of these keys of the file store a persona needs."""
    async with system_read() as s:
        rows = await s.fetch(
            "select picture as key from persona where picture = any($1::text[])"
            " union select picture_upload from persona where picture_upload = any($1::text[])",
            keys,
        )
    return {row["key"] for row in rows}
