"""Above a board: that one of its rules was stopped, or cannot do what it says. For who may change them; quiet otherwise."""

from uuid import UUID

from nicegui import ui

from api.contract.board_rules import StageRule
from api.contract.events import BoardChanged
from ui import first_answers, formats, live
from ui.client import board_rules as client
from ui.client.base import ApiClient, ApiProblem, Offline
from ui.components.buttons import button
from ui.components.cards import note
from ui.components.throttle import Throttle
from ui.i18n import _, ngettext


class RuleAlert:
    """Made where it is to stand."""

    def __init__(self, api: ApiClient, board_id: UUID) -> None:
        self._api, self._id = api, board_id
        self._shown = 0
        self._place = ui.element("div").classes("w-full")
        self._throttle = Throttle(self._look, 2.0)
        live.on(BoardChanged, self._heard)
        first_answers.ask(self._place, self._look)

    def _heard(self, event: BoardChanged) -> None:
        if event.board_id == self._id:
            self._throttle.poke()

    async def _look(self) -> None:
        try:
            rules = await client.rules(self._api, self._id)
        except (ApiProblem, Offline):  # the board itself says that the service is away
            return
        if not self._place.is_deleted:
            self._draw(rules)

    def _draw(self, rules: list[StageRule]) -> None:
        count = sum(rule.enabled and rule.problem is not None for rule in rules)
        if count == self._shown:
            return
        self._shown = count
        self._place.clear()
        if not count:
            return
        text = ngettext("{n} rule of this board does not work.", "{n} rules of this board do not work.", count)
        with self._place, note("warn", text.format(n=formats.number(count)), name="warning"):
            with ui.element("div").classes("m-row m-near"):
                button(_("See rules"), to=f"/boards/{self._id}/settings")
