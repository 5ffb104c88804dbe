"""Contact lists from files: uploaded, looked at, mapped by a person, started, followed, cancelled.

What one batch of rows does to the contacts stands in `import_batch.py`. created + updated + unchanged + repeated +
rejected + blank is always `processed`. Refuses to read files: that is the workers' part.
"""

import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import PurePath
from typing import Literal
from uuid import UUID

import asyncpg
import msgspec

from db import blobs
from db.boards import arrivals
from db.contacts import fields, file_signatures, import_files, import_rejects, tags
from db.contacts.enums import ImportState
from db.contacts.errors import ContactImportError, ContactImportField
from db.contacts.events import ContactsChanged, ImportProgress
from db.contacts.import_leads import LeadOptions
from db.contacts.mapping import ColumnTarget, GuessedColumn, checked
from db.contacts.reasons import FileProblem
from db.errors import AppError, RequestError
from db.idempotency import Replayed
from db.jobs import ForgetFile, InspectImport, RunImport
from db.notifications import calls
from db.notifications.enums import NotificationKind
from db.permissions import Permission
from db.tenancy import Actor, worker
from db.work import Read, Work, read, work

MAX_BYTES = 100_000_000
UNDOABLE = timedelta(days=30)
"""So long after its end an import can be undone; then what that needs is deleted."""
OPEN = (ImportState.UPLOADED, ImportState.READY, ImportState.QUEUED, ImportState.RUNNING)
"""States in which the file is still needed."""
_KINDS = (file_signatures.ZIP, file_signatures.OLD_EXCEL, b"\xff\xfe", b"\xfe\xff")  # UTF-16 too

_SELECT = """
select i.id, i.state, i.filename, i.size, {sheet}::text as sheet, i.mapping::text as mapping, i.options::text as options,
    i.dry_run::text as dry_run, i.total, i.processed, i.created, i.updated, i.unchanged, i.repeated, i.rejected, i.blank, i.warnings, i.leads, i.error, i.error_row,
    i.created_at, i.started_at, i.finished_at, u.name as created_by, case when i.undo_until > now() then i.undo_until end as undo_until,
    case when i.file_until > now() then i.file_until end as file_until,
    case when d.import_id is not null then json_build_object('removed', d.removed, 'restored', d.restored, 'kept', d.kept,
        'processed', d.processed, 'total', d.total, 'leads_removed', d.leads_removed, 'leads_kept', d.leads_kept)::text end as undo
from contact_import i left join account_user u on u.id = i.created_by
left join contact_import_undo d on d.company_id = i.company_id and d.import_id = i.id
where i.company_id = $1
"""
_WHOLE = _SELECT.format(sheet="i.sheet")
_WITHOUT_CELLS = _SELECT.format(
    sheet="""case when i.sheet = '{}' then i.sheet else i.sheet || jsonb_build_object('preview', '[]'::jsonb, 'sheet', '{}'::jsonb,
    'columns', (select coalesce(jsonb_agg(c || '{"samples": []}'), '[]') from jsonb_array_elements(i.sheet -> 'columns') c)) end"""
)

FILE_KEPT = timedelta(days=1)
"""So long the file of an import that read something is kept after its end, to be imported again with other columns."""
_UNTIL = (
    f"file_until = case when processed > 0 then now() + interval '{FILE_KEPT.days} days' end, "
    f"undo_until = case when created + updated + leads > 0 then now() + interval '{UNDOABLE.days} days' end"
)
BOARD = "(options #>> '{leads,board_id}')::uuid as board_id"
"""Of an import that brings leads along, where they go."""


class Inspected(msgspec.Struct):
    """What is shown of a file before it is imported; `sheet` is for the reader alone."""

    columns: list[GuessedColumn]
    preview: list[list[str]]
    encoding: str | None
    separator: str | None
    has_header: bool
    sheet: msgspec.Raw


class Options(msgspec.Struct):
    """Chosen at the start. `tags` by id."""

    tags: list[UUID] = []
    tag_names: list[str] = []
    region: str = "BR"
    leads: LeadOptions | None = None


