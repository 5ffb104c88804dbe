"""Events about the assistant of conversations. Pure data, imported by the wire contract too."""

from typing import Annotated, ClassVar
from uuid import UUID

from msgspec import Meta

from db.events import Event
from db.permissions import Permission


class AssistantChanged(Event, frozen=True, kw_only=True):
    """Who answers a conversation changed, or what its assistant does: it gathers, writes, has a draft, said something or stopped."""

    type: ClassVar = "assistant.changed"
    permission: ClassVar = Permission.CONVERSATIONS_READ
    conversation_id: UUID
    owner: Annotated[str, Meta(examples=["assistant"])]
    turn: Annotated[str, Meta(examples=["generating"])] | None  # the state of its newest turn
