"""What the AI proposes for leads, over the API: what a board lets it do, what it proposed, and what people decide about that."""

from uuid import UUID

from api.contract.base import Page
from api.contract.proposals import (
    BoardAi,
    BoardAiPut,
    LeadProposal,
    ProposalReason,
    ProposalRefuse,
    ProposalState,
    ProposalsWaiting,
    ProposalTrace,
    RefusalReason,
)
from ui.client.base import ApiClient


async def board_ai(api: ApiClient, board_id: UUID) -> BoardAi:
    return await api.get(f"/v1/boards/{board_id}/ai", BoardAi)


async def set_board_ai(api: ApiClient, board_id: UUID, body: BoardAiPut, version: int) -> BoardAi:
    """412 when somebody changed it since that version."""
    return await api.put(f"/v1/boards/{board_id}/ai", BoardAi, body, version=version)


async def proposals(
    api: ApiClient,
    *,
    state: ProposalState | None = None,
    board_id: UUID | None = None,
    lead_id: UUID | None = None,
    conversation_id: UUID | None = None,
    limit: int = 50,
) -> Page[LeadProposal]:
    """Newest first."""
    params = {"state": state, "board_id": board_id, "lead_id": lead_id, "conversation_id": conversation_id, "limit": limit}
    return await api.get("/v1/lead-proposals", Page[LeadProposal], params)


async def waiting(api: ApiClient, board_id: UUID | None = None) -> int:
    """How many wait for a person."""
    return (await api.get("/v1/lead-proposals/waiting", ProposalsWaiting, {"board_id": board_id})).waiting


async def accept(api: ApiClient, proposal_id: UUID) -> LeadProposal:
    """409 when somebody decided it already, or the lead changed since."""
    return await api.post(f"/v1/lead-proposals/{proposal_id}/accept", LeadProposal)


async def refuse(api: ApiClient, proposal_id: UUID, because: str = "", reason: RefusalReason | None = None) -> LeadProposal:
    body = ProposalRefuse(because=because, reason=reason)
    return await api.post(f"/v1/lead-proposals/{proposal_id}/refuse", LeadProposal, body)


async def trace(api: ApiClient, proposal_id: UUID) -> ProposalTrace:
    return await api.get(f"/v1/lead-proposals/{proposal_id}/trace", ProposalTrace)


async def say_why(api: ApiClient, proposal_id: UUID, reason: RefusalReason) -> LeadProposal:
    return await api.put(f"/v1/lead-proposals/{proposal_id}/reason", LeadProposal, ProposalReason(reason=reason))


async def undo(api: ApiClient, proposal_id: UUID) -> LeadProposal:
    """409 when the day for it is over, or the lead changed there since."""
    return await api.post(f"/v1/lead-proposals/{proposal_id}/undo", LeadProposal, ProposalRefuse())
