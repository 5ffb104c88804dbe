"""What is left of the leads of a person who is erased: where they stand and stood, and their value, for the figures of the board."""

from db.subjects import Subject
from db.work import Work

UNNAMED = "—"
_SOME = """
select id from lead where company_id = $1 and contact_id = any($2::uuid[]) and (title <> $4 or custom <> '{}' or tags <> '{}' or note_count > 0
    or external_id is not null or metadata <> '{}')
order by id limit $3 for update
"""
_BLANK = """
update lead set title = $3, search = lead_text($3, null), custom = '{}', tags = '{}', metadata = '{}', external_id = null, note_count = 0, version = version + 1
where company_id = $1 and id = any($2::uuid[])
"""


async def erase(w: Work, person: Subject, most: int) -> dict[str, int]:
    """Takes title, fields, tags and notes off some leads of the person. Rows by table."""
    rows = await w.fetch(_SOME, w.company_id, person.contact_ids, most, UNNAMED)
    ids = [row["id"] for row in rows]
    if not ids:
        return {}
    notes = await w.execute("delete from lead_note where company_id = $1 and lead_id = any($2::uuid[])", w.company_id, ids)
    changes = await w.execute(
        "update lead_change set what = '{}' where company_id = $1 and lead_id = any($2::uuid[]) and what <> '{}'",
        w.company_id,
        ids,
    )
    return {"lead": await w.execute(_BLANK, w.company_id, ids, UNNAMED), "lead_note": notes, "lead_change": changes}
