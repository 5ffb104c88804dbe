"""The tables of a page of figures as a file for spreadsheets."""

from urllib.parse import urlencode

from fastapi.responses import Response
from nicegui import ui

from api.contract.enums import Permission
from ui.components.address import address
from ui.components.download import hand_on
from ui.components.frame import Frame
from ui.components.menus import Choice, more
from ui.i18n import _
from ui.pages.analytics.asked import FILTERS, Asked
from ui.routing import page

_REPORTS = ("conversations", "messages", "campaigns")
_MEDIA = {"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "csv": ""}


@page("/analytics/file", permission=Permission.ANALYTICS_READ)
async def figures_file(report: str = "", format: str = "") -> Response:
    form = format if format in _MEDIA else "xlsx"
    asked = {name: address().get(name) for name in ("since", "until", *FILTERS) if address().get(name)}
    path = f"/v1/analytics/{report if report in _REPORTS else 'messages'}/file"
    return await hand_on(path, {**asked, "format": form}, media=_MEDIA[form])


def offer(head: Frame, report: str, asked: Asked) -> None:
    """The menu of the page's head: what is shown, as a file."""

    def take(form: str) -> None:
        ui.navigate.to(f"/analytics/file?{urlencode({'report': report, 'format': form, **asked.params})}")

    with head.actions:
        more([
            Choice(_("As a spreadsheet (XLSX)"), lambda: take("xlsx"), "download"),
            Choice(_("As a table (CSV)"), lambda: take("csv"), "download"),
        ])  # fmt: skip