def check_kind(head: bytes) -> None:
    """Refuses at once what is no table at all; the worker looks closer. Raises Invalid `not_a_spreadsheet`."""
    if not head.strip():
        raise ContactImportError.FILE_EMPTY(fields=[ContactImportField.FILE_EMPTY("file")])
    if not head.startswith(_KINDS) and b"\0" in head[:4096] and head[:4096].count(0) > 0.6 * len(head[:4096]):
        raise _no_table()
    if head.startswith(file_signatures.NO_TABLES):
        raise _no_table()


def _no_table() -> AppError:
    return ContactImportError.NOT_A_SPREADSHEET(fields=[ContactImportField.NOT_A_SPREADSHEET("file")])


async def upload(actor: Actor, filename: str, pieces: AsyncIterator[bytes]) -> asyncpg.Record:
    """The row of `one_import`. Stores a file and has it looked at. Raises Invalid, TooLarge, TooManyRequests."""
    actor.require(Permission.CONTACTS_WRITE)
    name = re.sub(r"[\x00-\x1f\x7f]", "", PurePath(filename.replace("\\", "/")).name)[:200] or "contacts"
    key = blobs.new_key(actor.company_id, PurePath(name).suffix)
    async with read(actor, Permission.CONTACTS_WRITE) as r:
        await import_files.ensure_room(r, actor.company_id, 0)  # before anything is taken
    size = await blobs.store().put(key, _checked(pieces), most=MAX_BYTES)
    if not size:
        await blobs.store().delete(key)
        check_kind(b"")
    try:
        async with work(actor, Permission.CONTACTS_WRITE) as w:
            await import_files.hold_room(w)
            await import_files.ensure_room(w, w.company_id, size)
            await import_files.let_go(w, size)
            import_id: UUID = await w.fetchval(
                "insert into contact_import(company_id, filename, blob, size, created_by) values ($1, $2, $3, $4, $5) returning id",
                w.company_id,
                name,
                key,
                size,
                actor.id if actor.kind == "user" else None,
            )
            w.audit("import.uploaded", import_id, size=size)
            w.enqueue(InspectImport(import_id=import_id))
            return await one(w, import_id)
    except (Replayed, AppError):  # the first request under this Idempotency-Key has stored the file, or there is no room
        await blobs.store().delete(key)
        raise


