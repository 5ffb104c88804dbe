"""The close of a conversation: by a person (actions.py), or by itself after a long silence. Stands beneath the messages."""

from uuid import UUID

from db.conversations import record
from db.conversations.enums import LineKind
from db.conversations.events import ConversationClosed
from db.work import Work

_CLOSE = """
update conversation set state = 'closed', snoozed_until = null, closed_at = now(), aside_unread = unread_at,
    aside_unanswered = unanswered_at, unread_at = '{}', unanswered_at = '{}'
where company_id = $1 and id = $2 returning contact_id, channel_id, team_id, opened_at, closed_at
"""


async def close(w: Work, conversation_id: UUID) -> None:
    """Nobody goes on here until the person writes again. The row is held, and not closed yet; its version is the caller's affair."""
    row = await w.fetchrow(_CLOSE, w.company_id, conversation_id)
    assert row is not None
    await record.line(w, conversation_id, row["contact_id"], LineKind.CLOSED)
    seconds, in_hours = await record.took(w, row["team_id"], row["opened_at"], row["closed_at"])
    w.emit(
        ConversationClosed(
            conversation_id=conversation_id,
            contact_id=row["contact_id"],
            channel_id=row["channel_id"],
            team_id=row["team_id"],
            user_id=w.actor.id if w.actor is not None and w.actor.kind == "user" else None,
            seconds=seconds,
            office_seconds=in_hours,
        )
    )
    w.audit("conversation.closed", conversation_id)
