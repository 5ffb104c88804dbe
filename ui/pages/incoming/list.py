"""The incoming webhooks of the company: which there are, what came last, and a new one."""

from functools import partial
from typing import Any

from nicegui import ui

from api.contract.enums import Permission
from api.contract.events import IncomingHookChanged
from api.contract.incoming import IncomingHook, IncomingHookMade
from ui import formats, live, session
from ui.client import incoming as client
from ui.client.base import ApiProblem
from ui.components import problems
from ui.components.buttons import button, copy_field
from ui.components.cards import note
from ui.components.confirm import dialog
from ui.components.forms import filled, text_field
from ui.components.frame import Frame, frame
from ui.components.states import Loader, empty, load, skeleton_figures
from ui.components.text import Text, badge
from ui.components.throttle import Throttle
from ui.i18n import _, ngettext
from ui.labels import incoming as labels
from ui.routing import page


@page("/incoming", permission=Permission.INCOMING_READ)
def incoming() -> None:
    with frame(
        _("Incoming webhooks"),
        _("What your forms, shop and spreadsheets tell Master IA, and what becomes of it"),
        breadcrumbs=[(_("Settings"), "/settings")],
        active="/settings",
    ) as head:
        _List(head)


class _List:
    def __init__(self, head: Frame) -> None:
        me = session.current()
        self._api, self._write = me.api, me.may(Permission.INCOMING_WRITE)
        with head.actions:
            self._new = button(_("New webhook"), self.new, kind="primary", icon="add")
        self._new.set_visibility(False)
        self._place: Loader[list[IncomingHook]] = load(lambda: client.hooks(self._api), self._draw, partial(skeleton_figures, 3))
        throttle = Throttle(self._again, 1.0)
        live.on(IncomingHookChanged, lambda event: throttle.poke())
        live.on_reset(self._again)

    async def _again(self) -> None:
        await self._place.refresh(only_changes=True)

    def _draw(self, hooks: list[IncomingHook]) -> None:
        self._new.set_visibility(self._write and bool(hooks))
        if not hooks:
            with ui.element("div").classes("m-card"):
                empty(
                    "webhook",
                    _("Let your form or shop tell who wrote"),
                    _(
                        "It posts to an address that you make here. Who filled in the form becomes a contact, a card or a message."
                    ),
                    action=_("Make the first webhook") if self._write else "",
                    on_click=self.new,
                )
            return
        with ui.element("div").classes("m-board-list"):
            for hook in hooks:
                _draw_card(hook)

    async def new(self) -> None:
        async def make() -> None:
            if not filled([name]):
                return
            try:
                made = await client.create(self._api, name.value.strip())
            except ApiProblem as error:
                problems.show_in({"name": name}, error)
                return
            inside.clear()
            with inside:
                show_address(made, box)

        with dialog(_("New webhook"), _("First only a name. Then you post a sample, and say what becomes of it.")) as box:
            with ui.element("div").classes("m-col") as inside:
                name = text_field(_("Name"), placeholder=_("Form on the site"), limit=120, on_enter=make)
                with ui.element("div").classes("m-dialog-foot"):
                    button(_("Cancel"), box.close, kind="plain")
                    button(_("Create"), make, kind="primary")
        box.open()


def show_address(made: IncomingHookMade, box: ui.dialog, go: Any = None) -> None:
    """The address, once."""
    with note("warn", _("Copy the address now. It is not shown again. Who knows it can post to it."), name="warning"):
        pass
    copy_field(made.url, label=_("Copy address"))
    Text(
        "p",
        _("Paste it where your form, shop or spreadsheet asks for a webhook address (URL). It posts JSON or form data."),
        "m-hint",
    )

    def on() -> None:
        box.close()
        ui.navigate.to(f"/incoming/{made.hook.id}") if go is None else go()

    with ui.element("div").classes("m-dialog-foot"):
        button(_("Go on"), on, kind="primary")


def _draw_card(hook: IncomingHook) -> None:
    with ui.link(target=f"/incoming/{hook.id}").classes("m-card m-press"):
        with ui.element("div").classes("m-row items-start w-full"):
            with ui.element("div").classes("m-col m-tight m-grow"):
                Text("h2", hook.name, "m-h2 m-clip")
                said = ngettext("{n} step", "{n} steps", len(hook.steps)).format(n=len(hook.steps))
                ui.label(said if hook.steps else _("Nothing is done with it yet")).classes("m-hint")
            if not hook.enabled:
                badge(_("Switched off"))
            elif hook.failed:
                badge(ngettext("{n} not done today", "{n} not done today", hook.failed).format(n=hook.failed), "bad")
        if hook.last_at is None or hook.last_state is None:
            ui.label(_("Nothing came yet")).classes("m-sub")
        else:
            with ui.element("div").classes("m-row m-near"):
                badge(labels.states()[hook.last_state], labels.STATE_TONES[hook.last_state])
                ui.label(formats.ago(hook.last_at)).classes("m-sub")
