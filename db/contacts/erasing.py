"""What lists left of a person who is erased: rows that were not taken, and files that are still kept. The rest goes with the contact."""

from db.jobs import ForgetFile
from db.subjects import Subject
from db.work import Work

_REJECTS = """
delete from contact_import_reject where company_id = $1 and (import_id, row_number, field) in (
    select import_id, row_number, field from contact_import_reject j where company_id = $1 and exists (
        select from unnest(j.cells || j.value) cell
        where lower(cell) like any($2::text[]) or regexp_replace(cell, '\\D', '', 'g') like any($3::text[])) limit $4)
"""
_FILES = """
update contact_import set file_until = null where company_id = $1 and file_until is not null and id in (
    select import_id from contact_import_member where company_id = $1 and contact_id = any($2::uuid[])) returning id
"""


async def erase(w: Work, person: Subject, most: int) -> dict[str, int]:
    """Rows by table."""
    rejects = await w.execute(_REJECTS, w.company_id, person.needles, person.cells, most)
    files = await w.fetch(_FILES, w.company_id, person.contact_ids)
    for row in files:
        await w.withdraw(ForgetFile(import_id=row["id"]))
        w.enqueue(ForgetFile(import_id=row["id"]))
    return {"contact_import_reject": rejects, "contact_import": len(files)}
