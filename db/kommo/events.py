"""Events about the connection to Kommo. Pure data, imported by the wire contract too."""

from typing import ClassVar

from db.events import Event
from db.permissions import Permission


class KommoChanged(Event, frozen=True, kw_only=True):
    """The connection was made, changed, checked, stopped or removed."""

    type: ClassVar = "kommo.changed"
    permission: ClassVar = Permission.INTEGRATIONS_READ
    durable: ClassVar = False


class KommoProgress(Event, frozen=True, kw_only=True):
    """Something is owed to Kommo or came from there, or an end came to it."""

    type: ClassVar = "kommo.progress"
    permission: ClassVar = Permission.INTEGRATIONS_READ
    durable: ClassVar = False
