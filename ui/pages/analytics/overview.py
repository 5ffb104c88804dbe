"""The figures at a glance: messages, conversations and money of a period beside those before."""

from fastapi.responses import Response
from nicegui import ui

from api.contract.analytics import ConversationAnalytics, MessageAnalytics
from api.contract.analytics_summary import AnalyticsSummary
from api.contract.enums import FigurePage, Permission
from api.contract.events import CampaignEvent, ConversationAnswered, ConversationClosed, ConversationUpdated
from ui import formats, session
from ui.client import analytics as client
from ui.components.cards import card, figures
from ui.components.frame import Frame, frame
from ui.components.states import empty, load, skeleton_card, skeleton_chart, skeleton_figures
from ui.components.text import Text
from ui.i18n import _, pgettext, preferences
from ui.pages.analytics import pieces, words
from ui.pages.analytics.asked import Asked
from ui.pages.analytics.files import offer
from ui.pages.analytics.happened import Happened
from ui.pages.analytics.views import Views, opening
from ui.routing import page

Found = tuple[MessageAnalytics, ConversationAnalytics | None]


@page("/analytics", permission=Permission.ANALYTICS_READ)
async def overview() -> Response | None:
    if (elsewhere := await opening(FigurePage.OVERVIEW)) is not None:
        return elsewhere
    with frame(_("Analytics"), _("What was sent, answered and spent, and how that changes")) as head:
        pieces.ways("/analytics")
        _Overview(head)
    return None


def _skeleton() -> None:
    skeleton_figures(4)
    skeleton_figures(4)
    skeleton_chart()


class _Overview:
    def __init__(self, head: Frame) -> None:
        self._api, self._talks = session.current().api, session.current().may(Permission.CONVERSATIONS_READ)
        self._asked = Asked(self._again, "channel_id", "campaign_id", "team_id", "tag")
        Views(head, FigurePage.OVERVIEW, self._asked)
        offer(head, "messages", self._asked)
        if all(map(session.current().may, (Permission.CONVERSATIONS_READ, Permission.CAMPAIGNS_READ, Permission.BOARDS_READ))):
            load(self._fetch_week, self._draw_week, lambda: skeleton_card(2), "w-full")
        self._place = load(self._fetch, self._draw, _skeleton, "m-col m-loose w-full")
        self._happened = Happened(self._asked)
        pieces.follow(self._again, CampaignEvent, ConversationUpdated, ConversationAnswered, ConversationClosed)

    async def _again(self) -> None:
        await self._place.refresh(only_changes=True)
        await self._happened.refresh()

    async def _fetch(self) -> Found:
        found = await client.messages(self._api, self._asked.only("channel_id", "campaign_id"))
        shown = self._talks and not self._asked.chosen("campaign_id")  # conversations are of no campaign
        return found, await client.conversations(self._api, self._asked.params) if shown else None

    async def _fetch_week(self) -> AnalyticsSummary:
        return await client.summary(self._api, preferences().language)

    @staticmethod
    def _draw_week(found: AnalyticsSummary) -> None:
        days = _("{first} to {last}, beside the seven days before").format(
            first=formats.day(found.period.since), last=formats.day(found.period.until)
        )
        with card(_("The week in short"), hint=days):
            for sentence in found.sentences:
                Text("p", sentence, "m-sub")

    def _rows(self, fact: str) -> str:
        """Where the messages behind a figure are listed, for who may see them."""
        return self._asked.link("/analytics/messages", fact=fact) if self._talks else self._asked.link("/analytics/channels")

    def _draw(self, both: Found) -> None:
        found, talks = both
        now, before = found.figures, found.before
        if not any((now.sent, now.received, now.failed, before.sent, before.received)) and not self._asked.narrowed:
            with ui.element("div").classes("m-card"):
                empty(
                    "monitoring", _("No figures yet"), _("As soon as messages go out or come in, you see here what came of them."),
                    action=_("Send a campaign"), to="/campaigns",
                )  # fmt: skip
            return
        link, wide = self._asked.link, self._asked.wide("channel_id", "campaign_id")
        with figures():
            pieces.beside(_("Sent"), now.sent, before.sent, words.SENT(), wide=wide, to=self._rows("sent"))
            for name, fact, part, was, meaning in (
                (_("Delivered"), "delivered", now.delivered, before.delivered, words.DELIVERED()),
                (_("Read"), "read", now.read, before.read, words.READ()),
                (_("Replied"), "replied", now.replied, before.replied, words.REPLIED()),
            ):
                share, hint = (part / now.sent if now.sent else None), formats.number(part)
                pieces.beside(
                    name, share, was / before.sent if before.sent else None, meaning, show=words.share, more_is="good",
                    hint=_("{n} of those sent").format(n=hint), wide=wide, to=self._rows(fact),
                )  # fmt: skip
            pieces.beside(
                _("Failed"), now.failed, before.failed, words.FAILED(), more_is="bad", wide=wide, to=self._rows("failed")
            )
            pieces.beside(_("Received"), now.received, before.received, words.RECEIVED(), wide=wide, to=self._rows("received"))
            if talks is not None:
                rows = "/analytics/talks"
                pieces.beside(
                    _("Conversations opened"),
                    talks.figures.opened,
                    talks.before.opened,
                    words.OPENED(),
                    to=link(rows, fact="opened"),
                )
                pieces.beside(
                    _("First answer by people"), talks.figures.times_answered.median, talks.before.times_answered.median, words.ANSWERED(),
                    show=pieces.took, more_is="bad", to=link(rows, fact="answered"),
                )  # fmt: skip
            was_spent = {one.currency: one for one in found.spent_before}
            for one in found.spent:
                earlier = was_spent.get(one.currency)
                if one.currency is not None:
                    pieces.beside(
                        _("Spent"), one.amount_micro, earlier.amount_micro if earlier else 0, words.SPENT(),
                        show=words.money(one.currency), wide=wide, to=link("/analytics/campaigns"),
                    )  # fmt: skip
        days = [one.day for one in found.days]
        pieces.by_day(
            _("Messages by day"), days,
            [(_("Sent"), [one.figures.sent for one in found.days]), (_("Received"), [one.figures.received for one in found.days])],
            label=_("Messages sent and received on each day"), hint=wide,
        )  # fmt: skip
        if talks is not None:
            pieces.by_day(
                _("Conversations by day"), [one.day for one in talks.days],
                [(_("Opened"), [one.opened for one in talks.days]), (pgettext("figures", "Closed"), [one.closed for one in talks.days])],
                label=_("Conversations opened and closed on each day"),
            )  # fmt: skip
        pieces.meanings(words.messages() + (words.conversations() if talks is not None else []))
        pieces.foot(found.period)
