"""Events about what people are notified of. Pure data, imported by the wire contract too."""

from collections.abc import Collection
from typing import ClassVar
from uuid import UUID

from db.events import Event, Reach
from db.permissions import Permission


class NotificationsChanged(Event, frozen=True, kw_only=True):
    """This person was notified of something, or read it: ask for what is unread. Only they hear of it."""

    type: ClassVar = "notifications.changed"
    permission: ClassVar = Permission.EVENTS_READ
    reach: ClassVar = Reach.USER
    durable: ClassVar = False
    user_id: UUID

    def reaches(self, user_id: UUID | None, permissions: Collection[Permission]) -> bool:
        return user_id == self.user_id and self.permission in permissions
