"""Events about boards and leads. Pure data, imported by the wire contract too."""

from typing import ClassVar
from uuid import UUID

import msgspec

from db.events import Event
from db.permissions import Permission


class BoardChanged(Event, frozen=True, kw_only=True):
    """A board, its stages or its reasons were changed; or many leads at once, as when a stage is deleted: fetch it again."""

    type: ClassVar = "board.changed"
    permission: ClassVar = Permission.BOARDS_READ
    board_id: UUID


class LeadChanged(Event, frozen=True, kw_only=True):
    """A lead was made, moved, changed or deleted. `from_stage_id`: the stage that it left."""

    type: ClassVar = "lead.changed"
    permission: ClassVar = Permission.BOARDS_READ
    board_id: UUID
    lead_id: UUID
    stage_id: UUID
    from_stage_id: UUID | None
    deleted: bool
    version: int | None
    """Null where something beside it changed, its notes or the contact: who has the version must ask all the same."""


class StageTotal(msgspec.Struct, frozen=True, kw_only=True):
    id: UUID
    leads: int
    value_cents: int
    version: int
    """Grows with each change: of two, that with the lower one is older, in whatever order they come. As Stage.totals_version."""


class BoardTotals(Event, frozen=True, kw_only=True):
    """How many leads the stages have now, and their value; only those stages where it changed."""

    type: ClassVar = "board.totals"
    permission: ClassVar = Permission.BOARDS_READ
    durable: ClassVar = False
    board_id: UUID
    stages: list[StageTotal]
