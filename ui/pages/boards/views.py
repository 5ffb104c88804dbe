"""The looks of a board, columns, list and appointments, and what the first two are filtered by."""

from typing import Literal
from urllib.parse import urlencode
from uuid import UUID

from nicegui import ui

from ui.components.address import address
from ui.components.buttons import icon_button
from ui.i18n import _

OWN = "own."  # in front of the key of a board's field, in the address


def dues() -> dict[str, str]:
    """When leads are due, as the API asks for it."""
    return {"overdue": _("Overdue"), "today": _("Today"), "week": _("Next 7 days"), "none": _("Without a date")}


def view_switch(board_id: UUID, shown: Literal["board", "list", "agenda"]) -> None:
    """Leads to the other looks, with the same search and filters."""

    def go() -> None:
        names = [name for name in address().names if name in ("q", "owner", "tag", "due") or name.startswith(OWN)]
        kept = [(name, address().get(name)) for name in names]
        at = f"/boards/{board_id}" + ("/list" if shown == "board" else "")
        ui.navigate.to(at + (f"?{urlencode(kept)}" if kept else ""))

    if shown == "board":
        icon_button("view_list", _("Show as a list"), go)
    else:
        icon_button("view_kanban", _("Show as a board"), go)
    if shown != "agenda":
        icon_button("calendar_month", _("Appointments"), lambda: ui.navigate.to(f"/boards/{board_id}/appointments"))
