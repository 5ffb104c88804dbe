"""The dialog that asks for a campaign's name."""

from collections.abc import Callable

from nicegui import ui

from ui.components.buttons import button
from ui.components.confirm import dialog
from ui.components.forms import filled, text_field
from ui.i18n import _


def ask_name(current: str, renamed: Callable[[str], None]) -> None:
    """Opens the dialog; `renamed` gets the new name, never an empty one."""

    def done() -> None:
        if filled([name]):
            renamed(name.value.strip())
            box.close()

    with dialog(_("Name of the campaign")) as box:
        name = text_field("", current, limit=120, on_enter=done)
        name.control.props["aria-label"] = _("Name of the campaign")
        with ui.element("div").classes("m-dialog-foot"):
            button(_("Cancel"), box.close, kind="plain")
            button(_("Rename"), done, kind="primary")
    box.open()
    name.focus()
