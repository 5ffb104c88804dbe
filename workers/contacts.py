"""Bulk actions over contacts, the undo of imports, the removal of fields: a batch at a time."""

from uuid import UUID

from db.contacts import bulk, field_removal, import_undo
from db.jobs import BulkContacts, RemoveField, UndoImport
from workers.registration import Handler
from workers.shifts import in_shifts


async def run_bulk(company_id: UUID, job: BulkContacts) -> None:
    """Goes on from wherever the action stands; harmless when it is done."""
    await in_shifts(lambda: bulk.step(company_id, job.bulk_id))


async def undo_import(company_id: UUID, job: UndoImport) -> None:
    """The same for an import that is taken back."""
    await in_shifts(lambda: import_undo.step(company_id, job.import_id))


async def remove_field(company_id: UUID, job: RemoveField) -> None:
    """The same for a field that was deleted."""
    last: UUID | None = None

    async def step() -> bool:
        nonlocal last
        last = await field_removal.step(company_id, job.field_id, last)
        return last is not None

    await in_shifts(step)


JOBS = (
    Handler(BulkContacts, lambda _: run_bulk),
    Handler(UndoImport, lambda _: undo_import),
    Handler(RemoveField, lambda _: remove_field),
)
