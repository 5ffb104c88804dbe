"""Messages of no campaign (tests, answers, what the API sent) that stood in a queue when what was to be sent was held.

They leave their channel's queue for one that nobody claims: that of the hold. Newer ones of the channel go on.
"""

from uuid import UUID

from db.clock import now
from db.jobs import SendFile
from db.messages import uploads
from db.messages.enums import MessageState as M
from db.messages.reasons import FailureReason
from db.work import Work

_HOLD = f"""
with h as (update message set queue_id = $2 where company_id = $1 and campaign_id is null
           and (queue_id = channel_id or content->>'kind' = 'file' and queue_id = (content->>'file_id')::uuid)
           and (queued or lease_until is not null and state in ({M.SENDING}, {M.UNKNOWN}) and at_least_once) returning channel_id)
select channel_id, count(*)::int as n from h group by 1
"""
_RELEASE = """
with w as (select id, content->>'kind' = 'file' and queued and (content->>'media' is null or (content->>'media_until')::timestamptz < $4) as bare
           from message where company_id = $1 and queue_id = $2 and channel_id = $3 for update)
update message m set queue_id = case when w.bare then (content->>'file_id')::uuid else channel_id end,
    content = case when w.bare then content - 'media' - 'media_until' else content end
from w where m.company_id = $1 and m.id = w.id returning m.queue_id
"""
_DISCARD = f"""
update message set state = case when maybe_duplicate then {M.FAILED_UNKNOWN} else {M.CANCELLED} end, reason = $4, done_at = now(),
    lease_until = null
where company_id = $1 and queue_id = $2 and channel_id = $3 and queued
"""


async def hold(w: Work, hold_id: UUID) -> dict[UUID, int]:
    """Channel → how many wait. Those on the wire whose policy may queue them again go along."""
    rows = await w.fetch(
        _HOLD,
        w.company_id,
        hold_id,
    )
    return {row["channel_id"]: row["n"] for row in rows}


async def release(w: Work, hold_id: UUID, channel_id: UUID) -> None:
    """Back into the queue of their channel; those whose file the provider does not have, or will soon not know any more, wait for
    it again."""
    rows = await w.fetch(_RELEASE, w.company_id, hold_id, channel_id, now() + uploads.FRESH)
    for row in rows:
        if row["queue_id"] != channel_id:
            w.enqueue(SendFile(file_id=row["queue_id"]))


async def discard(w: Work, hold_id: UUID, channel_id: UUID) -> None:
    """Ends those that wait as cancelled; one that may have arrived already as of unknown outcome."""
    await w.execute(
        _DISCARD,
        w.company_id,
        hold_id,
        channel_id,
        FailureReason.DISCARDED.value,
    )
