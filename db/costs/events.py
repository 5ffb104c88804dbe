"""Events about costs. Pure data, imported by the wire contract too."""

from typing import ClassVar

from db.events import Event
from db.permissions import Permission


class CostsChanged(Event, frozen=True, kw_only=True):
    """Prices or limits."""

    type: ClassVar = "costs.changed"
    permission: ClassVar = Permission.CAMPAIGNS_READ
    durable: ClassVar = False
