"""What is shown in place of a page: not found, not allowed, our fault, no connection. Says the way out."""

from nicegui import ui

from ui.components.buttons import button
from ui.components.landmarks import main
from ui.components.text import Text, icon
from ui.i18n import _


def draw(status: int) -> None:
    """Draws the page for 403, 404, 500 or 503 into the current place."""
    symbol, heading, text = {
        403: ("lock", _("You cannot open this page"), _("Your role does not allow it. Ask an administrator of your company.")),
        404: ("explore_off", _("There is no such page"), _("The address may be wrong, or what was here is gone.")),
        500: (
            "error",
            _("Something went wrong on our side"),
            _("It was noted. Load the page again; if it stays, tell us when it happened."),
        ),
        503: ("cloud_off", _("No connection to the service"), _("We are trying to get back. Load the page again in a moment.")),
    }[status]
    ui.page_title(f"{heading} · Master IA")
    with main("m-state m-state-page" + (" m-state-bad" if status >= 500 else "")):
        with ui.element("div").classes("m-state-icon"):
            icon(symbol)
        Text("h1", heading, "m-title")
        Text("p", text, "m-sub")
        with ui.element("div").classes("m-actions"):
            if status >= 500:
                button(_("Load again"), ui.navigate.reload, kind="primary", icon="refresh")
            else:
                button(_("To the first page"), kind="primary", to="/")
