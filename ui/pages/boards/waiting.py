"""How many suggestions of the AI wait for a person, at the head of a board or of all boards: leads to them. Nothing where there are none."""

from uuid import UUID

from nicegui import ui

from api.contract.events import LeadProposalChanged
from ui import first_answers, formats, live, session
from ui.client import proposals as client
from ui.client.base import ApiProblem, Offline
from ui.components.buttons import button
from ui.components.throttle import Throttle
from ui.i18n import ngettext


class Waiting:
    """Made where it is to stand; of one board, or of all."""

    def __init__(self, board_id: UUID | None = None) -> None:
        self._api, self._id = session.current().api, board_id
        to = "/boards/suggestions" + (f"?board={board_id}" if board_id else "")
        self._button = button("", icon="auto_awesome", to=to).classes("m-sug-waiting")
        self._button.set_visibility(False)
        self._throttle = Throttle(self._look, 1.0)
        live.on(LeadProposalChanged, self._heard)
        live.on_reset(self._look)
        first_answers.ask(ui.context.slot.parent, self._look)

    def _heard(self, event: LeadProposalChanged) -> None:
        if self._id in (None, event.board_id):
            self._throttle.poke()

    async def _look(self) -> None:
        try:
            count = await client.waiting(self._api, self._id)
        except (ApiProblem, Offline):  # the number that stands there stays
            return
        if not self._button.is_deleted:
            self._button.text = ngettext("{n} suggestion", "{n} suggestions", count).format(n=formats.number(count))
            self._button.set_visibility(count > 0)
