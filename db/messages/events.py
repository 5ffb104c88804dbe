"""Events about conversations. Pure data, imported by the wire contract too."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from msgspec import Meta

from db.events import Event
from db.permissions import Permission


class MessageReceived(Event, frozen=True, kw_only=True):
    """Somebody wrote to a channel."""

    type: ClassVar = "message.received"
    permission: ClassVar = Permission.CONTACTS_READ
    channel_id: UUID
    contact_id: UUID | None
    message_id: UUID


class MessageStatusChanged(Event, frozen=True, kw_only=True):
    """A message of ours was sent, delivered, read, failed, was skipped or cancelled, or nobody knows what became of it. `at`: when, by the
    provider's clock where it says so; `reason` says why one failed or was skipped."""

    type: ClassVar = "message.status"
    permission: ClassVar = Permission.CONTACTS_READ
    noticed: ClassVar = True
    channel_id: UUID
    campaign_id: UUID | None
    contact_id: UUID | None
    message_id: UUID
    state: Literal["sent", "delivered", "read", "failed", "failed_unknown", "skipped", "cancelled"]
    reason: str | None
    at: Annotated[datetime, Meta(tz=True)]


class ConversationChanged(Event, frozen=True, kw_only=True):
    """Messages of no campaign to this person were written, sent, delivered, read, or failed; at most a few per second and person."""

    type: ClassVar = "conversation.changed"
    permission: ClassVar = Permission.CONTACTS_READ
    durable: ClassVar = False
    contact_id: UUID


class MessageFileChanged(Event, frozen=True, kw_only=True):
    """A file of a message was fetched, or will not come."""

    type: ClassVar = "message.file"
    permission: ClassVar = Permission.CONTACTS_READ
    contact_id: UUID | None
    message_id: UUID
    file_id: UUID