async def _checked(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    first = True
    async for piece in pieces:
        if first and piece:
            check_kind(piece)
            first = False
        yield piece


async def imports(actor: Actor, *, after: UUID | None, limit: int) -> list[asyncpg.Record]:
    """Newest first, without the cells of their files: two hundred lists of many columns hold much."""
    async with read(actor, Permission.CONTACTS_READ) as r:
        return await r.fetch(
            f"{_WITHOUT_CELLS} and ($2::uuid is null or i.id < $2) order by i.id desc limit $3", actor.company_id, after, limit
        )


async def one_import(actor: Actor, import_id: UUID) -> asyncpg.Record:
    """Raises NotFound."""
    async with read(actor, Permission.CONTACTS_READ) as r:
        return await one(r, import_id)


async def one(r: Read, import_id: UUID) -> asyncpg.Record:
    assert r.actor is not None
    row = await r.fetchrow(f"{_WHOLE} and i.id = $2", r.actor.company_id, import_id)
    if row is None:
        raise RequestError.NOT_FOUND(what="import")
    return row


_REJECTS = """
select row_number, field, value, reason, warning, cells, there from (
    select *, count(*) over () as there, sum(size) over (order by row_number, field collate "C") - size as before from (
        select row_number, field, value, reason, warning, cells, length(array_to_string(cells, '')) as size
        from contact_import_reject where company_id = $1 and import_id = $2 and (row_number, field collate "C") > ($3, $4)
            and ($6::bool is null or warning = $6) order by row_number, field collate "C" limit $5) r) page
where before < $7 order by row_number, field collate "C"
"""


async def rejects(
    actor: Actor, import_id: UUID, *, after: tuple[int, str] | None, limit: int, warning: bool | None = None
) -> tuple[list[asyncpg.Record], bool]:
    """Rows `row_number, field, value, reason, warning, cells`, and whether they are fewer because they are long: then at least two.
    `warning`: only of rows that were taken, or were not. Raises NotFound."""
    number, field = after or (-1, "")
    async with read(actor, Permission.CONTACTS_READ) as r:
        if not await r.fetchval("select true from contact_import where company_id = $1 and id = $2", actor.company_id, import_id):
            raise RequestError.NOT_FOUND(what="import")
        rows = await r.fetch(_REJECTS, actor.company_id, import_id, number, field, limit, warning, import_rejects.MOST_TEXT)
    return rows, bool(rows) and rows[0]["there"] > len(rows)


async def rejects_of(w: Work, import_id: UUID, numbers: list[int]) -> list[asyncpg.Record]:
    """As in `rejects`, of these rows that were not taken."""
    return await w.fetch(
        "select row_number, field, value, reason, warning, cells from contact_import_reject where company_id = $1 and import_id = $2"
        ' and row_number = any($3::int[]) and not warning order by row_number, field collate "C"',
        w.company_id,
        import_id,
        numbers,
    )


async def lock_ready(w: Work, import_id: UUID) -> tuple[asyncpg.Record, Inspected]:
    """The row (dry_run, total) and what its file holds, locked. Raises NotFound, and Conflict `import_not_ready`."""
    row = await w.fetchrow(
        "select state, sheet::text as sheet, dry_run::text as dry_run, total from contact_import"
        " where company_id = $1 and id = $2 for update",
        w.company_id,
        import_id,
    )
    if row is None:
        raise RequestError.NOT_FOUND(what="import")
    if row["state"] != ImportState.READY:
        raise ContactImportError.IMPORT_NOT_READY()
    return row, msgspec.json.decode(row["sheet"], type=Inspected)


async def start(
    actor: Actor,
    import_id: UUID,
    columns: list[ColumnTarget],
    tag_names: list[str],
    region: str | None,
    leads: LeadOptions | None = None,
) -> asyncpg.Record:
    """The row of `one_import`. Fixes the mapping and starts the run; columns that are not named are ignored. Raises NotFound, Invalid, and Conflict
    `import_not_ready` unless the file was looked at and the import was not started before, `board_archived`, `too_many_lead_fields`;
    Forbidden where a column makes a field of the board and the actor may not."""
    async with work(actor, Permission.CONTACTS_WRITE) as w:
        _, sheet = await lock_ready(w, import_id)
        if leads is not None:
            await arrivals.check(w, leads.board_id, leads.stage_id, run_rules=leads.run_rules)
        names = [column.name for column in sheet.columns]
        mapping = await fields.ensure_fields(w, checked(columns, names, leads=leads is not None))
        if leads is not None:
            mapping = await arrivals.columns(w, leads.board_id, mapping, make=True)
        region = region or await w.fetchval("select country from company where id = $1", w.company_id)
        options = Options(
            tags=await tags.ensure_tags(w, tag_names),
            tag_names=[tags.plain(name) for name in tag_names],
            region=region,
            leads=leads,
        )
        await w.execute(
            "update contact_import set state = 'queued', mapping = $3::jsonb, options = $4::jsonb, started_at = now(), dry_run = null "
            "where company_id = $1 and id = $2",
            w.company_id,
            import_id,
            msgspec.json.encode(mapping).decode(),
            msgspec.json.encode(options).decode(),
        )
        w.audit("import.started", import_id)
        w.enqueue(RunImport(import_id=import_id))
        w.emit(ImportProgress(import_id=import_id, state=ImportState.QUEUED, processed=0, total=None))
        return await one(w, import_id)


async def take_turn(w: Work) -> None:
    """Until the transaction ends no other import of the company, nor an undo, writes."""
    await w.execute("select pg_advisory_xact_lock(hashtextextended('import:' || $1::text, 0))", str(w.company_id))


async def cancel(actor: Actor, import_id: UUID) -> asyncpg.Record:
    """The row of `one_import`. Ends it at the next batch; what was imported stays. Harmless when it is over. Raises NotFound."""
    async with work(actor, Permission.CONTACTS_WRITE) as w:
        row = await w.fetchrow(
            f"update contact_import set state = 'cancelled', finished_at = now(), dry_run = null, {_UNTIL} where company_id = $1 and id = $2 "
            f"and state in ('uploaded', 'ready', 'queued', 'running') returning processed, total, file_until, {BOARD}",
            w.company_id,
            import_id,
        )
        if row is not None:
            w.audit("import.cancelled", import_id)
            w.enqueue(ForgetFile(import_id=import_id), at=row["file_until"])
            w.emit(
                ImportProgress(import_id=import_id, state=ImportState.CANCELLED, processed=row["processed"], total=row["total"])
            )
            w.emit(ContactsChanged())
            arrivals.settled(w, row["board_id"])
        return await one(w, import_id)


# for the workers --------------------------------------------------------------------------------------------------------


class Plan(msgspec.Struct):
    """What a worker needs to look at a file or to run an import from where it stands."""

    state: ImportState
    filename: str
    blob: str
    sheet: str
    mapping: list[ColumnTarget]
    options: Options
    processed: int
    total: int | None


async def plan(company_id: UUID, import_id: UUID) -> Plan | None:
    """None when it is gone."""
    async with read(worker(company_id), Permission.CONTACTS_READ) as r:
        row = await r.fetchrow(
            "select state, filename, blob, sheet::text as sheet, mapping::text as mapping, options::text as options, processed, total "
            "from contact_import where company_id = $1 and id = $2",
            company_id,
            import_id,
        )
    if row is None:
        return None
    return Plan(
        state=ImportState(row["state"]),
        filename=row["filename"],
        blob=row["blob"],
        sheet=row["sheet"],
        mapping=msgspec.json.decode(row["mapping"], type=list[ColumnTarget]),
        options=msgspec.json.decode(row["options"], type=Options),
        processed=row["processed"],
        total=row["total"],
    )


class Home(msgspec.Struct):
    """How the company writes: where numbers without + belong, and in which language its dates and numbers are spelled."""

    region: str
    language: str


async def home(company_id: UUID) -> Home:
    async with read(worker(company_id), Permission.COMPANY_READ) as r:
        row = await r.fetchrow("select country, language from company where id = $1", company_id)
    assert row is not None
    return Home(row["country"], row["language"])


async def store_inspection(company_id: UUID, import_id: UUID, seen: Inspected, total: int) -> None:
    """The columns and guesses of an uploaded file; nothing once it was started or cancelled."""
    async with work(worker(company_id), Permission.CONTACTS_WRITE) as w:
        if await w.execute(
            "update contact_import set state = 'ready', sheet = $3::jsonb, total = $4 where company_id = $1 and id = $2 and state = 'uploaded'",
            company_id,
            import_id,
            msgspec.json.encode(seen).decode(),
            total,
        ):
            w.emit(ImportProgress(import_id=import_id, state=ImportState.READY, processed=0, total=total))


async def begin(company_id: UUID, import_id: UUID) -> bool:
    """A run begins, or goes on after its worker died; False when it is over or was never started."""
    async with work(worker(company_id), Permission.CONTACTS_WRITE) as w:
        return bool(
            await w.execute(
                "update contact_import set state = 'running' where company_id = $1 and id = $2 and state in ('queued', 'running')",
                company_id,
                import_id,
            )
        )


async def finish(
    company_id: UUID,
    import_id: UUID,
    state: Literal[ImportState.COMPLETED, ImportState.FAILED],
    *,
    error: FileProblem | None = None,
    row: int | None = None,
) -> None:
    """The end of a look or a run, unless somebody cancelled it. `row` where in the file it went wrong."""
    async with work(worker(company_id), Permission.CONTACTS_WRITE) as w:
        ended = await w.fetchrow(
            "update contact_import set state = $3, error = $4, error_row = $5, finished_at = now(), dry_run = null, "
            f"{_UNTIL}, total = case when $3 = 'completed' then processed else total end "
            "where company_id = $1 and id = $2 and state in ('uploaded', 'ready', 'queued', 'running') "
            f"returning processed, total, file_until, created_by, {BOARD}",
            company_id,
            import_id,
            state,
            error,
            row,
        )
        if ended is not None:
            w.audit(f"import.{state}", import_id, processed=ended["processed"])
            w.enqueue(ForgetFile(import_id=import_id), at=ended["file_until"])
            w.emit(ImportProgress(import_id=import_id, state=state, processed=ended["processed"], total=ended["total"]))
            w.emit(ContactsChanged())
            arrivals.settled(w, ended["board_id"])
            if error is not FileProblem.EXPIRED:  # nobody waits for what nobody started
                await calls.tell_of_end(w, ended["created_by"], NotificationKind.IMPORT, import_id, state.value)
