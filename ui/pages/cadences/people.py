"""The people of a sequence: where each stands, why they left, who is put in and taken out."""

from functools import partial

from nicegui import ui

from api.contract.base import Page
from api.contract.cadences import Cadence, CadenceEnrolment
from api.contract.enums import CadenceState, EnrolmentState, EntrySource
from ui import formats
from ui.client import cadences as client
from ui.client import segments
from ui.client.base import ApiClient
from ui.components.buttons import button
from ui.components.cards import card, item
from ui.components.confirm import confirm, dialog
from ui.components.forms import filled
from ui.components.menus import Choice, more
from ui.components.states import Loader, empty, load, skeleton_list
from ui.components.text import badge
from ui.components.toast import toast
from ui.i18n import _, ngettext
from ui.labels import cadences as labels
from ui.pages.cadences.step_dialog import Known
from ui.pages.cadences.who import Who


class People:
    def __init__(self, api: ApiClient, cadence: Cadence, known: Known, send: bool) -> None:
        self._api, self._cadence, self._known = api, cadence, known
        self._open = send and cadence.state in (CadenceState.RUNNING, CadenceState.PAUSED)
        put = partial(button, _("Put people in"), self._put, icon="person_add") if self._open else None
        with card(_("People"), actions=put, flush=True):
            self._place: Loader[Page[CadenceEnrolment]] = load(
                lambda: client.people(self._api, cadence.id), self._draw, partial(skeleton_list, 4)
            )

    def _draw(self, found: Page[CadenceEnrolment]) -> None:
        if not found.items:
            text = _("Put people in by a segment or a tag, or let them come in by themselves, under “Who and when”.")
            empty("group", _("Nobody yet"), text if self._open else _("Start the sequence first."))
            return
        with ui.element("div").classes("w-full"):
            for one in found.items:
                self._row(one)
        if found.next_cursor:
            ui.label(_("The newest 50 are shown.")).classes("m-hint p-3")

    def _row(self, one: CadenceEnrolment) -> None:
        with item():
            with ui.element("div").classes("m-col m-tight m-grow"):
                ui.link(one.name or _("Without a name"), f"/contacts/{one.contact_id}").classes("m-strong m-clip")
                came = _("Came in {ago}").format(ago=formats.ago(one.entered_at))
                ui.label(came).classes("m-hint")
            if one.source in (EntrySource.RULE, EntrySource.HOOK):
                ui.label(labels.source(one.source)).classes("m-hint")
            badge(*labels.standing(one.state, one.reason, unsent=one.awaits_message))
            if self._open and one.state is EnrolmentState.ACTIVE:
                more([Choice(_("Take out"), partial(self._remove, one), "person_remove", danger=True)])

    async def _remove(self, one: CadenceEnrolment) -> None:
        name = one.name or _("Without a name")
        if await confirm(
            _("Take {name} out?").format(name=name), _("What waits to be sent to them is cancelled."), yes=_("Take out")
        ):
            await client.remove(self._api, self._cadence.id, one.contact_id)
            await self._place.refresh()

    def _put(self) -> None:
        async def count() -> None:
            meant = who.filter
            people.text = ""
            if meant is not None:
                found = (await segments.count(self._api, meant)).count
                people.text = ngettext("{n} person is meant.", "{n} people are meant.", found).format(n=formats.number(found))

        async def put() -> None:
            meant = who.filter
            if not filled(who.needed) or meant is None:
                return
            found = await client.enrol(self._api, self._cadence.id, meant)
            box.close()
            said = ngettext("{n} person came in.", "{n} people came in.", found.enrolled).format(n=formats.number(found.enrolled))
            toast(said)
            await self._place.refresh()

        text = _("Who is in it already, or asked for no more messages, stays as they are.")
        with dialog(_("Put people in"), text) as box:
            who = Who(_("Whom"), self._known, on_change=lambda: ui.timer(0, count, once=True) if box.value else None)
            if not who.ways:
                ui.label(_("Make a tag or a segment first, under “Contacts”.")).classes("m-hint")
            people = ui.label("").classes("m-hint").props("aria-live=polite")
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), box.close, kind="plain")
                button(_("Put in"), put, kind="primary")
        box.open()
