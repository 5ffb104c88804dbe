"""What colleagues wrote down about a person or a lead, one line each."""

from collections.abc import Callable
from typing import Any

from nicegui import ui

from api.contract.contacts import Note
from ui import formats
from ui.components.buttons import icon_button
from ui.i18n import _


def note_line(one: Note, delete: Callable[[], Any] | None) -> None:
    """The words, who wrote them and when; `delete` None: they may only be read."""
    with ui.element("div").classes("m-row m-between items-start w-full"):
        with ui.element("div").classes("m-col m-tight m-grow"):
            ui.label(one.body).classes("m-text")
            who = one.author or _("Somebody who left")
            ui.label(f"{who} · {formats.moment(one.created_at)}").classes("m-hint")
        if delete is not None:
            icon_button("delete", _("Delete note"), delete)
