"""What is left of polls that later votes are read by (`keys.keep_secrets`) when their person is erased, or when they are older than their company keeps what
was said: nothing. It holds what was asked and what could be chosen, in the person's words."""

from datetime import datetime

from db.qr.keys import MESSAGE
from db.qr.names import named
from db.subjects import Subject
from db.work import Work

# By the messages' ids, while they still stand there; also of what the person said in groups.
_THEIRS = """
select channel_id, provider_id from message where company_id = $1 and contact_id = any($2::uuid[]) and provider_id is not null
    and channel_id in (select id from qr_session where company_id = $1)
union select channel_id, provider_id from inbound_message where company_id = $1 and contact_id = any($2::uuid[])
    and channel_id in (select id from qr_session where company_id = $1)
"""
_OVERHEARD = """
select channel_id, provider_id from inbound_message where company_id = $1 and contact_id in (select id from chat_group where company_id = $1)
    and (context->>'writer_number' = any($2::text[]) or context->>'writer_lid' = any($2::text[]))
"""
_GONE = "delete from qr_key where company_id = $1 and id = any($2::uuid[])"
_OLD = f"""
delete from qr_key where company_id = $1 and id = any(array(
    select id from qr_key where company_id = $1 and kind = '{MESSAGE}' and kept_at < $2 order by kept_at limit $3))
"""


async def erase(w: Work, person: Subject, most: int) -> dict[str, int]:
    """Of all polls of the person, before their messages lose the ids that lead there. Rows by table."""
    theirs = await w.fetch(_THEIRS, w.company_id, person.contact_ids)
    if person.addresses:
        theirs += await w.fetch(_OVERHEARD, w.company_id, person.addresses)
    ids = [named(row["channel_id"], MESSAGE, row["provider_id"]) for row in theirs]
    return {"qr_key": await w.execute(_GONE, w.company_id, ids) if ids else 0}


async def forget_before(w: Work, moment: datetime, most: int) -> int:
    """Of some polls that came before. Returns how many."""
    return await w.execute(_OLD, w.company_id, moment, most)
