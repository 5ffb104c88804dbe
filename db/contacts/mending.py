"""Rows of a list that were not taken, mended by hand and taken after all, with the mapping and the tags of their import."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

import asyncpg
import msgspec

from db.contacts import import_batch, import_rejects, imports
from db.contacts.enums import ImportState
from db.contacts.errors import ContactImportError, ContactImportField
from db.contacts.events import ContactsChanged
from db.contacts.import_changes import Changes
from db.contacts.import_rows import Reject, Row, clean_row
from db.contacts.mapping import ColumnTarget
from db.errors import RequestError
from db.permissions import Permission
from db.tenancy import Actor
from db.work import Work, work

MOST = 200
"""Rows at once."""
_TRIES = 5

_ROWS = """
select distinct on (row_number) row_number, cells from contact_import_reject
where company_id = $1 and import_id = $2 and row_number = any($3::int[]) and not warning order by row_number
"""
_TEXT = f"select coalesce(sum(length(array_to_string(cells, ''))), 0) from ({_ROWS}) r"


class MendedRow(NamedTuple):
    """`cells` by the index of their column; the others stay as the file had them."""

    row_number: int
    cells: dict[int, str]


class Mended(NamedTuple):
    """`taken`: numbers of rows that are contacts now. `rejects` as in `imports.rejects`, of the rows that still are none. Rows that
    somebody else mended before are in neither. `result` as in `imports.one_import`."""

    taken: list[int]
    rejects: list[asyncpg.Record]
    result: asyncpg.Record


async def mend(actor: Actor, import_id: UUID, rows: Sequence[MendedRow]) -> Mended:
    """Raises NotFound, Invalid for a column that the list has not, TooLarge for several rows that are very long, and Conflict
    `import_not_over`, `import_undone`."""
    async with work(actor, Permission.CONTACTS_WRITE) as w:
        await imports.take_turn(w)
        plan = await w.fetchrow(
            "select state, mapping::text as mapping, options::text as options from contact_import"
            " where company_id = $1 and id = $2 for update",
            w.company_id,
            import_id,
        )
        if plan is None:
            raise RequestError.NOT_FOUND(what="import")
        if plan["state"] in imports.OPEN:
            raise ContactImportError.IMPORT_NOT_OVER()
        if plan["state"] in (ImportState.UNDOING, ImportState.UNDONE):
            raise ContactImportError.IMPORT_UNDONE()
        options = msgspec.json.decode(plan["options"], type=imports.Options)
        mapping = msgspec.json.decode(plan["mapping"], type=list[ColumnTarget])
        good, bad = await _cleaned(w, import_id, rows, mapping, options.region)
        written, unwritable = await _write(w, import_id, good, options)
        await _settle(w, import_id, good, [*bad, *unwritable], written)
        refused = sorted({reject.number for reject in [*bad, *unwritable]})
        taken = sorted({row.number for row in good} - set(refused))
        w.audit("import.mended", import_id, taken=len(taken))
        w.emit(ContactsChanged())
        return Mended(taken, await imports.rejects_of(w, import_id, refused), await imports.one(w, import_id))


async def _cleaned(
    w: Work, import_id: UUID, rows: Sequence[MendedRow], mapping: list[ColumnTarget], region: str
) -> tuple[list[Row], list[Reject]]:
    wrong = [
        ContactImportField.COLUMN_UNKNOWN(f"rows[{place}].cells[{number}].column")
        for place, row in enumerate(rows)
        for number, column in enumerate(row.cells)
        if column >= len(mapping)
    ]
    if wrong:
        raise RequestError.INVALID(fields=wrong)
    given = {row.row_number: row.cells for row in rows}
    if len(given) > 1 and await w.fetchval(_TEXT, w.company_id, import_id, sorted(given)) > import_rejects.MOST_TEXT:
        raise RequestError.TOO_LARGE()
    good, bad = list[Row](), list[Reject]()
    for found in await w.fetch(_ROWS, w.company_id, import_id, sorted(given)):
        number, cells = found["row_number"], list(found["cells"])
        cells += [""] * (len(mapping) - len(cells))
        for column, text in given[number].items():
            cells[column] = text
        clean = clean_row(number, cells, mapping, region)
        if isinstance(clean, Row):
            good.append(clean)
        else:
            bad += clean or ()
    return good, bad


async def _write(w: Work, import_id: UUID, rows: list[Row], options: imports.Options) -> tuple[list[Changes], list[Reject]]:
    for _ in range(_TRIES):
        try:
            async with w.connection.transaction():  # a savepoint
                return await import_batch.write(w, import_id, rows, options.tags, {}, options.leads)
        except (import_batch.Raced, asyncpg.ForeignKeyViolationError):
            continue  # somebody else gave an address away, or deleted a tag
    raise RequestError.UNAVAILABLE(retry_after=2)


async def _settle(w: Work, import_id: UUID, good: list[Row], bad: list[Reject], written: list[Changes]) -> None:
    """The rows leave the list of those not taken, or stay with their new reasons; the counts follow."""
    numbers, refused = {row.number for row in good} | {reject.number for reject in bad}, {reject.number for reject in bad}
    warnings = [warning for changes in written for warning in changes.warnings]
    await w.execute(
        "delete from contact_import_reject where company_id = $1 and import_id = $2 and row_number = any($3::int[])",
        w.company_id,
        import_id,
        sorted(numbers),
    )
    await import_rejects.add(w, import_id, [*bad, *warnings])
    await w.execute(
        "update contact_import set created = created + $3, updated = updated + $4, unchanged = unchanged + $5, repeated = repeated + $6,"
        f" rejected = rejected - $7, warnings = warnings + $8, leads = leads + $9, undo_until = coalesce(undo_until, now() + interval '{imports.UNDOABLE.days} days')"
        " where company_id = $1 and id = $2",
        w.company_id,
        import_id,
        sum(changes.created for changes in written),
        sum(changes.updated for changes in written),
        sum(changes.unchanged for changes in written),
        sum(changes.repeated for changes in written),
        len(numbers - refused),
        len(warnings),
        sum(changes.leads for changes in written),
    )
