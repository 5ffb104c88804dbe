"""What was asked of the API in the last week and how it was answered: where a partner's developer is helped by the id of a request."""

from typing import Any

from nicegui import ui

from api.contract.audit import LoggedRequest
from api.contract.base import Page
from api.contract.enums import Permission
from ui import formats, session
from ui.client import audit
from ui.components.address import address
from ui.components.cells import two_lines
from ui.components.frame import frame
from ui.components.query import Filter, Query
from ui.components.states import empty
from ui.components.table import Column, data_table
from ui.components.text import chip
from ui.i18n import _
from ui.routing import page

PATH = "/settings/requests"


@page(PATH, permission=Permission.AUDIT_READ)
def requests() -> None:
    with frame(_("API requests"), breadcrumbs=[(_("Settings"), "/settings"), (_("API keys"), "/settings?tab=keys")]):
        _Requests()


class _Requests:
    def __init__(self) -> None:
        self._api, self._key = session.current().api, address().get("key") or None
        if self._key:
            with ui.element("div").classes("m-row"):
                chip(_("Only one key"), on=True, on_remove=lambda: ui.navigate.to(PATH))
        data_table(
            [
                Column("what", _("Request"), phone="title"),
                Column("status", _("Answer"), phone="end"),
                Column("who", _("Who"), phone="sub"),
                Column("took", _("Duration"), look="m-sub", align="right"),
                Column("when", _("When"), look="m-sub"),
            ],
            self._fetch,
            self._row,
            filters=[
                Filter("by", _("Who"), {"keys": _("API keys only")}),
                Filter("answer", _("Answer"), {"failed": _("Refused or failed")}),
            ],
            search=_("Request id"),
            draw_empty=lambda: empty(
                "receipt_long",
                _("Nothing yet"),
                _("Here stands what was asked of the API in the last week, and how it was answered."),
            ),
        )

    async def _fetch(self, query: Query) -> Page[LoggedRequest]:
        return await audit.requests(
            self._api,
            {
                "request_id": (query.search or "").strip() or None,
                "actor_id": self._key,
                "failed": "true" if query.filters.get("answer") == "failed" else None,
                "keys": "true" if query.filters.get("by") == "keys" else None,
                "cursor": query.cursor,
                "limit": query.limit,
            },
        )

    def _row(self, one: LoggedRequest) -> dict[str, Any]:
        return {
            "id": str(one.id),
            "what": two_lines(f"{one.method} {one.path}", one.request_id),
            "status": f"{one.status} {one.code}" if one.code else str(one.status),
            "who": one.actor_name or "",
            "took": f"{one.milliseconds:.0f} ms",
            "when": formats.moment(one.at),
        }
