"""Rows of a list that were not taken, and cells left out of those that were: kept whole, to be mended."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from db import storable
from db.contacts.import_rows import Reject
from db.work import Work

MOST_TEXT = 2 << 20
"""Characters of rows that are handed out or mended at once, the last one not counted; more than one row of a file may hold."""

_REJECTS = """
insert into contact_import_reject(company_id, import_id, row_number, field, value, reason, warning, cells)
select $1, $2, r.number, r.field, r.value, r.reason, r.warning, array(select jsonb_array_elements_text(r.cells::jsonb))
from unnest($3::int[], $4::text[], $5::text[], $6::text[], $7::bool[], $8::text[]) r(number, field, value, reason, warning, cells)
on conflict do nothing
"""


async def add(w: Work, import_id: UUID, rejects: Sequence[Reject]) -> None:
    if rejects:
        await w.execute(
            _REJECTS,
            w.company_id,
            import_id,
            [reject.number for reject in rejects],
            [reject.field for reject in rejects],
            [storable.text(reject.value) for reject in rejects],
            [reject.reason for reject in rejects],
            [reject.warning for reject in rejects],
            [msgspec.json.encode([storable.text(cell) for cell in reject.cells]).decode() for reject in rejects],
        )
