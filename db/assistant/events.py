"""Events about the assistant of conversations. Pure data, imported by the wire contract too."""

from collections.abc import Collection
from typing import Annotated, ClassVar
from uuid import UUID

from msgspec import Meta

from db.events import Event, Reach
from db.permissions import Permission


class AssistantChanged(Event, frozen=True, kw_only=True):
    """Who answers a conversation changed, or what its assistant does: it gathers, writes, has a draft, said something or stopped."""

    type: ClassVar = "assistant.changed"
    permission: ClassVar = Permission.CONVERSATIONS_READ
    conversation_id: UUID
    owner: Annotated[str, Meta(examples=["assistant"])]
    turn: Annotated[str, Meta(examples=["generating"])] | None  # the state of its newest turn


class AssistProgress(Event, frozen=True, kw_only=True):
    """What an agent asked for is being written. `text` takes the place of everything from character `at` on. After `done` and `failed`
    ask for the whole, with what it cites."""

    type: ClassVar = "assist.progress"
    permission: ClassVar = Permission.CONVERSATIONS_WRITE
    reach: ClassVar = Reach.USER
    durable: ClassVar = False
    assist_id: UUID
    conversation_id: UUID
    user_id: UUID
    state: Annotated[str, Meta(examples=["writing"])]
    at: Annotated[int, Meta(examples=[12])]
    text: Annotated[str, Meta(examples=["A troca é grátis"])]

    def reaches(self, user_id: UUID | None, permissions: Collection[Permission]) -> bool:
        return user_id == self.user_id and self.permission in permissions
