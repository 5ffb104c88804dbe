"""The sequences that somebody is in or was in; put into one, taken out of one."""

from functools import partial
from uuid import UUID

from nicegui import ui

from api.contract.base import Page
from api.contract.cadences import ContactCadence
from api.contract.contacts import ContactFilter
from api.contract.enums import CadenceState, EnrolmentState, Permission
from api.contract.events import CadenceProgress
from ui import formats, live, session
from ui.client import cadences as client
from ui.components.buttons import button
from ui.components.cards import card, item
from ui.components.confirm import confirm, dialog
from ui.components.forms import filled, select_field
from ui.components.menus import Choice, more
from ui.components.states import Loader, load, skeleton_list
from ui.components.text import badge
from ui.components.throttle import Throttle
from ui.components.toast import toast
from ui.i18n import _
from ui.labels import cadences as labels

_SHOWN = 5
"""Before "Show all"; those that they are in now stand first."""


class Cadences:
    """A card; nothing for those who may not see campaigns, and where there is nothing to say or do."""

    def __init__(self, contact_id: UUID) -> None:
        me = session.current()
        self._id, self._api, self._send = contact_id, me.api, me.may(Permission.CAMPAIGNS_SEND)
        if not me.may(Permission.CAMPAIGNS_READ):
            return
        self._all = False
        self._place: Loader[Page[ContactCadence]] = load(self._fetch, self._draw, lambda: skeleton_list(1))
        throttle = Throttle(lambda: self._place.refresh(only_changes=True), 5.0)
        live.on(CadenceProgress, lambda event: throttle.poke())

    async def _fetch(self) -> Page[ContactCadence]:
        return await client.of_contact(self._api, self._id)

    def _draw(self, found: Page[ContactCadence]) -> None:
        if not found.items and not self._send:
            return
        rows = sorted(found.items, key=lambda one: one.state is not EnrolmentState.ACTIVE)
        standing = {one.cadence_id for one in rows if one.state is EnrolmentState.ACTIVE}

        async def put() -> None:
            await self._put(standing)

        def actions() -> None:
            if self._send:
                button(_("Put in"), put, icon="add")

        with card(_("Sequences"), actions=actions, flush=bool(rows)):
            for one in rows if self._all else rows[:_SHOWN]:
                self._row(one)
            if len(rows) > _SHOWN and not self._all:
                with ui.element("div").classes("m-foot"):
                    button(_("Show all"), self._everything, kind="plain")
            if not rows:
                ui.label(_("In no sequence yet.")).classes("m-hint")

    def _row(self, one: ContactCadence) -> None:
        open_ = one.cadence_state in (CadenceState.RUNNING, CadenceState.PAUSED)
        with item():
            with ui.element("div").classes("m-col m-tight m-grow"):
                ui.link(one.cadence, f"/cadences/{one.cadence_id}").classes("m-strong m-clip")
                came = _("Came in {ago}").format(ago=formats.ago(one.entered_at))
                ui.label(f"{came}, {labels.source(one.source)}").classes("m-hint")
                badge(*labels.standing(one.state, one.reason, unsent=one.awaits_message)).classes("self-start")
            if self._send and open_ and one.state is EnrolmentState.ACTIVE:
                more([Choice(_("Take out"), partial(self._remove, one), "person_remove", danger=True)])

    async def _everything(self) -> None:
        self._all = True
        await self._place.refresh()

    async def _remove(self, one: ContactCadence) -> None:
        asked = _("Take them out of “{name}”?").format(name=one.cadence)
        if await confirm(asked, _("What waits to be sent to them is cancelled."), yes=_("Take out")):
            await client.remove(self._api, one.cadence_id, self._id)
            await self._place.refresh()

    async def _put(self, standing: set[UUID]) -> None:
        free = {one.id: one.name for one in await client.open_to_people(self._api) if one.id not in standing}

        async def put() -> None:
            if not filled([which]):
                return
            found = await client.enrol(self._api, which.value, ContactFilter(ids=[self._id]))
            box.close()
            if found.enrolled:
                toast(_("They are in it now."))
            else:
                text = _("They do not come in: they asked for no more messages, or were in it before and it takes nobody twice.")
                toast(text, "warn")
            await self._place.refresh()

        with dialog(_("Put into a sequence"), _("It begins with its first step, and leaves them as its rules say.")) as box:
            if free:
                which = select_field(_("Sequence"), free, search=len(free) > 10)
            else:
                ui.label(_("No other sequence runs now. Start one under “Sequences”.")).classes("m-hint")
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), box.close, kind="plain")
                if free:
                    button(_("Put in"), put, kind="primary")
        box.open()
