"""Events about contacts, imports and bulk actions. Pure data, imported by the wire contract too."""

from typing import ClassVar, Literal
from uuid import UUID

from db.contacts.enums import ImportState
from db.events import Event
from db.permissions import Permission


class ContactsChanged(Event, frozen=True, kw_only=True):
    """One contact when `contact_id` is set; else several, or the tags and fields that all have."""

    type: ClassVar = "contacts.changed"
    permission: ClassVar = Permission.CONTACTS_READ
    contact_id: UUID | None = None
    version: int | None = None
    """Of the one contact, when somebody changed it by hand: who has it already need not ask."""


class ConsentChanged(Event, frozen=True, kw_only=True):
    """Somebody said stop, or may be written to again. `source`: how they said stop (keyword, provider, person, import, api, erasure)."""

    type: ClassVar = "consent.changed"
    permission: ClassVar = Permission.CONTACTS_READ
    noticed: ClassVar = True
    contact_id: UUID
    consent: Literal["opted_out", "opted_in"]
    source: str | None


class NotesChanged(Event, frozen=True, kw_only=True):
    """A note on a contact was written or deleted."""

    type: ClassVar = "notes.changed"
    permission: ClassVar = Permission.CONTACTS_READ
    contact_id: UUID
    note_id: UUID
    deleted: bool


class SegmentsChanged(Event, frozen=True, kw_only=True):
    """A segment was made, changed or deleted."""

    type: ClassVar = "segments.changed"
    permission: ClassVar = Permission.CONTACTS_READ
    segment_id: UUID


class ImportProgress(Event, frozen=True, kw_only=True):
    """An import moved; `total` is null until it is known."""

    type: ClassVar = "import.progress"
    permission: ClassVar = Permission.CONTACTS_READ
    durable: ClassVar = False
    import_id: UUID
    state: ImportState
    processed: int
    total: int | None


class BulkProgress(Event, frozen=True, kw_only=True):
    """A bulk action moved, or is done."""

    type: ClassVar = "bulk.progress"
    permission: ClassVar = Permission.CONTACTS_READ
    durable: ClassVar = False
    bulk_id: UUID
    processed: int
    total: int
    done: bool
