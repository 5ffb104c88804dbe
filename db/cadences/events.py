"""Events about cadences. Pure data, imported by the wire contract too."""

from typing import ClassVar
from uuid import UUID

from db.cadences.enums import CadenceState
from db.events import Event
from db.permissions import Permission


class CadenceChanged(Event, frozen=True, kw_only=True):
    """State, name or steps; also a new one."""

    type: ClassVar = "cadence.changed"
    permission: ClassVar = Permission.CAMPAIGNS_READ
    cadence_id: UUID
    state: CadenceState
    version: int
    """As in the cadence: who has it already need not ask."""


class CadenceDeleted(Event, frozen=True, kw_only=True):
    """A draft is gone."""

    type: ClassVar = "cadence.deleted"
    permission: ClassVar = Permission.CAMPAIGNS_READ
    cadence_id: UUID


class CadenceProgress(Event, frozen=True, kw_only=True):
    """People came in, moved on or left."""

    type: ClassVar = "cadence.progress"
    permission: ClassVar = Permission.CAMPAIGNS_READ
    durable: ClassVar = False
    cadence_id: UUID
