"""The two jobs of a contact list: look at it, and import it batch by batch.

The place to go on from is the number of rows read, which `db/contacts/import_batch.py` commits together with the contacts; so
a run may be killed and begun again at any moment. Refuses to parse files (reading.py has a process for that) and to hold more
than one batch in memory.
"""

import os
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import msgspec
import structlog

from db import blobs
from db.clock import now
from db.contacts import import_batch, imports
from db.contacts.enums import ImportState
from db.contacts.import_batch import Batch
from db.contacts.import_rejects import Reject
from db.contacts.import_row import Row, row_of
from db.contacts.import_rows import CleanRow
from db.contacts.imports import GuessedColumn, Inspected, Plan
from db.contacts.mapping import ColumnTarget, Mapping, Target
from db.contacts.reasons import FileProblem
from db.errors import NotFound
from db.jobs import ForgetFile, InspectImport, RunImport
from workers.imports import reading
from workers.imports.frames import Look, Read, Rows, Seen
from workers.imports.mapping import field_key
from workers.imports.reader import Sheet
from workers.imports.unreadable import UnreadableFile
from workers.imports.vocabulary import normalised
from workers.registration import Handler
from workers.runtime import Snooze

log = structlog.get_logger("workers.imports")

BATCH = 2000
SHIFT = 600.0  # seconds; then the job gives way and goes on as a new run, well within its lease
_TELL = 0.5  # seconds between two reports
_NO_PLACE = frozenset((Target.CONSENT, Target.EXTERNAL_ID, Target.NOTE))  # contacts have only fields for these
_OURS = frozenset(("linha", "motivo"))  # what our own list of rejected rows adds


async def inspect_import(company_id: UUID, job: InspectImport) -> None:
    """Finds columns and first rows of an uploaded file, and guesses what they are."""
    plan = await imports.plan(company_id, job.import_id)
    if plan is None or plan.state is not ImportState.UPLOADED:
        return
    region = await imports.default_region(company_id)
    try:
        async with blobs.local(plan.blob) as path:
            seen, total = await _look(path, plan.filename, region)
    except UnreadableFile as unreadable:
        await imports.finish(company_id, job.import_id, ImportState.FAILED, error=unreadable.code, row=unreadable.row)
    except NotFound:
        await imports.finish(company_id, job.import_id, ImportState.FAILED, error=FileProblem.FILE_GONE)
    else:
        await imports.store_inspection(company_id, job.import_id, seen, total)


async def _look(path: Path, filename: str, region: str) -> tuple[Inspected, int]:
    question = Look(
        path=str(path),
        filename=filename,
        region=region,
        parent=os.getpid(),
        memory=reading.MEMORY,
        seconds=reading.LOOK_SECONDS,
    )
    async with aclosing(reading.answers(question)) as answers:
        async for answer in answers:
            if isinstance(answer, Seen):
                return _inspected(answer.sheet, answer.mapping), answer.sheet.total_rows_estimate
    raise reading.ReaderDied("no answer")


def _inspected(sheet: Sheet, guessed: Mapping) -> Inspected:
    columns = []
    for column, target in zip(sheet.columns, guessed.columns, strict=True):
        kind, key = target.target, target.field_key
        if kind in _NO_PLACE:
            kind, key = Target.CUSTOM, field_key(column.name)
        elif normalised(column.name) in _OURS:
            kind, key = Target.IGNORE, None
        columns.append(GuessedColumn(column.index, column.name, column.samples, kind.value, key, target.confidence))
    lean = msgspec.structs.replace(
        sheet, columns=[msgspec.structs.replace(column, samples=[]) for column in sheet.columns], preview=[]
    )
    raw = msgspec.Raw(msgspec.json.encode(lean))
    return Inspected(columns, sheet.preview, sheet.encoding, sheet.separator, sheet.has_header, raw)


async def run_import(company_id: UUID, job: RunImport) -> None:
    """Imports from where the last committed batch ended. Raises Snooze to go on later."""
    if not await imports.begin(company_id, job.import_id):
        return
    plan = await imports.plan(company_id, job.import_id)
    if plan is None:
        return
    try:
        async with blobs.local(plan.blob) as path:
            alive = await _run(company_id, job.import_id, plan, path)
    except UnreadableFile as unreadable:
        await imports.finish(company_id, job.import_id, ImportState.FAILED, error=unreadable.code, row=unreadable.row)
    except NotFound:
        await imports.finish(company_id, job.import_id, ImportState.FAILED, error=FileProblem.FILE_GONE)
    else:
        if alive:
            await imports.finish(company_id, job.import_id, ImportState.COMPLETED)


async def give_up(company_id: UUID, job: InspectImport | RunImport, reason: str) -> None:
    """However often it was tried, it did not come to an end."""
    await imports.finish(company_id, job.import_id, ImportState.FAILED, error=FileProblem.CRASHED)


async def forget_file(company_id: UUID, job: ForgetFile) -> None:
    """People's data is not kept longer than it is needed, however the import ended. One that was repeated has no file any more."""
    plan = await imports.plan(company_id, job.import_id)
    if plan is not None and plan.blob and plan.state not in imports.OPEN:
        await blobs.store().delete(plan.blob)


async def _run(company_id: UUID, import_id: UUID, plan: Plan, path: Path) -> bool:
    began, told = time.monotonic(), 0.0
    known_tags: dict[str, UUID] = {}
    async with aclosing(_batches(path, plan)) as batches:
        async for batch in batches:
            emit = time.monotonic() - told >= _TELL
            outcome = await import_batch.apply(
                company_id, import_id, batch, extra_tags=plan.options.tags, known_tags=known_tags, emit=emit
            )
            if not outcome.alive:
                return False
            told = time.monotonic() if emit else told
            if time.monotonic() - began > SHIFT:
                raise Snooze(now() + timedelta(seconds=1))
    return True


async def _batches(path: Path, plan: Plan) -> AsyncGenerator[Batch]:
    """Clean rows from the `plan.processed`-th on."""
    question = Read(
        path=str(path),
        sheet=msgspec.json.decode(msgspec.json.decode(plan.sheet, type=Inspected).sheet, type=Sheet),
        mapping=Mapping([ColumnTarget(c.index, Target(c.target), c.field_key) for c in plan.mapping]),
        region=plan.options.region,
        skip=plan.processed,
        batch=BATCH,
        parent=os.getpid(),
        memory=reading.MEMORY,
        seconds=reading.READ_SECONDS,
    )
    start = plan.processed
    async with aclosing(reading.answers(question)) as answers:
        async for answer in answers:
            if isinstance(answer, Rows):
                yield _batch(start, answer)
                start += len(answer.rows)


def _batch(start: int, found: Rows) -> Batch:
    good: list[Row] = []
    bad: list[Reject] = []
    blank = 0
    for number, cells, clean in found.rows:
        if clean is None:
            blank += 1
        elif isinstance(clean, CleanRow):
            good.append(row_of(clean, cells))
        else:
            bad.extend(Reject(number, reason.field, reason.value, reason.reason.value, cells) for reason in clean)
    return Batch(start, len(found.rows), blank, good, bad)


JOBS = (
    Handler(InspectImport, lambda _: inspect_import, give_up),
    Handler(RunImport, lambda _: run_import, give_up),
    Handler(ForgetFile, lambda _: forget_file),
)
