"""Whom a proposal is about, and what doing it left for undoing it. Pure data."""

from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID


class Target(NamedTuple):
    """Whom it is about. `lead_id` None: a lead that is to be made."""

    board_id: UUID
    conversation_id: UUID
    contact_id: UUID
    channel_id: UUID
    lead_id: UUID | None


class Done(NamedTuple):
    """`before`, `after`: what undoing compares and puts back. `since`: when the lead came to its stage by it; None: it did not."""

    lead_id: UUID | None
    before: dict[str, Any]
    after: dict[str, Any]
    since: datetime | None = None
