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
from ui.pages.analytics.asked import Asked
from ui.routing import page

REPORTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "conversations": ("/v1/analytics/conversations/file", ("channel_id", "team_id", "user_id", "label_id", "tag")),
    "messages": ("/v1/analytics/messages/file", ("channel_id", "campaign_id")),
    "campaigns": ("/v1/analytics/campaigns/file", ("channel_id",)),
    "assistant": ("/v1/analytics/assistant/file", ("channel_id", "team_id", "tag")),
    "calls": ("/v1/analytics/calls/file", ("channel_id", "team_id", "tag")),
    "consent": ("/v1/analytics/consent/file", ("tag",)),
    "origins": ("/v1/analytics/origins/file", ("team_id", "tag", "touch")),
    "board": ("/v1/analytics/boards/{board_id}/file", ("owner_id", "team_id", "tag", "channel_id")),
}
"""Where each is, and which filters it knows."""
_MEDIA = {"xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", "csv": ""}


@page("/analytics/file", permission=Permission.ANALYTICS_READ)
async def figures_file(report: str = "", format: str = "") -> Response:
    form = format if format in _MEDIA else "xlsx"
    board = address().get("board_id") or ""
    if report == "board" and not _is_id(board):
        report = "messages"
    path, filters = REPORTS.get(report, REPORTS["messages"])
    asked = {name: value for name in ("since", "until", "compare", *filters) if (value := address().get(name))}
    return await hand_on(path.format(board_id=board), {**asked, "format": form}, media=_MEDIA[form])


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
