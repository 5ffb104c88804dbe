"""The history of changes: who did what and when, with filters, and as a file of what is shown. Nothing here can be changed."""

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi.responses import Response
from nicegui import ui

from api.contract.audit import AuditEntry
from api.contract.base import Page
from api.contract.enums import Permission
from ui import formats, session
from ui.client import accounts, audit
from ui.client.base import ApiProblem, Offline
from ui.components.address import address
from ui.components.buttons import button
from ui.components.cells import two_lines
from ui.components.download import hand_on
from ui.components.frame import Frame, frame
from ui.components.query import Filter, Query
from ui.components.states import empty
from ui.components.table import Column, data_table
from ui.components.text import chip
from ui.i18n import _, ngettext
from ui.labels import audit as labels
from ui.routing import page

PATH = "/settings/history"
DAYS = (1, 7, 30, 90)


@page(PATH, permission=Permission.AUDIT_READ)
async def history() -> None:
    with frame(_("History of changes"), breadcrumbs=[(_("Settings"), "/settings")]) as head:
        _History(head, await _people())


@page(f"{PATH}/export.csv", permission=Permission.AUDIT_READ)
async def export(
    action: str | None = None, actor_id: str | None = None, days: str | None = None, subject: str | None = None
) -> Response:
    """The API's file of what the table shows."""
    return await hand_on("/v1/audit/export.csv", _params({"action": action, "actor_id": actor_id, "days": days}, subject))


async def _people() -> dict[str, str]:
    """The team, to choose from; without it the other filters stay."""
    me = session.current()
    if not me.may(Permission.TEAM_READ):
        return {}
    try:
        return {str(one.user_id): one.name for one in await accounts.everybody(me.api)}
    except (ApiProblem, Offline):
        return {}


def _params(chosen: Any, subject: str | None) -> dict[str, str | None]:
    """As the API takes it: days are counted back from now."""
    days = chosen.get("days")
    since = datetime.now(UTC) - timedelta(days=int(days)) if days in map(str, DAYS) else None
    return {
        "action": chosen.get("action"),
        "actor_id": chosen.get("actor_id"),
        "subject_id": subject,
        "since": since.isoformat() if since else None,
    }


def _subject() -> str | None:
    """The thing whose history is asked for; what is no id asks for nothing less than all of them."""
    try:
        return str(UUID(address().get("subject")))
    except ValueError:
        return None


class _History:
    def __init__(self, head: Frame, people: dict[str, str]) -> None:
        self._api, self._head, self._about = session.current().api, head, _subject()
        self._chosen: dict[str, str] | None = None
        with head.actions:
            self._export = ui.element("div").classes("m-row")
        if self._about:
            with ui.element("div").classes("m-row"):
                chip(_("Only one thing"), on=True, on_remove=lambda: ui.navigate.to(PATH))
        days = {str(n): ngettext("Last {n} day", "Last {n} days", n).format(n=n) for n in DAYS}
        data_table(
            [
                Column("what", _("What"), phone="title"),
                Column("who", _("Who"), phone="sub"),
                Column("when", _("When"), look="m-sub", phone="end"),
                Column("ip", _("Internet address"), look="m-hint"),
            ],
            self._fetch,
            self._row,
            filters=[
                *([Filter("actor_id", _("Who"), people)] if people else []),
                Filter("action", _("What"), labels.families()),
                Filter("days", _("When"), days),
            ],
            link=lambda one: f"{PATH}?subject={one.subject_id}" if one.subject_id and not self._about else None,
            draw_empty=lambda: empty("history", _("Nothing yet"), _("Here stands who changed what, once somebody does.")),
        )

    async def _fetch(self, query: Query) -> Page[AuditEntry]:
        if self._chosen != dict(query.filters):
            self._chosen = dict(query.filters)
            self._draw_export()
        params = _params(query.filters, self._about)
        return await audit.entries(self._api, {**params, "cursor": query.cursor, "limit": query.limit})

    def _draw_export(self) -> None:
        self._export.clear()
        asked = {**(self._chosen or {}), **({"subject": self._about} if self._about else {})}
        with self._export:
            link = button(_("Export"), icon="download", to=f"{PATH}/export.csv" + (f"?{urlencode(asked)}" if asked else ""))
            link.props["download"] = ""
            link.tooltip(_("As a spreadsheet (CSV), of what is shown here"))

    def _row(self, one: AuditEntry) -> dict[str, Any]:
        name = one.data.get("name") or one.data.get("host")  # of what it is about, where it was written down
        return {
            "id": str(one.id),
            "what": two_lines(labels.line(one.action), name if isinstance(name, str) else ""),
            "who": labels.actor(one),
            "when": formats.moment(one.at),
            "ip": one.ip or "",
        }
