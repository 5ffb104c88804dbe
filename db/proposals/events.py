"""Events about what the AI proposes for leads. Pure data, imported by the wire contract too."""

from typing import Annotated, ClassVar
from uuid import UUID

from msgspec import Meta

from db.events import Event
from db.permissions import Permission


class LeadProposalChanged(Event, frozen=True, kw_only=True):
    """Something was proposed for a lead, done, refused, undone, or is no longer of use."""

    type: ClassVar = "lead_proposal.changed"
    permission: ClassVar = Permission.BOARDS_READ
    proposal_id: UUID
    board_id: UUID
    lead_id: UUID | None
    """Null: it is to be made."""
    conversation_id: UUID
    state: Annotated[str, Meta(examples=["proposed"])]
