"""What is owed to Kommo about a person who is erased, and whom they are there, goes. What Kommo has itself is deleted there."""

from db.subjects import Subject
from db.work import Work

_THEIRS = "(select unnest($2::uuid[]) union select id from lead where company_id = $1 and contact_id = any($2::uuid[]))"
_TASKS = f"delete from kommo_task where company_id = $1 and id in (select id from kommo_task where company_id = $1 and local_id in {_THEIRS} limit $3)"
_LINKS = f"delete from kommo_link where company_id = $1 and local_id in (select local_id from kommo_link where company_id = $1 and local_id in {_THEIRS} limit $3)"


async def erase(w: Work, person: Subject, most: int) -> dict[str, int]:
    """Takes away some of it. Rows by table."""
    return {
        "kommo_task": await w.execute(_TASKS, w.company_id, person.contact_ids, most),
        "kommo_link": await w.execute(_LINKS, w.company_id, person.contact_ids, most),
    }
