"""What a figure of a board counts: the very leads behind it, as many as the figure says."""

from collections.abc import Mapping
from uuid import UUID

from nicegui import ui

from api.contract.analytics_boards import LeadCounted
from api.contract.base import Page
from api.contract.enums import LeadFact, Permission
from ui import formats, session
from ui.client import analytics as client
from ui.client import boards
from ui.components.address import address
from ui.components.cells import Cell
from ui.components.frame import frame
from ui.components.query import Query
from ui.components.states import empty
from ui.components.table import Column, data_table
from ui.i18n import _
from ui.pages.analytics import words
from ui.pages.analytics.asked import Asked
from ui.routing import page


@page("/analytics/leads", permission=Permission.ANALYTICS_READ)
def lead_rows(fact: str = LeadFact.ENTERED.value) -> None:
    known = LeadFact(fact) if fact in set(LeadFact) else LeadFact.ENTERED
    name, meaning = words.lead_facts()[known]
    with frame(
        name,
        meaning,
        breadcrumbs=[(_("Analytics"), "/analytics"), (_("Boards"), "/analytics/boards")],
        active="/analytics",
    ):
        _Rows(known)


def _id(name: str) -> str | None:
    try:
        return str(UUID(address().get(name)))
    except ValueError:
        return None


class _Rows:
    def __init__(self, fact: LeadFact) -> None:
        self._api, self._fact = session.current().api, fact
        self._stages = {name: _id(name) for name in ("stage_id", "to_stage_id")}
        self._asked = Asked(self._again, "board_id", "owner_id", "team_id", "tag", "channel_id", rows=True)
        self._table = data_table(
            [
                Column("who", _("Lead"), phone="title"),
                Column("at", _("When"), phone="sub"),
                Column("stage", _("Stage"), phone="sub"),
                Column("took", _("Took"), align="right", look="m-num"),
                Column("owner", _("Owner")),
                Column("reason", _("Reason")),
            ],
            self._fetch,
            self._row,
            link=lambda one: f"/boards/{self._asked.chosen('board_id')}?lead={one.lead_id}" if one.title is not None else None,
            draw_empty=self._draw_empty,
        )

    async def _again(self) -> None:
        address().write({"after": None, "page": None})
        await self._table.reload()

    async def _fetch(self, query: Query) -> Page[LeadCounted]:
        board = self._asked.chosen("board_id")
        if not board:
            known = await boards.boards(self._api)
            if not known:
                return Page(items=[], next_cursor=None, total=0)
            self._asked.choose("board_id", board := str(known[0].id))
        params = {**self._asked.params, **self._stages, "fact": self._fact.value, "limit": query.limit, "cursor": query.cursor}
        return await client.board_leads(
            self._api, UUID(board), {name: value for name, value in params.items() if value is not None}
        )

    def _row(self, one: LeadCounted) -> Mapping[str, Cell]:
        return {
            "id": str(one.id),
            "who": one.title or _("Deleted"),
            "at": formats.moment(one.at),
            "stage": one.stage_name,
            "took": formats.duration(max(1, one.seconds)) if one.seconds is not None else None,
            "owner": one.owner_name,
            "reason": one.reason,
        }

    def _draw_empty(self) -> None:
        with ui.element("div"):
            empty("search_off", _("Nothing is counted here"), _("Choose more days, or fewer filters."))
