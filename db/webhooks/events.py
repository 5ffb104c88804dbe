"""Events about webhooks out. Pure data, imported by the wire contract too."""

from typing import ClassVar
from uuid import UUID

from db.events import Event
from db.permissions import Permission


class WebhookChanged(Event, frozen=True, kw_only=True):
    """An endpoint was made, changed, switched on or off, or deleted."""

    type: ClassVar = "webhook.changed"
    permission: ClassVar = Permission.WEBHOOKS_READ
    durable: ClassVar = False
    endpoint_id: UUID
