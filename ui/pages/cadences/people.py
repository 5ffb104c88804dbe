"""The people of a sequence: where each stands, why they left, who is put in and taken out."""

from typing import Any

from nicegui import ui

from api.contract.base import Page
from api.contract.cadences import Cadence, CadenceEnrolment
from api.contract.enums import CadenceState, EnrolmentState, Permission
from ui import formats, session
from ui.client import cadences as client
from ui.client import segments
from ui.client.base import ApiClient
from ui.components.buttons import button
from ui.components.cells import choice, person, state
from ui.components.confirm import confirm, dialog
from ui.components.forms import filled, mark
from ui.components.query import Filter, Query
from ui.components.states import empty
from ui.components.table import Column, DataTable, data_table
from ui.components.text import title
from ui.components.toast import toast
from ui.i18n import _, ngettext
from ui.labels import cadences as labels
from ui.pages.cadences import tree
from ui.pages.cadences.step_dialog import Known
from ui.pages.cadences.who import Who


class People:
    """A table with search, filters and pages: of those who are in it now, and of all who were."""

    def __init__(self, api: ApiClient, cadence: Cadence, known: Known, send: bool) -> None:
        self._api, self._cadence, self._known = api, cadence, known
        self._open = send and cadence.state in (CadenceState.RUNNING, CadenceState.PAUSED)
        self._shown: dict[str, CadenceEnrolment] = {}
        self._names = _names(cadence, known)
        with ui.element("section").classes("m-col m-near w-full"):
            with ui.element("div").classes("m-row m-between m-wrap"):
                title(_("People"))
                if self._open:
                    button(_("Put people in"), self._put, icon="person_add")
            self._table: DataTable[CadenceEnrolment] = data_table(
                [
                    Column("name", _("Person"), phone="title"),
                    Column("state", _("State"), phone="sub"),
                    Column("step", _("Stands at"), look="m-sub"),
                    Column("came", _("Came in"), look="m-sub"),
                    *([Column("out", _("Actions"), phone="end")] if self._open else []),
                ],
                self._fetch,
                self._row,
                search=_("Name, phone or e-mail"),
                filters=[Filter("state", _("State"), labels.enrolment_states()), Filter("step", _("Stands at"), self._names)],
                link=lambda one: f"/contacts/{one.contact_id}",
                on_choice=self._remove,
                draw_empty=self._blank,
            )

    async def _fetch(self, query: Query) -> Page[CadenceEnrolment]:
        asked = {"state": query.filters.get("state"), "step_id": query.filters.get("step"), "search": query.search or None}
        found = await client.people(self._api, self._cadence.id, {**asked, "cursor": query.cursor, "limit": query.limit})
        self._shown = {str(one.id): one for one in found.items}
        return found

    def _row(self, one: CadenceEnrolment) -> dict[str, Any]:
        name = one.name or _("Without a name")
        goes = self._open and one.state is EnrolmentState.ACTIVE
        return {
            "id": str(one.id),
            "name": person(name),
            "state": state(*labels.standing(one.state, one.reason, unsent=one.awaits_message)),
            "step": self._names.get(str(one.step_id), "") if one.step_id else "",
            "came": f"{formats.ago(one.entered_at)}, {labels.source(one.source)}",
            "out": choice(str(one.id), "out", _("Take out"), _("Take {name} out").format(name=name)) if goes else "",
        }

    def _blank(self) -> None:
        text = _("Put people in by a segment or a tag, or let them come in by themselves, under “Who and when”.")
        empty("group", _("Nobody yet"), text if self._open else _("Start the sequence first."))

    async def _remove(self, enrolment_id: str, _key: str) -> None:
        one = self._shown[enrolment_id]
        asked = _("Take {name} out?").format(name=one.name or _("Without a name"))
        if await confirm(asked, _("What waits to be sent to them is cancelled."), yes=_("Take out")):
            await client.remove(self._api, self._cadence.id, one.contact_id)
            await self._table.refresh()

    def _put(self) -> None:
        async def count() -> None:
            meant = who.filter
            people.text = ""
            if meant is not None:
                found = (await segments.count(self._api, meant)).count
                people.text = ngettext("{n} person is meant.", "{n} people are meant.", found).format(n=formats.number(found))

        async def put() -> None:
            meant = who.filter
            if who.person is not None and meant is None:
                mark({who.person.field: _("Look for somebody and choose them.")})
            if not filled(who.needed) or meant is None:
                return
            found = await client.enrol(self._api, self._cadence.id, meant)
            box.close()
            said = ngettext("{n} person came in.", "{n} people came in.", found.enrolled).format(n=formats.number(found.enrolled))
            toast(said)
            await self._table.refresh()

        text = _("Who is in it already, or asked for no more messages, stays as they are.")
        with dialog(_("Put people in"), text) as box:
            who = Who(
                _("Whom"),
                self._known,
                on_change=lambda: ui.timer(0, count, once=True) if box.value else None,
                people=self._api if session.current().may(Permission.CONTACTS_READ) else None,
            )
            if not who.ways:
                ui.label(_("Make a tag or a segment first, under “Contacts”.")).classes("m-hint")
            people = ui.label("").classes("m-hint").props("aria-live=polite")
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), box.close, kind="plain")
                button(_("Put in"), put, kind="primary")
        box.open()


def _names(cadence: Cadence, known: Known) -> dict[str, str]:
    """What each step is called, in their order."""
    found: dict[str, str] = {}
    for number, step_id in enumerate(tree.paths(cadence.plan.steps).values(), 1):
        step = tree.find(cadence.plan.steps, step_id)
        if step is not None:
            found[str(step_id)] = f"{number}. {labels.step(step, known.names)[1]}"
    return found
