"""Erases people, hands out what is kept of them, and forgets what is older than companies keep: a slice at a time."""

from datetime import timedelta
from uuid import UUID

from db.clock import now
from db.jobs import EraseContact, ExportContact, KeepRules
from db.messages import files
from db.privacy import erasing, exporting, retention
from db.privacy.erasing import Next
from workers.privacy import archive
from workers.registration import Handler
from workers.runtime import Snooze
from workers.shifts import in_shifts

UNDER_WAY = timedelta(seconds=5)
"""So long the answer of a provider is waited for before it is looked again; a try of a dead worker is over with its lease."""


async def erase(company_id: UUID, job: EraseContact) -> None:
    """Goes on from wherever it stands; harmless when it is done. Raises Snooze while a message is under way."""
    await delete_files(company_id)

    async def step() -> bool:
        came = await erasing.step(company_id, job.erasure_id)
        if came is Next.FILES:
            await delete_files(company_id)
        if came is Next.WAIT:
            raise Snooze(now() + UNDER_WAY)
        return came is not Next.DONE

    await in_shifts(step)


async def delete_files(company_id: UUID) -> None:
    """Before a receipt says so."""
    while await files.delete_step(company_id):
        pass
    await exporting.delete_over(company_id)


async def export(company_id: UUID, job: ExportContact) -> None:
    """Makes the file; one that died is begun anew, under the same name."""
    found = await exporting.waiting(company_id, job.export_id)
    if found is not None:
        await archive.make(company_id, *found)


async def export_failed(company_id: UUID, job: ExportContact, error: str) -> None:
    """Whoever waits for it is told."""
    await exporting.ended(company_id, job.export_id, None)


async def keep_rules(company_id: UUID, job: KeepRules) -> None:
    """Until nothing is older than it may be."""
    await in_shifts(lambda: retention.step(company_id))


JOBS = (
    Handler(EraseContact, lambda _: erase),
    Handler(ExportContact, lambda _: export, export_failed),
    Handler(KeepRules, lambda _: keep_rules),
)
