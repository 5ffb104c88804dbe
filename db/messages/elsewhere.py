"""A channel speaks through another provider from now on: what the one before knows by its own names says nothing to the next."""

from uuid import UUID

from db.messages.enums import MessageState as M
from db.messages.reasons import FailureReason
from db.work import Work

# Files wait to be handed over anew when their messages are due (`uploads.put_back`).
_FILES = """
update message set content = content || '{"media_until": "2020-01-01T00:00:00Z"}'::jsonb
where company_id = $1 and queue_id = $2 and queued and content->>'kind' = 'file'
"""
# What may have gone already goes nowhere else: under its other name the next provider would take it for another message.
_DOUBTFUL = f"""
update message set state = {M.FAILED_UNKNOWN}, done_at = now(), lease_until = null, reason = '{FailureReason.UNKNOWN_OUTCOME}'
where company_id = $1 and channel_id = $2 and queued and maybe_duplicate
"""
# And nothing is sent again by itself: the next provider does not know a message by the name that we give it.
_NO_RESENDS = f"""
update message set at_least_once = false
where company_id = $1 and channel_id = $2 and at_least_once and (queued or state in ({M.SENDING}, {M.UNKNOWN}))
"""
_HEADS = "delete from handed_file where company_id = $1 and channel_id = $2"


async def speaks(w: Work, channel_id: UUID) -> None:
    """In the transaction in which the channel changes."""
    for sql in (_FILES, _DOUBTFUL, _NO_RESENDS, _HEADS):
        await w.execute(sql, w.company_id, channel_id)
