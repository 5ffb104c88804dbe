"""Events about personas. Pure data, imported by the wire contract too."""

from collections.abc import Collection
from typing import Annotated, ClassVar
from uuid import UUID

from msgspec import Meta

from db.events import Event, Reach
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


class PersonaTrialProgress(Event, frozen=True, kw_only=True):
    """An answer that somebody tries is being written; only they hear of it. `text` takes the place of everything from character `at` on.
    It is not checked yet: after `persona.trial` ask for the whole."""

    type: ClassVar = "persona.trial_progress"
    permission: ClassVar = Permission.PERSONAS_WRITE
    reach: ClassVar = Reach.USER
    durable: ClassVar = False
    persona_id: UUID
    trial_id: UUID
    user_id: UUID
    at: Annotated[int, Meta(examples=[12])]
    text: Annotated[str, Meta(examples=["A troca é grátis"])]

    def reaches(self, user_id: UUID | None, permissions: Collection[Permission]) -> bool:
        return user_id == self.user_id and self.permission in permissions
