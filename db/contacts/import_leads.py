"""The leads that a list makes, where somebody chose a board for them: one for each row that is taken."""

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID

import msgspec

from db.boards import arrivals
from db.boards.arrivals import Arrival, Place
from db.contacts.enums import ImportTarget
from db.contacts.import_rows import Reject, Row, says_nothing
from db.contacts.reasons import RowWarning
from db.work import Read, Work


class LeadOptions(msgspec.Struct, frozen=True):
    """Chosen at the start: where leads go, those that name no stage into `stage_id`, or the board's first; and whether its rules run."""

    board_id: UUID
    stage_id: UUID | None = None
    run_rules: bool = False


async def place(r: Read, options: LeadOptions) -> Place | None:
    """Where they go; None once the board is gone."""
    assert r.actor is not None
    return await arrivals.place(r, r.actor.company_id, options.board_id, options.stage_id)


async def hold(w: Work, options: LeadOptions) -> Place | None:
    """The same, and until the transaction ends no stage of it is deleted or begins to leave, and no field is deleted."""
    await arrivals.hold(w, options.board_id)
    return await place(w, options)


async def warnings(r: Read, to: Place, rows: Iterable[Row]) -> list[Reject]:
    """Stages and owners of these rows that there are not, and choices that their fields do not offer."""
    rows = list(rows)
    names = await arrivals.folded(r, [row.lead.stage for row in rows])
    found = [
        Reject(row.number, ImportTarget.LEAD_STAGE, row.lead.stage, RowWarning.STAGE_UNKNOWN, row.cells, warning=True)
        for row in rows
        if row.lead.stage and names[row.lead.stage] not in to.stages
    ]
    found += [
        Reject(row.number, ImportTarget.LEAD_OWNER, row.lead.owner, RowWarning.OWNER_UNKNOWN, row.cells, warning=True)
        for row in rows
        if row.lead.owner and row.lead.owner.lower() not in to.people
    ]
    found += [
        Reject(
            row.number, f"{ImportTarget.LEAD_CUSTOM}.{key}", text[:200], RowWarning.FIELD_NOT_A_CHOICE, row.cells, warning=True
        )
        for row in rows
        for key, text in row.lead.custom.items()
        if key in to.fields and to.value(key, text) is None and not says_nothing(text)
    ]
    return found


async def make(w: Work, import_id: UUID, options: LeadOptions, to: Place, rows: Sequence[tuple[Row, UUID]]) -> int:
    """The leads of rows, each with the contact that it is about. How many."""
    found = [
        Arrival(
            contact_id,
            row.lead.title or row.name or (row.phone.canonical if row.phone else row.email),
            row.lead.value_cents,
            row.lead.stage,
            row.lead.owner,
            date.fromisoformat(row.lead.due_on) if row.lead.due_on else None,
            row.lead.tags,
            row.lead.custom,
        )
        for row, contact_id in rows
    ]
    return await arrivals.make(w, import_id, to, found, run_rules=options.run_rules)
