"""The jobs of a contact list: look at it, count what its import would do, and import it batch by batch.

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
from db.contacts import import_batch, import_dry_run, imports
from db.contacts.enums import DryRunState, ImportState
from db.contacts.import_dry_run import DryRun
from db.contacts.import_rows import Batch
from db.contacts.imports import Home, Inspected, Plan
from db.contacts.mapping import ColumnTarget
from db.contacts.reasons import FileProblem
from db.errors import NotFound
from db.jobs import DryRunImport, ForgetFile, InspectImport, RunImport
from workers.imports import reading
from workers.imports.frames import Look, Read, Seen
from workers.imports.reader import Sheet
from workers.imports.unreadable import UnreadableFile
from workers.registration import Handler
from workers.runtime import Snooze

log = structlog.get_logger("workers.imports")

BATCH = 2000
SHIFT = 600.0  # seconds; then the job gives way and goes on as a new run, well within its lease
_TELL = 0.5  # seconds between two reports


async def inspect_import(company_id: UUID, job: InspectImport) -> None:
    """Finds columns and first rows of an uploaded file, and guesses what they are."""
    plan = await imports.plan(company_id, job.import_id)
    if plan is None or plan.state is not ImportState.UPLOADED:
        return
    home = await imports.home(company_id)
    try:
        async with blobs.local(plan.blob) as path:
            seen, total = await _look(path, plan.filename, home)
    except UnreadableFile as unreadable:
        await imports.finish(company_id, job.import_id, ImportState.FAILED, error=unreadable.code, row=unreadable.row)
    except NotFound:
        await imports.finish(company_id, job.import_id, ImportState.FAILED, error=FileProblem.FILE_GONE)
    else:
        await imports.store_inspection(company_id, job.import_id, seen, total)


async def _look(path: Path, filename: str, home: Home) -> tuple[Inspected, int]:
    question = Look(
        path=str(path),
        filename=filename,
        region=home.region,
        language=home.language,
        parent=os.getpid(),
        memory=reading.MEMORY,
        seconds=reading.LOOK_SECONDS,
    )
    async with aclosing(reading.answers(question)) as answers:
        async for answer in answers:
            if isinstance(answer, Seen):
                return _inspected(answer), answer.sheet.total_rows_estimate
    raise reading.ReaderDied("no answer")


def _inspected(seen: Seen) -> Inspected:
    sheet = seen.sheet
    raw = msgspec.Raw(msgspec.json.encode(msgspec.structs.replace(sheet, preview=[])))
    return Inspected(seen.columns, sheet.preview, sheet.encoding, sheet.separator, sheet.has_header, raw)


async def dry_run_import(company_id: UUID, job: DryRunImport) -> None:
    """Counts what the import would do, from the first row on; ends early when the mapping changes or the import starts."""
    dry = await import_dry_run.begin(company_id, job.import_id)
    plan = await imports.plan(company_id, job.import_id)
    if dry is None or plan is None:
        return
    try:
        async with blobs.local(plan.blob) as path:
            await _count(company_id, job.import_id, dry, plan, path)
    except UnreadableFile as unreadable:
        dry.error = unreadable.code
    except NotFound:
        dry.error = FileProblem.FILE_GONE
    if dry.error is not None:
        dry.state = DryRunState.FAILED
        await import_dry_run.report(company_id, job.import_id, dry)


async def _count(company_id: UUID, import_id: UUID, dry: DryRun, plan: Plan, path: Path) -> None:
    began = told = time.monotonic()
    dry.state = DryRunState.RUNNING
    home = await imports.home(company_id)
    question = read_question(path, plan.sheet, dry.mapping, dry.region, home.language, counting=True)
    tally = import_dry_run.Tally(company_id, import_id, dry)
    dry.counts = tally.counts
    async with aclosing(batches(question)) as found:
        async for batch in found:
            await tally.add(batch)
            if time.monotonic() - told < _TELL:
                continue
            told = time.monotonic()
            if told - began > SHIFT:
                raise UnreadableFile(FileProblem.TOO_SLOW)
            if not await import_dry_run.report(company_id, import_id, dry):
                return
    dry.state = DryRunState.DONE
    await import_dry_run.report(company_id, import_id, dry)


async def give_up_dry_run(company_id: UUID, job: DryRunImport, reason: str) -> None:
    """However often it was tried. The import can be started all the same."""
    await import_dry_run.give_up(company_id, job.import_id, FileProblem.CRASHED)


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
    began, told, start = time.monotonic(), 0.0, plan.processed
    known_tags: dict[str, UUID] = {}
    home = await imports.home(company_id)
    question = read_question(path, plan.sheet, plan.mapping, plan.options.region, home.language, skip=start)
    async with aclosing(batches(question)) as found:
        async for batch in found:
            emit = time.monotonic() - told >= _TELL
            outcome = await import_batch.apply(
                company_id,
                import_id,
                start,
                batch,
                extra_tags=plan.options.tags,
                known_tags=known_tags,
                leads=plan.options.leads,
                emit=emit,
            )
            if not outcome.alive:
                return False
            start += batch.length
            told = time.monotonic() if emit else told
            if time.monotonic() - began > SHIFT:
                raise Snooze(now() + timedelta(seconds=1))
    return True


def read_question(
    path: Path, sheet: str, mapping: list[ColumnTarget], region: str, language: str, *, skip: int = 0, counting: bool = False
) -> Read:
    return Read(
        path=str(path),
        sheet=msgspec.json.decode(msgspec.json.decode(sheet, type=Inspected).sheet, type=Sheet),
        mapping=mapping,
        region=region,
        language=language,
        skip=skip,
        batch=BATCH,
        counting=counting,
        parent=os.getpid(),
        memory=reading.MEMORY,
        seconds=reading.READ_SECONDS,
    )


async def batches(question: Read) -> AsyncGenerator[Batch]:
    """Clean rows, as they are read."""
    async with aclosing(reading.answers(question)) as answers:
        async for answer in answers:
            if isinstance(answer, Batch):
                yield answer


JOBS = (
    Handler(InspectImport, lambda _: inspect_import, give_up),
    Handler(DryRunImport, lambda _: dry_run_import, give_up_dry_run),
    Handler(RunImport, lambda _: run_import, give_up),
    Handler(ForgetFile, lambda _: forget_file),
)
