"""A channel speaks through another provider from now on: what the one before knows by its own names says nothing to the next."""

from uuid import UUID

from db.messages.enums import MessageState as M
from db.work import Work

# Files wait to be handed over anew when their messages are due (`uploads.put_back`).
_FILES = """
update message set content = content || '{"media_until": "2020-01-01T00:00:00Z"}'::jsonb
where company_id = $1 and queue_id = $2 and queued and content->>'kind' = 'file'
"""
# Under its other name the next provider would take it for another message.
_NO_RESENDS = (
    f"update message set at_least_once = false where company_id = $1 and channel_id = $2 and state in ({M.SENDING}, {M.UNKNOWN})"
)
_HEADS = "delete from handed_file where company_id = $1 and channel_id = $2"


async def speaks(w: Work, channel_id: UUID) -> None:
    """In the transaction in which the channel changes."""
    for sql in (_FILES, _NO_RESENDS, _HEADS):
        await w.execute(sql, w.company_id, channel_id)
