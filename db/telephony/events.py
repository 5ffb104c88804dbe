"""Events about numbers that are set up. Pure data, imported by the wire contract too."""

from typing import ClassVar
from uuid import UUID

from db.events import Event
from db.permissions import Permission


class PhoneSetupChanged(Event, frozen=True, kw_only=True):
    """A step of it was done or failed, numbers were found, or it was begun or forgotten."""

    type: ClassVar = "phone_setup.changed"
    permission: ClassVar = Permission.CHANNELS_WRITE
    durable: ClassVar = False
    setup_id: UUID
