"""The team in figures: who answered, how soon, who closed and who wrote how much."""

from uuid import UUID

from fastapi.responses import Response
from nicegui import ui

from api.contract.analytics import ConversationAnalytics, MessageAnalytics, TalkFigures
from api.contract.enums import FigurePage, Permission, TalkFact
from api.contract.events import ConversationAnswered, ConversationClosed
from ui import formats, session
from ui.client import analytics as client
from ui.components.cards import card
from ui.components.frame import Frame, frame
from ui.components.states import empty, load, skeleton_card
from ui.i18n import _, pgettext
from ui.pages.analytics import pieces, words
from ui.pages.analytics.asked import Asked
from ui.pages.analytics.files import offer
from ui.pages.analytics.pieces import Cell
from ui.pages.analytics.views import Views, opening
from ui.routing import page

Found = tuple[ConversationAnalytics, MessageAnalytics]


@page("/analytics/people", permission=Permission.ANALYTICS_READ)
async def people_figures() -> Response | None:
    if (elsewhere := await opening(FigurePage.PEOPLE)) is not None:
        return elsewhere
    with frame(
        _("People in figures"),
        _("Who answered, how soon, and how much"),
        breadcrumbs=[(_("Analytics"), "/analytics")],
        active="/analytics",
    ) as head:
        pieces.ways("/analytics/people")
        _People(head)
    return None


class _People:
    def __init__(self, head: Frame) -> None:
        self._api = session.current().api
        self._asked = Asked(self._again, "channel_id", "team_id", "tag")
        Views(head, FigurePage.PEOPLE, self._asked)
        offer(head, "conversations", self._asked)
        self._place = load(self._fetch, self._draw, lambda: skeleton_card(6), "m-col m-loose w-full")
        pieces.follow(self._again, ConversationAnswered, ConversationClosed)

    async def _again(self) -> None:
        await self._place.refresh(only_changes=True)

    async def _fetch(self) -> Found:
        params = self._asked.params
        return await client.conversations(self._api, params), await client.messages(self._api, self._asked.only("channel_id"))

    def _draw(self, both: Found) -> None:
        found, sent = both
        wrote = {one.id: one for one in sent.people}
        known: dict[UUID, tuple[str, TalkFigures | None]] = {
            one.id: (one.name, one.figures) for one in found.people if one.id is not None
        }
        for key, one in wrote.items():
            known.setdefault(key, (one.name, None))
        if not known:
            with ui.element("div").classes("m-card"):
                text = _("As soon as somebody of your team answers or closes a conversation, you see it here.")
                empty("group", _("Nobody answered in these days"), text, action=_("To the conversations"), to="/inbox")
            return
        rows: list[list[Cell | str]] = []
        for key, (name, figures) in known.items():

            def count(fact: TalkFact, key: UUID = key, figures: TalkFigures | None = figures) -> Cell | str:
                n = getattr(figures, fact.value) if figures is not None else 0
                return (
                    Cell(formats.number(n), self._asked.link("/analytics/talks", fact=fact.value, user_id=str(key))) if n else "0"
                )

            first, closed = (figures.times_answered, figures.times_closed) if figures is not None else (None, None)
            rows.append([
                name or _("Left the team"), count(TalkFact.ANSWERED), pieces.took(first.median if first else None), pieces.took(first.most if first else None),
                count(TalkFact.CLOSED), pieces.took(closed.median if closed else None), self._wrote(key, wrote[key].sent if key in wrote else 0),
            ])  # fmt: skip
        heads = [
            _("Person"), _("First answers"), _("Half within"), _("Nine in ten within"), pgettext("figures", "Closed"), _("Closed, half within"), _("Messages sent"),
        ]  # fmt: skip
        with card(_("By person"), flush=True):
            pieces.table(_("By person"), heads, rows)
        hint = (
            _("Messages sent are of everything that a person wrote: they are not kept by channel, team or tag.")
            if self._asked.narrowed
            else ""
        )
        if hint:
            ui.label(hint).classes("m-hint")
        pieces.meanings(words.conversations())
        pieces.foot(found.period)

    def _wrote(self, key: UUID, n: int) -> Cell | str:
        to = self._asked.link("/analytics/messages", fact="sent", user_id=str(key), channel_id="")
        return Cell(formats.number(n), to) if n else "0"
