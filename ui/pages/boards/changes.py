"""Leads that somebody changed: what the events tell of is read and comes to the screen; what cannot be read now is read later."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from nicegui import ui

from api.contract.events import LeadChanged
from ui.client import boards as client
from ui.client.base import ApiClient, ApiProblem, Offline
from ui.components.throttle import Throttle
from ui.pages.boards.columns import Columns
from ui.pages.boards.lead import LeadPanel
from ui.pages.boards.moves import Moves

RETRY_SECONDS = 2.0  # until what could not be read is asked for again
ONE_BY_ONE = 8  # leads that changed at once, until the columns are read anew instead


class Changes:
    """Made inside the element that shows the board. `tell` speaks to the drawing in the browser, `fill` reads columns again, `panel` is
    the lead that is open."""

    def __init__(
        self,
        api: ApiClient,
        columns: Columns,
        moves: Moves,
        tell: Callable[..., None],
        fill: Callable[[list[UUID]], Awaitable[None]],
        panel: Callable[[], LeadPanel | None],
    ) -> None:
        self._api, self._columns, self._moves, self._tell, self._fill, self._panel = api, columns, moves, tell, fill, panel
        self._waiting: dict[UUID, LeadChanged] = {}
        self._beside: set[UUID] = set()
        self._drawn = False
        self._ground = ui.context.slot.parent
        self._throttle = Throttle(self._take, 0.25)

    def heard(self, event: LeadChanged) -> None:
        known = self._columns.knows(event.lead_id, event.version)
        if known and not event.deleted and event.lead_id not in self._moves.under_way:
            return
        self._waiting[event.lead_id] = event
        self._throttle.poke()

    def beside(self, lead_id: UUID) -> None:
        """The card shows something else now, which is no part of the lead."""
        self._beside.add(lead_id)
        self._throttle.poke()

    def go_on(self) -> None:
        """The board is drawn, or a move is over: what waited for that comes in."""
        self._drawn = True
        if self._waiting or self._beside:
            self._throttle.poke()

    async def _take(self) -> None:
        if not self._drawn:
            return
        waiting = {lead_id: event for lead_id, event in self._waiting.items() if lead_id not in self._moves.under_way}
        beside = self._beside - self._moves.under_way
        try:
            await self._bring_all(waiting)
            await self._bring_beside(beside - set(waiting))
            self._beside -= beside
        except (ApiProblem, Offline) as error:  # what was not brought in still waits
            if isinstance(error, ApiProblem) and error.status < 500 and error.status != 429:
                raise
            with self._ground:
                ui.timer(RETRY_SECONDS, self._throttle.poke, once=True)

    async def _bring_all(self, waiting: dict[UUID, LeadChanged]) -> None:
        """One by one, or, where there are many or only some are asked for, with their columns."""
        together: dict[UUID, LeadChanged] = {}
        singly = len(waiting) <= ONE_BY_ONE and not self._columns.filter
        for lead_id, event in waiting.items():
            new = event.deleted or not self._columns.knows(lead_id, event.version)
            if event.deleted:
                self._tell("gone", str(lead_id))
            elif new and singly:
                await self._bring(lead_id)
            elif new:
                together[lead_id] = event
            if lead_id not in together:
                self._brought(lead_id, event)
            panel = self._panel()
            if new and panel is not None and panel.lead_id == lead_id:
                await panel.heard(deleted=event.deleted)
        if together:
            stages = {stage for event in together.values() for stage in (event.stage_id, event.from_stage_id) if stage}
            await self._fill(list(stages))
        for lead_id, event in together.items():
            self._brought(lead_id, event)

    async def _bring_beside(self, lead_ids: set[UUID]) -> None:
        if len(lead_ids) > ONE_BY_ONE or (lead_ids and self._columns.filter):
            await self._fill([])
            return
        for lead_id in lead_ids:
            await self._bring(lead_id)

    def _brought(self, lead_id: UUID, event: LeadChanged) -> None:
        if self._waiting.get(lead_id) is event:  # no newer one came meanwhile
            del self._waiting[lead_id]

    async def _bring(self, lead_id: UUID) -> None:
        try:
            lead = await client.lead(self._api, lead_id)
        except ApiProblem as error:
            if error.status != 404:
                raise
            self._tell("gone", str(lead_id))
            return
        self._tell("put", self._columns.card(lead))
