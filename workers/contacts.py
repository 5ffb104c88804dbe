"""Bulk actions over contacts, the undo of imports, the removal of fields: a batch at a time."""

import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

from db.clock import now
from db.contacts import bulk, field_removal, import_undo
from db.jobs import BulkContacts, RemoveField, UndoImport
from workers.registration import Handler
from workers.runtime import Snooze

SHIFT = 300.0  # seconds; then the job gives way and goes on as a new run, well within its lease


async def _in_shifts(step: Callable[[], Awaitable[bool]]) -> None:
    """Until a step says that it was the last. Raises Snooze to go on later."""
    began = time.monotonic()
    while await step():
        if time.monotonic() - began > SHIFT:
            raise Snooze(now() + timedelta(seconds=1))


async def run_bulk(company_id: UUID, job: BulkContacts) -> None:
    """Goes on from wherever the action stands; harmless when it is done."""
    await _in_shifts(lambda: bulk.step(company_id, job.bulk_id))


async def undo_import(company_id: UUID, job: UndoImport) -> None:
    """The same for an import that is taken back."""
    await _in_shifts(lambda: import_undo.step(company_id, job.import_id))


async def remove_field(company_id: UUID, job: RemoveField) -> None:
    """The same for a field that was deleted."""
    last: UUID | None = None

    async def step() -> bool:
        nonlocal last
        last = await field_removal.step(company_id, job.field_id, last)
        return last is not None

    await _in_shifts(step)


JOBS = (
    Handler(BulkContacts, lambda _: run_bulk),
    Handler(UndoImport, lambda _: undo_import),
    Handler(RemoveField, lambda _: remove_field),
)
