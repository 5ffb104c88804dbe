"""How the installation is, for owners: what is not well first, each with what to do; then the rest, and versions."""

from nicegui import ui

from api.contract.enums import Permission, StatusLevel
from api.contract.status import InstallationStatus, StatusLine
from ui import live, session
from ui.client import status as client
from ui.components.beat import beat
from ui.components.buttons import button
from ui.components.cards import card, item, key_values, note
from ui.components.frame import frame
from ui.components.states import Loader, load, skeleton_list
from ui.components.text import badge, dot
from ui.i18n import _
from ui.labels import status as labels
from ui.routing import page

EVERY = 15.0
_ORDER = (StatusLevel.BAD, StatusLevel.WARN, StatusLevel.OK)


@page("/settings/health", permission=Permission.COMPANY_WRITE)
def health() -> None:
    api = session.current().api
    with frame(
        _("Health"),
        _("Whether everything works, and what to do where not"),
        breadcrumbs=((_("Settings"), "/settings"),),
        active="/settings",
    ):
        place: Loader[InstallationStatus] = load(lambda: client.status(api), _draw, lambda: skeleton_list(8))
    beat(EVERY, lambda: place.refresh(only_changes=True))
    live.on_reset(place.refresh)


def _draw(found: InstallationStatus) -> None:
    wrong = [one for one in found.checks if one.level is not StatusLevel.OK]
    if not wrong:
        with note("ok", _("All is well."), name="check_circle"):
            pass
    with card(_("What is looked at"), flush=True):
        for one in sorted(found.checks, key=lambda one: _ORDER.index(one.level)):
            _line(one)
    with card(_("Versions")):
        key_values(found.versions.items())


def _line(one: StatusLine) -> None:
    words, (name, tone) = labels.words(one), labels.level(one.level)
    with item():
        dot(tone)
        with ui.element("div").classes("m-col m-tight m-grow"):
            ui.label(words.name).classes("m-strong")
            ui.label(words.said).classes("m-hint")
            if one.level is not StatusLevel.OK and words.todo:
                ui.label(words.todo).classes("m-sub")
        if one.level is not StatusLevel.OK and words.path:
            button(_("Open"), to=words.path)
        badge(name, tone)
