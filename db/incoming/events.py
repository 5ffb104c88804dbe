"""Events about incoming hooks. Pure data, imported by the wire contract too."""

from typing import ClassVar
from uuid import UUID

from db.events import Event
from db.permissions import Permission


class IncomingHookChanged(Event, frozen=True, kw_only=True):
    """A hook was made, changed or deleted, or something came for it or was carried out."""

    type: ClassVar = "incoming_hook.changed"
    permission: ClassVar = Permission.INCOMING_READ
    durable: ClassVar = False
    hook_id: UUID
