"""What the person may buy, beside the conversation: leads with stage and value, moved and made from here."""

from functools import partial
from typing import NamedTuple
from uuid import UUID

from nicegui import ui

from api.contract.boards import Board, Lead, LeadMove, Stage
from api.contract.conversations import Conversation
from api.contract.enums import Permission, StageKind
from api.contract.events import LeadChanged
from ui import formats, live, session
from ui.client import boards as client
from ui.components.buttons import button
from ui.components.lost_reason import ask_reason
from ui.components.menus import Choice, choices
from ui.components.new_lead import OTHERS_SECONDS, new_lead
from ui.components.states import Loader, load, skeleton
from ui.components.text import icon
from ui.components.throttle import Throttle
from ui.components.toast import toast
from ui.i18n import _


class _Found(NamedTuple):
    leads: list[Lead]
    boards: list[Board]


class Leads:
    """For those who may see boards; of all boards, the newest first."""

    def __init__(self, one: Conversation) -> None:
        me = session.current()
        self._one, self._api, self._write = one, me.api, me.may(Permission.LEADS_WRITE)
        self._shown: set[UUID] = set()
        self._place: Loader[_Found] = load(self._fetch, self._draw, lambda: skeleton("line m-w-60"))
        self._throttle = Throttle(self._again, 1.0)
        self._slow = Throttle(self._again, OTHERS_SECONDS)
        live.on(LeadChanged, self._heard)

    def _heard(self, event: LeadChanged) -> None:
        (self._throttle if event.lead_id in self._shown else self._slow).poke()

    async def _again(self) -> None:
        await self._place.refresh(only_changes=True)

    async def _fetch(self) -> _Found:
        return _Found(await client.contact_leads(self._api, self._one.contact_id), await client.boards(self._api))

    def _draw(self, found: _Found) -> None:
        self._shown = {lead.id for lead in found.leads}
        if not found.leads and not (self._write and found.boards):
            return
        at = {stage.id: (board, stage) for board in found.boards for stage in board.stages}
        with ui.element("div").classes("m-row m-between"):
            ui.label(_("Leads")).classes("m-inbox-side-head")
            if self._write and found.boards:
                button(_("New lead"), partial(self._new, found.boards), icon="add", kind="plain").classes("m-side-new")
        for lead in found.leads:
            if lead.stage_id in at:
                self._draw_lead(lead, *at[lead.stage_id])

    def _draw_lead(self, lead: Lead, board: Board, stage: Stage) -> None:
        with ui.element("div").classes("m-inbox-lead"):
            with ui.element("div").classes("m-row m-between m-near"):
                ui.link(lead.title, f"/boards/{board.id}?lead={lead.id}").classes("m-link m-clip")
                if lead.value_cents is not None:
                    ui.label(formats.money(lead.value_cents, board.currency)).classes("m-num")
            with ui.element("div").classes("m-row m-near"):
                if self._write:
                    with ui.element("button").classes("m-inbox-stage").props("type=button aria-haspopup=menu") as at:
                        ui.element("i").classes(f"m-dot m-stage-dot m-stage-{stage.color.value}")
                        ui.label(stage.name).classes("m-clip")
                        icon("keyboard_arrow_down")
                        with ui.menu():
                            choices([
                                Choice(one.name, partial(self._move, lead, board, one), on=one.id == stage.id)
                                for one in board.stages
                                if one.moving_to is None or one.id == stage.id
                            ])  # fmt: skip
                    at.props["aria-label"] = _("Stage of {title}: {stage}").format(title=lead.title, stage=stage.name)
                else:
                    ui.element("i").classes(f"m-dot m-stage-dot m-stage-{stage.color.value}")
                    ui.label(stage.name).classes("m-hint m-clip")
                ui.label(board.name).classes("m-hint m-clip")

    async def _move(self, lead: Lead, board: Board, stage: Stage) -> None:
        if stage.id == lead.stage_id:
            return
        reason = await ask_reason(self._api, board.id, 1) if stage.kind is StageKind.LOST else None
        if stage.kind is StageKind.LOST and reason is None:
            return
        await client.move_lead(self._api, lead.id, LeadMove(stage_id=stage.id, lost_reason=reason))
        toast(_("“{title}” is in {stage} now.").format(title=lead.title, stage=stage.name))
        await self._again()

    def _new(self, boards: list[Board]) -> None:
        new_lead(boards, self._one.contact_id, self._again, conversation_id=self._one.id)
