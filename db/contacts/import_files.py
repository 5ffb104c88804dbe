"""The uploaded files of a company: how much it may keep here, and which files nobody needs any more.

A file is needed while its import is open, and kept for a day after it read something, to be imported again with other columns; how it
ends, `ForgetFile` is enqueued with it. What falls through (a program that
died between the store and the database, a store that did not answer) is found by comparing the store with the rows.
"""

from datetime import timedelta
from uuid import UUID

from db.clock import now
from db.contacts.errors import ContactImportError
from db.jobs import ForgetFile
from db.work import Read, Work, system_read

MAX_OPEN = 20
MAX_A_DAY = 100
MAX_STORED = 500_000_000  # bytes of the files of open imports

UNSTARTED = timedelta(days=3)
"""So long a list waits for somebody to say what its columns are; the screen says the same number (ui/labels/imports.py)."""

_USED = """
select count(*) filter (where state in ('uploaded', 'ready', 'queued', 'running')) as open,
    coalesce(sum(size) filter (where state in ('uploaded', 'ready', 'queued', 'running')), 0)::bigint as stored,
    count(*) filter (where created_at > now() - interval '1 day') as today,
    extract(epoch from min(created_at) filter (where created_at > now() - interval '1 day') + interval '1 day' - now())::float8 as free_in
from contact_import where company_id = $1 and (state in ('uploaded', 'ready', 'queued', 'running') or created_at > now() - interval '1 day')
"""


async def hold_room(w: Work) -> None:
    """Until the transaction ends nobody else of the company is told that there is room."""
    await w.execute("select pg_advisory_xact_lock(hashtextextended('uploads:' || $1::text, 0))", str(w.company_id))


async def ensure_room(r: Read, company_id: UUID, size: int) -> None:
    """Room for one more file of `size` bytes. Raises TooManyRequests and TooLarge."""
    used = await r.fetchrow(_USED, company_id)
    assert used is not None
    if used["today"] >= MAX_A_DAY:
        raise ContactImportError.TOO_MANY_UPLOADS(retry_after=used["free_in"], most=MAX_A_DAY)
    if used["open"] >= MAX_OPEN:
        raise ContactImportError.TOO_MANY_OPEN_IMPORTS(most=MAX_OPEN)
    if used["stored"] + size > MAX_STORED:
        raise ContactImportError.NO_ROOM_FOR_FILE(most_mb=MAX_STORED // 1_000_000)


async def let_go(w: Work, size: int) -> None:
    """Files that are only kept to be imported again make room for one of `size` bytes that is to be imported now."""
    stored = await w.fetchval(
        "select coalesce(sum(size), 0) from contact_import where company_id = $1 and (file_until > now() or state in "
        "('uploaded', 'ready', 'queued', 'running'))",
        w.company_id,
    )
    if stored + size <= MAX_STORED:
        return
    for row in await w.fetch(
        "update contact_import set file_until = null where company_id = $1 and file_until is not null returning id", w.company_id
    ):
        await w.withdraw(ForgetFile(import_id=row["id"]))
        w.enqueue(ForgetFile(import_id=row["id"]))


async def unstarted() -> list[tuple[UUID, UUID]]:
    """Imports that nobody started in time: company and id."""
    async with system_read() as s:
        rows = await s.fetch(
            "select company_id, id from contact_import where state in ('uploaded', 'ready') and created_at < $1",
            now() - UNSTARTED,
        )
    return [(row["company_id"], row["id"]) for row in rows]


async def needed(keys: list[str]) -> set[str]:
    """Which of these keys of the file store an open import needs, or one that may be repeated."""
    async with system_read() as s:
        rows = await s.fetch(
            "select blob from contact_import where blob = any($1::text[]) "
            "and (state in ('uploaded', 'ready', 'queued', 'running') or file_until > now())",
            keys,
        )
    return {row["blob"] for row in rows}
