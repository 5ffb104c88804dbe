"""What is said in a voice note, or seen in a picture: made once for each file, whoever needs it, and kept with it."""

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from db import storable
from db.permissions import Permission
from db.tenancy import worker
from db.work import Read, read, work

MAKES = timedelta(seconds=200)
"""So long nobody else makes them; then whoever made them has died."""

_CLAIM = """
update message_file set words_until = now() + $3::interval
where company_id = $1 and id = $2 and words is null and (words_until is null or words_until < now()) returning true
"""


async def of(r: Read, company_id: UUID, file_ids: Collection[UUID]) -> dict[UUID, str]:
    """By file, of those that were made; "" where there is nothing to be said."""
    if not file_ids:
        return {}
    rows = await r.fetch(
        "select id, words from message_file where company_id = $1 and id = any($2::uuid[]) and words is not null",
        company_id,
        list(file_ids),
    )
    return {row["id"]: row["words"] for row in rows}


async def known(company_id: UUID, file_ids: Collection[UUID]) -> dict[UUID, str]:
    """The same by itself."""
    async with read(worker(company_id), Permission.CONTACTS_READ) as r:
        return await of(r, company_id, file_ids)


async def claim(company_id: UUID, file_id: UUID) -> bool:
    """Whether the caller is to make them, and to `keep` what comes of it."""
    async with work(worker(company_id), Permission.CONTACTS_WRITE) as w:
        return bool(await w.fetchval(_CLAIM, company_id, file_id, MAKES))


async def made_now(company_id: UUID, file_id: UUID) -> bool:
    """Whether somebody still makes them."""
    async with read(worker(company_id), Permission.CONTACTS_READ) as r:
        return bool(
            await r.fetchval(
                "select words is null and words_until > now() from message_file where company_id = $1 and id = $2",
                company_id,
                file_id,
            )
        )


async def keep(company_id: UUID, file_id: UUID, words: str | None) -> None:
    """None: it did not work now, and whoever comes next tries again."""
    async with work(worker(company_id), Permission.CONTACTS_WRITE) as w:
        await w.execute(
            "update message_file set words = $3, words_until = null where company_id = $1 and id = $2 and words is null",
            company_id,
            file_id,
            None if words is None else storable.text(words, len(words)),
        )
