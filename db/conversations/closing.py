"""The close of a conversation: by a person (actions.py), or by itself after a long silence. Stands beneath the messages."""

from uuid import UUID

from db.conversations import record
from db.conversations.enums import LineKind
from db.work import Work

CLOSED = (
    "state = 'closed', snoozed_until = null, closed_at = now(), aside_unread = unread_at,"
    " aside_unanswered = unanswered_at, unread_at = '{}', unanswered_at = '{}'"
)


async def close(w: Work, conversation_id: UUID, contact_id: UUID) -> None:
    """Nobody goes on here until the person writes again. The row is held, and open."""
    await w.execute(f"update conversation set {CLOSED} where company_id = $1 and id = $2", w.company_id, conversation_id)
    await record.line(w, conversation_id, contact_id, LineKind.CLOSED)
    w.audit("conversation.closed", conversation_id)
    await record.touched(w, conversation_id)
