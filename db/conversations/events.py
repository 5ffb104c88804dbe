"""Events about the inbox. Pure data, imported by the wire contract too."""

from typing import Annotated, ClassVar
from uuid import UUID

from msgspec import Meta

from db.events import Event
from db.permissions import Permission


class ConversationUpdated(Event, frozen=True, kw_only=True):
    """A conversation began, or its state, its newest message, its assignee, its labels or what is unread changed."""

    type: ClassVar = "conversation.updated"
    permission: ClassVar = Permission.CONVERSATIONS_READ
    conversation_id: UUID
    contact_id: UUID
    version: int


class ConversationEntryAdded(Event, frozen=True, kw_only=True):
    """A thread has a message, a note or a line more."""

    type: ClassVar = "conversation.entry"
    permission: ClassVar = Permission.CONVERSATIONS_READ
    durable: ClassVar = False
    conversation_id: UUID
    contact_id: UUID
    entry_id: UUID


class ConversationPresence(Event, frozen=True, kw_only=True):
    """Somebody of the team looks at a conversation, or writes in it; it holds for 30 seconds after the last of them. Who left is not
    here and does not type."""

    type: ClassVar = "conversation.presence"
    permission: ClassVar = Permission.CONVERSATIONS_READ
    durable: ClassVar = False
    conversation_id: UUID
    user_id: UUID
    name: Annotated[str, Meta(examples=["Bia Souza"])]
    here: bool
    typing: bool


class InboxChanged(Event, frozen=True, kw_only=True):
    """Labels, teams or quick replies were made, changed or deleted."""

    type: ClassVar = "inbox.changed"
    permission: ClassVar = Permission.CONVERSATIONS_READ
    durable: ClassVar = False
