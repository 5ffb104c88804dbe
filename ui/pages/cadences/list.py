"""The sequences of the company: which run, how many people are on the way, and a new one."""

from functools import partial

from nicegui import ui

from api.contract.base import Page
from api.contract.cadences import CadenceRow
from api.contract.enums import Permission
from api.contract.events import CadenceChanged, CadenceDeleted, CadenceProgress
from ui import formats, live, session
from ui.client import cadences as client
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.buttons import button
from ui.components.confirm import dialog
from ui.components.forms import filled, text_field
from ui.components.frame import Frame, frame
from ui.components.states import Loader, empty, load, skeleton_figures
from ui.components.text import Text, badge
from ui.components.throttle import Throttle
from ui.i18n import _, ngettext
from ui.labels import cadences as labels
from ui.routing import page


@page("/cadences", permission=Permission.CAMPAIGNS_READ)
def cadences() -> None:
    with frame(_("Sequences"), _("Several messages over days: each person at their own pace")) as head:
        _List(head)


class _List:
    def __init__(self, head: Frame) -> None:
        me = session.current()
        self._api, self._write = me.api, me.may(Permission.CAMPAIGNS_WRITE)
        with head.actions:
            self._new = button(_("New sequence"), self.new, kind="primary", icon="add")
        self._new.set_visibility(False)
        self._place: Loader[Page[CadenceRow]] = load(lambda: client.cadences(self._api), self._draw, partial(skeleton_figures, 3))
        throttle = Throttle(self._again, 1.0)
        for kind in (CadenceChanged, CadenceDeleted, CadenceProgress):
            live.on(kind, lambda event: throttle.poke())
        live.on_reset(self._again)

    async def _again(self) -> None:
        await self._place.refresh(only_changes=True)

    def _draw(self, found: Page[CadenceRow]) -> None:
        self._new.set_visibility(self._write and bool(found.items))
        if not found.items:
            with ui.element("div").classes("m-card"):
                empty(
                    "route",
                    _("Stay in touch without having to think of it"),
                    _(
                        "A welcome today, a question in three days, an offer in a week. Who answers leaves the sequence by itself."
                    ),
                    action=_("Make the first sequence") if self._write else "",
                    on_click=self.new,
                )
            return
        with ui.element("div").classes("m-board-list"):
            for row in found.items:
                _draw_card(row)

    async def new(self) -> None:
        async def make() -> None:
            if not filled([name]):
                return
            try:
                made = await client.create(self._api, name.value.strip())
            except ApiProblem as error:
                problems.show_in({"name": name}, error)
                return
            box.close()
            ui.navigate.to(f"/cadences/{made.id}")

        with dialog(_("New sequence")) as box:
            name = text_field(_("Name"), placeholder=_("Welcome"), limit=120, on_enter=make)
            with ui.element("div").classes("m-dialog-foot"):
                button(_("Cancel"), box.close, kind="plain")
                button(_("Create"), make, kind="primary")
        box.open()


def _draw_card(row: CadenceRow) -> None:
    with ui.link(target=f"/cadences/{row.id}").classes("m-card m-press"):
        with ui.element("div").classes("m-row items-start w-full"):
            with ui.element("div").classes("m-col m-tight m-grow"):
                Text("h2", row.name, "m-h2 m-clip")
                people = row.people.active
                ui.label(
                    ngettext("{n} person on the way", "{n} people on the way", people).format(n=formats.number(people))
                ).classes("m-hint")
            badge(*labels.state(row.state))
        with ui.element("div").classes("m-row m-near m-wrap"):
            done = ngettext("{n} came to the end", "{n} came to the end", row.people.done)
            ui.label(done.format(n=formats.number(row.people.done))).classes("m-sub")
            if answered := row.people.stopped_by.get("replied", 0):
                said = ngettext("{n} left with an answer", "{n} left with an answer", answered)
                ui.label(said.format(n=formats.number(answered))).classes("m-sub")
        if row.changed:
            badge(_("Change not published"), "warn")
