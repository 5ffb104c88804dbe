"""The tables of a page of figures as a file for spreadsheets."""

from collections.abc import Callable, Mapping
from urllib.parse import urlencode
from uuid import UUID

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

_REPORTS = {
    "conversations": "/v1/analytics/conversations/file",
    "messages": "/v1/analytics/messages/file",
    "campaigns": "/v1/analytics/campaigns/file",
    "assistant": "/v1/analytics/assistant/file",
    "calls": "/v1/analytics/calls/file",
    "consent": "/v1/analytics/consent/file",
    "origins": "/v1/analytics/origins/file",
    "board": "/v1/analytics/boards/{board_id}/file",
}
_MEDIA = {"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "csv": ""}


@page("/analytics/file", permission=Permission.ANALYTICS_READ)
async def figures_file(report: str = "", format: str = "") -> Response:
    form = format if format in _MEDIA else "xlsx"
    asked = {name: address().get(name) for name in ("since", "until", "compare", "touch", *FILTERS) if address().get(name)}
    board = asked.pop("board_id", "")
    if report == "board" and not _is_id(board):
        report = "messages"
    path = _REPORTS.get(report, _REPORTS["messages"]).format(board_id=board)
    return await hand_on(path, {**asked, "format": form}, media=_MEDIA[form])


def _is_id(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False


def offer(head: Frame, report: str, asked: Asked, more_asked: Callable[[], Mapping[str, str]] = dict) -> None:
    """The menu of the page's head: what is shown, as a file. `more_asked`: what this page asks beside."""

    def take(form: str) -> None:
        ui.navigate.to(
            f"/analytics/file?{urlencode({'report': report, 'format': form, 'board_id': asked.chosen('board_id'), **asked.params, **more_asked()})}"
        )

    with head.actions:
        more([
            Choice(_("As a spreadsheet (XLSX)"), lambda: take("xlsx"), "download"),
            Choice(_("As a table (CSV)"), lambda: take("csv"), "download"),
        ])  # fmt: skip
