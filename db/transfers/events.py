"""Events about calls that are handed to people. Pure data, imported by the wire contract too."""

from collections.abc import Collection
from typing import ClassVar
from uuid import UUID

from db.events import Event, Reach
from db.permissions import Permission


class CallRings(Event, frozen=True, kw_only=True):
    """A call rings on somebody's page, or does not any more: ask for what rings. Only they hear of it."""

    type: ClassVar = "call.rings"
    permission: ClassVar = Permission.CONVERSATIONS_WRITE
    reach: ClassVar = Reach.USER
    durable: ClassVar = False
    user_id: UUID
    transfer_id: UUID

    def reaches(self, user_id: UUID | None, permissions: Collection[Permission]) -> bool:
        return user_id == self.user_id and self.permission in permissions


class CallQueueChanged(Event, frozen=True, kw_only=True):
    """Somebody takes calls or does not any more, a person waits for one of the team, was put through, or is to be called back."""

    type: ClassVar = "call.queue_changed"
    permission: ClassVar = Permission.CONVERSATIONS_READ
    durable: ClassVar = False
    transfer_id: UUID | None = None
