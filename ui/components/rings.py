"""A call that rings here, on whatever page: who it is, why, and what was said lately, before it is taken.

Ours alone decides what rings: the page asks after each event, and shows one call at a time.
"""

import json
from datetime import UTC, datetime
from functools import partial
from uuid import UUID

from nicegui import ui

from api.contract.call_queue import CallLine, CallOffer
from api.contract.enums import Permission
from api.contract.events import CallRings
from ui import first_answers, formats, live, session
from ui.client import call_queue as client
from ui.client.base import ApiProblem, Offline
from ui.components.beat import beat
from ui.components.buttons import button
from ui.components.confirm import dialog
from ui.components.text import Text, badge
from ui.components.toast import toast, toast_way
from ui.i18n import _, ngettext, pgettext
from ui.labels import call_queue as labels


class Rings:
    """Of this page, for who may take calls."""

    def __init__(self) -> None:
        me = session.current()
        self._api = me.api
        if not (me.may(Permission.CONVERSATIONS_WRITE) and me.may(Permission.CONTACTS_READ)):
            return
        self._shown: UUID | None = None
        self._box: ui.dialog | None = None
        live.on(CallRings, self._look)
        live.on_reset(self._look)
        first_answers.ask(ui.context.slot.parent, self._look)

    async def _look(self, _event: CallRings | None = None) -> None:
        try:
            found = await client.offer(self._api)
        except (ApiProblem, Offline):  # it rings at the next one when this page does not answer
            return
        if found is not None and found.transfer_id == self._shown:
            return
        missed = self._shown is not None
        self._close()
        if found is not None:
            self._open(found)
        elif missed:
            await self._say_missed()

    async def _say_missed(self) -> None:
        """Who lets a call ring takes no more of them: said where it happened, for a switch that moved by itself is seen too late."""
        try:
            mine = next((one for one in await client.agents(self._api) if one.user_id == session.current().me.user_id), None)
        except (ApiProblem, Offline):
            return
        if mine is not None and not mine.available:
            toast_way(_("You missed a call, and take no more of them for now."), _("Calls"), "/calls", seconds=600)

    def _close(self) -> None:
        if self._box is not None and not self._box.is_deleted:
            self._box.close()
            ui.run_javascript("masteria.calls.quiet()")
        self._box, self._shown = None, None

    def _open(self, one: CallOffer) -> None:
        self._shown = one.transfer_id
        name = one.contact_name or formats.phone(one.address)
        with dialog(_("{name} is on the line").format(name=name), one.reason, wide=True) as box:
            box.props("persistent")
            _draw_card(one)
            with ui.element("div").classes("m-dialog-foot m-ring-foot"):
                left = ui.label().classes("m-hint m-grow")
                button(_("Refuse"), partial(self._decide, one, taken=False), kind="plain")
                button(pgettext("call", "Take the call"), partial(self._decide, one, taken=True), kind="primary", icon="call")
            _count(one, left)
            beat(1.0, partial(_count, one, left))
        self._box = box
        box.open()
        said = json.dumps([_("{name} is on the line").format(name=name), one.reason])
        ui.run_javascript(f"masteria.calls.ring(...{said})")

    async def _decide(self, one: CallOffer, *, taken: bool) -> None:
        try:
            await (client.accept if taken else client.refuse)(self._api, one.transfer_id)
        except ApiProblem as error:
            self._close()
            toast(error.detail, "warn")
            return
        self._close()
        if taken:
            toast(_("Your phone rings now: take it to speak with the person."))


def _count(one: CallOffer, left: ui.label) -> None:
    seconds = max(0, round((one.until - datetime.now(UTC)).total_seconds()))
    left.text = ngettext("{n} second to decide", "{n} seconds to decide", seconds).format(n=seconds)


def _draw_card(one: CallOffer) -> None:
    if one.contact_name or one.leads:
        with ui.element("div").classes("m-row m-near m-wrap items-center"):
            if one.contact_name:  # without a name the number is the heading
                ui.label(formats.phone(one.address)).classes("m-hint")
            for lead in one.leads:
                badge(f"{lead.title} · {lead.stage}", "info")
    if one.summary:
        Text("p", one.summary)
    _lines(_("In this call"), one.said)
    _lines(_("Lately"), one.lately)


def _lines(heading: str, lines: list[CallLine]) -> None:
    if not lines:
        return
    ui.label(heading).classes("m-label")
    with ui.element("div").classes("m-col m-near w-full"):
        for line in lines:
            where = " · ".join(
                part for part in (labels.said_by(line.who), line.channel_name, formats.ago(line.at) if line.at else "") if part
            )
            with ui.element("div").classes("m-col gap-0"):
                Text("span", where, "m-hint")
                Text("span", line.text, "m-text").props["dir"] = "auto"
