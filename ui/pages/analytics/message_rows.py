"""The messages behind a figure, as many as it says."""

from collections.abc import Mapping
from uuid import UUID

from nicegui import ui

from api.contract.analytics_messages import MessageCounted
from api.contract.base import Page
from api.contract.enums import MessageFact, Permission
from ui import formats, session
from ui.client import analytics as client
from ui.components.address import address
from ui.components.cells import Cell
from ui.components.frame import frame
from ui.components.query import Query
from ui.components.states import empty
from ui.components.table import Column, data_table
from ui.i18n import _
from ui.labels import reasons
from ui.pages.analytics import words
from ui.pages.analytics.asked import Asked
from ui.routing import page

_AUTHORS = ("person", "assistant", "phone", "api", "itself")


@page("/analytics/messages", permission=Permission.ANALYTICS_READ)
def message_rows(
    fact: str = MessageFact.SENT.value, of_campaigns: str = "", author: str = "", user_id: str = "", reason: str = ""
) -> None:
    known = MessageFact(fact) if fact in set(MessageFact) else MessageFact.SENT
    name, meaning = words.message_facts()[known]
    fixed = {
        "of_campaigns": of_campaigns if of_campaigns in ("true", "false") else "",
        "author": author if author in _AUTHORS else "",
        "user_id": _id(user_id),
        "reason": reason if reason in reasons.failures() else "",
    }
    with frame(
        name, meaning, breadcrumbs=[(_("Analytics"), "/analytics"), (_("Channels"), "/analytics/channels")], active="/analytics"
    ):
        _Rows(known, {key: value for key, value in fixed.items() if value})


def _id(text: str) -> str:
    try:
        return str(UUID(text))
    except ValueError:
        return ""


class _Rows:
    def __init__(self, fact: MessageFact, fixed: Mapping[str, str]) -> None:
        self._api, self._fact, self._fixed = session.current().api, fact, fixed
        self._asked = Asked(self._again, "channel_id", "campaign_id", rows=True)
        self._table = data_table(
            [
                Column("who", _("Conversation"), phone="title"),
                Column("at", _("When"), phone="sub"),
                Column("by", _("By"), phone="sub"),
                Column("channel", _("Channel")),
                Column("reason", _("Reason")),
            ],
            self._fetch,
            self._row,
            link=lambda one: f"/inbox/{one.conversation_id}" if one.conversation_id else None,
            draw_empty=self._draw_empty,
        )

    async def _again(self) -> None:
        address().write({"after": None, "page": None})
        await self._table.reload()

    async def _fetch(self, query: Query) -> Page[MessageCounted]:
        more = {"limit": query.limit, **({"cursor": query.cursor} if query.cursor else {})}
        return await client.message_rows(self._api, {**self._asked.params, **self._fixed, "fact": self._fact.value, **more})

    def _row(self, one: MessageCounted) -> Mapping[str, Cell]:
        known = reasons.failures()
        return {
            "id": str(one.id),
            "who": one.contact_name or _("Deleted"),
            "at": formats.moment(one.at),
            "by": one.campaign_name or one.author_name,
            "channel": one.channel_name,
            "reason": known[one.reason].name if one.reason in known else one.reason,
        }

    @staticmethod
    def _draw_empty() -> None:
        with ui.element("div"):
            empty("search_off", _("Nothing is counted here"), _("Choose more days, or fewer filters."))
