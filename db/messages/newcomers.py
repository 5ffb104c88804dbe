"""People whom a number never wrote to and who never wrote to it."""

from collections.abc import Sequence
from uuid import UUID

from db.messages.reasons import FailureReason
from db.work import Work

FRESH = """not exists (select from message o where o.company_id = $1 and o.contact_id = m.contact_id and o.channel_id = $2
        and o.sent_at is not null and o.id <> m.id)
    and not exists (select from inbound_message i where i.company_id = $1 and i.contact_id = m.contact_id and i.channel_id = $2)"""
_AMONG = f"select m.id from message m where m.company_id = $1 and m.id = any($3::uuid[]) and m.sent_at is null and {FRESH}"
_PUT_OFF = f"""
update message t set next_at = greatest(t.next_at, now() + make_interval(secs => $4)), reason = '{FailureReason.WARM_UP}' from (
    select m.id from message m where m.company_id = $1 and m.queue_id = $3 and m.queued and m.next_at <= now() and m.sent_at is null and {FRESH}
    limit $5 for update of m skip locked) due
where t.company_id = $1 and t.id = due.id
"""


async def among(w: Work, channel_id: UUID, message_ids: Sequence[UUID]) -> set[UUID]:
    """Those of the messages that are the first between a person and the number."""
    rows = await w.fetch(_AMONG, w.company_id, channel_id, list(message_ids))
    return {row["id"] for row in rows}


async def put_off(w: Work, channel_id: UUID, queue_id: UUID, seconds: float, most: int) -> int:
    """First messages of a queue that are due wait for so many seconds. Returns how many, at most `most`."""
    return await w.execute(_PUT_OFF, w.company_id, channel_id, queue_id, seconds, most)
