"""Beside a conversation: what the AI proposes for its leads, and what it did today, so that whoever reads decides at once."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from nicegui import ui

from api.contract.events import LeadProposalChanged
from api.contract.proposals import LeadProposal, ProposalState
from ui import live, session
from ui.client import proposals as client
from ui.components.states import Loader, load
from ui.components.suggestion import Suggestion
from ui.components.throttle import Throttle
from ui.i18n import _


class Proposals:
    """For those who may see boards. `point` shows a message of the thread."""

    def __init__(self, conversation_id: UUID, point: Callable[[UUID], Any]) -> None:
        self._api, self._id, self._point = session.current().api, conversation_id, point
        self._place: Loader[list[LeadProposal]] = load(self._fetch, self._draw, lambda: None)
        self._throttle = Throttle(self._again, 0.5)
        live.on(LeadProposalChanged, self._heard)
        live.on_reset(self._again)

    def _heard(self, event: LeadProposalChanged) -> None:
        if event.conversation_id == self._id:
            self._throttle.poke()

    async def _again(self) -> None:
        await self._place.refresh(only_changes=True)

    async def _fetch(self) -> list[LeadProposal]:
        """What waits, and what can still be taken back."""
        found = (await client.proposals(self._api, conversation_id=self._id, limit=30)).items
        return [one for one in found if one.state is ProposalState.PROPOSED or one.can_undo]

    async def _decided(self, now: LeadProposal | None) -> None:
        await self._again()

    def _draw(self, found: list[LeadProposal]) -> None:
        if not found:
            return
        ui.label(_("AI and the leads")).classes("m-inbox-side-head")
        for one in found:
            Suggestion(one, self._decided, point=self._point, named=True)
