"""Events about conversations. Pure data, imported by the wire contract too."""

from typing import ClassVar
from uuid import UUID

from db.events import Event
from db.permissions import Permission


class MessageReceived(Event, frozen=True, kw_only=True):
    """Somebody wrote to a channel."""

    type: ClassVar = "message.received"
    permission: ClassVar = Permission.CONTACTS_READ
    channel_id: UUID
    contact_id: UUID | None
    message_id: UUID


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
