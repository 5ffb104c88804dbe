"""What a figure counts: the very conversations behind it, as many as the figure says."""

from collections.abc import Mapping

from nicegui import ui

from api.contract.analytics import Talk
from api.contract.base import Page
from api.contract.enums import Permission, TalkFact
from ui import formats, session
from ui.client import analytics as client
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


@page("/analytics/talks", permission=Permission.ANALYTICS_READ)
def talk_rows(fact: str = TalkFact.OPENED.value) -> None:
    known = TalkFact(fact) if fact in set(TalkFact) else TalkFact.OPENED
    name, meaning = words.facts()[known]
    with frame(
        name,
        meaning,
        breadcrumbs=[(_("Analytics"), "/analytics"), (_("Conversations"), "/analytics/conversations")],
        active="/analytics",
    ):
        _Rows(known)


class _Rows:
    def __init__(self, fact: TalkFact) -> None:
        self._api, self._fact = session.current().api, fact
        self._asked = Asked(self._again, "channel_id", "team_id", "user_id", "label_id", "tag", rows=True)
        self._table = data_table(
            [
                Column("who", _("Conversation"), phone="title"),
                Column("at", _("When"), phone="sub"),
                Column("took", _("Took"), align="right", look="m-num", phone="end"),
                Column("person", _("Person"), phone="sub"),
                Column("team", _("Team")),
                Column("channel", _("Channel")),
            ],
            self._fetch,
            self._row,
            link=lambda one: f"/inbox/{one.conversation_id}" if one.conversation_id else None,
            draw_empty=self._draw_empty,
        )  # fmt: skip

    async def _again(self) -> None:
        address().write({"after": None, "page": None})
        await self._table.reload()

    async def _fetch(self, query: Query) -> Page[Talk]:
        params = {**self._asked.params, "fact": self._fact.value, "limit": query.limit, "cursor": query.cursor}
        return await client.talks(self._api, params)

    def _row(self, one: Talk) -> Mapping[str, Cell]:
        return {
            "id": str(one.id),
            "who": one.contact_name or _("Deleted"),
            "at": formats.moment(one.at),
            "took": formats.duration(max(1, one.seconds)) if one.seconds is not None else None,
            "person": one.user_name,
            "team": one.team_name,
            "channel": one.channel_name,
        }

    def _draw_empty(self) -> None:
        with ui.element("div"):
            empty("search_off", _("Nothing is counted here"), _("Choose more days, or fewer filters."))
