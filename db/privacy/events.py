"""Events about privacy. Pure data, imported by the wire contract too."""

from typing import ClassVar
from uuid import UUID

from db.events import Event
from db.permissions import Permission
from db.privacy.enums import ErasureState, ExportState


class ErasureChanged(Event, frozen=True, kw_only=True):
    """The data of a person is being erased, or is."""

    type: ClassVar = "erasure.changed"
    permission: ClassVar = Permission.PRIVACY_WRITE
    durable: ClassVar = False
    erasure_id: UUID
    state: ErasureState


class ContactExportProgress(Event, frozen=True, kw_only=True):
    """How far the file with everything about a person is."""

    type: ClassVar = "contact_export.progress"
    permission: ClassVar = Permission.CONTACTS_EXPORT
    durable: ClassVar = False
    export_id: UUID
    state: ExportState
    processed: int
    total: int
