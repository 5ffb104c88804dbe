"""Events about what is held after a restore. Pure data, imported by the wire contract too."""

from typing import ClassVar
from uuid import UUID

from db.events import Event
from db.permissions import Permission


class HoldChanged(Event, frozen=True, kw_only=True):
    """Something is held after a restore or a failover, or somebody decided on it."""

    type: ClassVar = "hold.changed"
    permission: ClassVar = Permission.COMPANY_WRITE
    hold_id: UUID
