"""Events about personas. Pure data, imported by the wire contract too."""

from typing import ClassVar
from uuid import UUID

from db.events import Event
from db.permissions import Permission


class PersonaChanged(Event, frozen=True, kw_only=True):
    """A persona was made, published, paused, renamed or deleted; its draft or what it serves changed. `draft_version` grows with each
    draft that was saved."""

    type: ClassVar = "persona.changed"
    permission: ClassVar = Permission.PERSONAS_READ
    persona_id: UUID
    version: int
    draft_version: int


class PersonaTrialChanged(Event, frozen=True, kw_only=True):
    """An answer that was tried is there, or its test cases changed. `run_id`: of a run of all cases; both null: the cases themselves."""

    type: ClassVar = "persona.trial"
    permission: ClassVar = Permission.PERSONAS_READ
    durable: ClassVar = False
    persona_id: UUID
    trial_id: UUID | None
    run_id: UUID | None
