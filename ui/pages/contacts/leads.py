"""What somebody may buy: their leads on all boards, and a new one."""

from typing import NamedTuple
from uuid import UUID

from nicegui import ui

from api.contract.boards import Board, Lead, Stage
from api.contract.enums import Permission
from api.contract.events import LeadChanged
from ui import formats, live, session
from ui.client import boards as client
from ui.components.buttons import button
from ui.components.cards import card, item
from ui.components.new_lead import OTHERS_SECONDS, new_lead
from ui.components.states import Loader, load, skeleton_list
from ui.components.throttle import Throttle
from ui.i18n import _


class _Found(NamedTuple):
    leads: list[Lead]
    boards: list[Board]


class Leads:
    """The newest leads of a contact; nothing for those who may not see boards."""

    def __init__(self, contact_id: UUID) -> None:
        me = session.current()
        self._id, self._api, self._write = contact_id, me.api, me.may(Permission.LEADS_WRITE)
        if not me.may(Permission.BOARDS_READ):
            return
        self._shown: set[UUID] = set()
        self._place: Loader[_Found] = load(self._fetch, self._draw, lambda: skeleton_list(1))
        self._throttle = Throttle(lambda: self._place.refresh(only_changes=True), 1.0)
        self._slow = Throttle(lambda: self._place.refresh(only_changes=True), OTHERS_SECONDS)
        live.on(LeadChanged, self._heard)

    def _heard(self, event: LeadChanged) -> None:
        if event.lead_id in self._shown:
            self._throttle.poke()
        else:
            self._slow.poke()

    async def _fetch(self) -> _Found:
        leads = await client.contact_leads(self._api, self._id)
        return _Found(leads, await client.boards(self._api))

    def _draw(self, found: _Found) -> None:
        self._shown = {lead.id for lead in found.leads}
        if not found.leads and not (self._write and found.boards):
            return
        stages = {stage.id: (board, stage) for board in found.boards for stage in board.stages}

        def new() -> None:
            self._new(found.boards)

        def actions() -> None:
            if self._write and found.boards:
                button(_("New lead"), new, icon="add")

        with card(_("Leads"), actions=actions, flush=bool(found.leads)):
            for lead in found.leads:
                _draw_lead(lead, stages.get(lead.stage_id))

    def _new(self, boards: list[Board]) -> None:
        new_lead(boards, self._id, self._place.refresh)


def _draw_lead(lead: Lead, at: tuple[Board, Stage] | None) -> None:
    with item(to=f"/boards/{lead.board_id}?lead={lead.id}"):
        if at is not None:
            ui.element("i").classes(f"m-dot m-stage-dot m-stage-{at[1].color.value}")
        with ui.element("div").classes("m-col m-tight m-grow"):
            ui.label(lead.title).classes("m-strong m-clip")
            if at is not None:
                ui.label(f"{at[0].name} · {at[1].name}").classes("m-hint m-clip")
        if at is not None and lead.value_cents is not None:
            ui.label(formats.money(lead.value_cents, at[0].currency)).classes("m-num")
