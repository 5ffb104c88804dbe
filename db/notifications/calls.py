"""Calls people who may not be looking. A call names ids only; what it says is looked up when it leaves, so that nothing of a
conversation lies in a queue."""

from collections.abc import Iterable
from uuid import UUID

from db.jobs import SendPush
from db.notifications.enums import NotificationKind
from db.work import Work


def call(w: Work, user_ids: Iterable[UUID], kind: NotificationKind, conversation_id: UUID) -> None:
    """After the commit; never the one who acts."""
    own = w.actor.id if w.actor is not None and w.actor.kind == "user" else None
    for user_id in sorted(set(user_ids) - {own}):
        w.enqueue(SendPush(user_id=user_id, kind=kind.value, conversation_id=conversation_id))


def call_to_lead(w: Work, user_id: UUID, kind: NotificationKind, lead_id: UUID) -> None:
    """After the commit."""
    w.enqueue(SendPush(user_id=user_id, kind=kind.value, lead_id=lead_id))
