"""What the AI proposes for a lead, and what it did with it: with the customer's words that show why, a way back, and what happened since."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

from nicegui import ui

from api.contract.boards import LeadChange
from api.contract.enums import LeadEvent
from api.contract.events import LeadProposalChanged
from api.contract.proposals import LeadProposal, LeadTool, ProposalState
from ui import formats, live
from ui.client import boards as boards_client
from ui.client import proposals as client
from ui.client.base import ApiClient
from ui.components.states import Loader, load
from ui.components.suggestion import Suggestion
from ui.components.text import title
from ui.components.throttle import Throttle
from ui.i18n import _

SHOWN = 2  # of what was decided; the rest is asked for
_MOVES = (LeadEvent.MOVED, LeadEvent.MOVED_BACK)
_HIDDEN = (ProposalState.BLOCKED, ProposalState.EXPIRED)


class _Found(NamedTuple):
    proposals: list[LeadProposal]
    history: list[LeadChange]


class LeadAi:
    """Part of the panel of a lead. `changed` reads all of it again, this part too."""

    def __init__(self, api: ApiClient, lead_id: UUID, changed: Callable[[], Awaitable[Any]]) -> None:
        self._api, self._id, self._changed = api, lead_id, changed
        self._place: Loader[_Found] = load(self._fetch, self._draw, lambda: None)
        self._throttle = Throttle(self.refresh, 0.5)
        live.on(LeadProposalChanged, self._heard)

    def _heard(self, event: LeadProposalChanged) -> None:
        if event.lead_id == self._id:
            self._throttle.poke()

    async def refresh(self) -> None:
        await self._place.refresh(only_changes=True)

    async def _fetch(self) -> _Found:
        found = (await client.proposals(self._api, lead_id=self._id, limit=50)).items
        moved = any(one.tool is LeadTool.MOVE_LEAD and one.state is ProposalState.APPLIED for one in found)
        history = (await boards_client.history(self._api, self._id)).items if moved else []
        return _Found([one for one in found if one.state not in _HIDDEN], history)

    async def _decided(self, now: LeadProposal | None) -> None:
        await self._changed()

    def _draw(self, found: _Found) -> None:
        waiting = [one for one in found.proposals if one.state is ProposalState.PROPOSED]
        decided = [one for one in found.proposals if one.state is not ProposalState.PROPOSED]
        if not found.proposals:
            return
        with ui.element("section").classes("m-lp-section m-lp-ai"):
            title(_("AI"))
            for one in [*waiting, *decided[:SHOWN]]:
                Suggestion(one, self._decided, after=since(one, found.history))
            if rest := decided[SHOWN:]:
                with ui.element("details").classes("m-inbox-rest"):
                    with ui.element("summary").classes("m-link"):
                        ui.label(_("Show earlier"))
                    for one in rest:
                        Suggestion(one, self._decided, after=since(one, found.history))


def since(one: LeadProposal, history: Sequence[LeadChange]) -> str:
    """What became of the place that the AI gave the lead: `history` is the lead's, newest first."""
    if one.tool is not LeadTool.MOVE_LEAD or one.state is not ProposalState.APPLIED or one.to_stage is None:
        return ""
    at = one.applied_at or one.at
    later = [change for change in history if change.kind in _MOVES and change.at >= at and change.proposal_id != one.id]
    if not later:
        return _("It stands there since")
    change = later[-1]
    by = change.by.name if change.by else ""
    stage = change.to_stage.name if change.to_stage else "?"
    when = formats.ago(change.at)
    if by:
        return _("Then {name} moved it to {stage}, {when}").format(name=by, stage=stage, when=when)
    return _("Then it was moved to {stage}, {when}").format(stage=stage, when=when)
