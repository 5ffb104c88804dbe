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


class ConversationAnswered(Event, frozen=True, kw_only=True):
    """Somebody got the first answer since the conversation was opened. `user_id`: who answered; null: the assistant, a phone or an API
    key. `seconds`: from when it was opened; `office_seconds`: of them those within the office hours."""

    type: ClassVar = "conversation.answered"
    permission: ClassVar = Permission.CONVERSATIONS_READ
    conversation_id: UUID
    contact_id: UUID
    channel_id: UUID
    team_id: UUID | None
    user_id: UUID | None
    seconds: Annotated[int, Meta(examples=[5400])]
    office_seconds: Annotated[int, Meta(examples=[1800])]


class ConversationClosed(Event, frozen=True, kw_only=True):
    """A conversation was closed. `user_id`: who closed it; null: an API key, or by itself. `seconds`: from when it was opened;
    `office_seconds`: of them those within the office hours."""

    type: ClassVar = "conversation.closed"
    permission: ClassVar = Permission.CONVERSATIONS_READ
    conversation_id: UUID
    contact_id: UUID
    channel_id: UUID
    team_id: UUID | None
    user_id: UUID | None
    seconds: Annotated[int, Meta(examples=[90000])]
    office_seconds: Annotated[int, Meta(examples=[32400])]


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


class CustomerTyping(Event, frozen=True, kw_only=True):
    """The person writes on, seen just now; no event says that they stopped. Told where the channel does (numbers by QR code), while the
    assistant waits for what else they write."""

    type: ClassVar = "conversation.customer_typing"
    permission: ClassVar = Permission.CONVERSATIONS_READ
    durable: ClassVar = False
    conversation_id: UUID
    contact_id: UUID


class InboxChanged(Event, frozen=True, kw_only=True):
    """Labels, teams or quick replies were made, changed or deleted."""

    type: ClassVar = "inbox.changed"
    permission: ClassVar = Permission.CONVERSATIONS_READ
    durable: ClassVar = False
