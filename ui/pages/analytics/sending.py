"""Campaigns and channels in figures: how far messages came, why some failed, what they cost."""

from collections.abc import Callable

from fastapi.responses import Response
from nicegui import ui

from api.contract.analytics import CampaignAnalytics, MessageAnalytics
from api.contract.costs import CostSpent
from api.contract.enums import FigurePage, Permission
from api.contract.events import CampaignEvent
from ui import formats, session
from ui.client import analytics as client
from ui.components.cards import card, figures, key_values
from ui.components.charts import funnel
from ui.components.frame import Frame, frame
from ui.components.states import empty, load, skeleton_card
from ui.i18n import _, ngettext
from ui.labels import reasons
from ui.pages.analytics import pieces, words
from ui.pages.analytics.asked import Asked
from ui.pages.analytics.files import offer
from ui.pages.analytics.pieces import Cell
from ui.pages.analytics.views import Views, opening
from ui.routing import page


@page("/analytics/campaigns", permission=Permission.ANALYTICS_READ)
async def campaign_figures() -> Response | None:
    if (elsewhere := await opening(FigurePage.CAMPAIGNS)) is not None:
        return elsewhere
    with frame(
        _("Campaigns in figures"),
        _("Those that started in these days"),
        breadcrumbs=[(_("Analytics"), "/analytics")],
        active="/analytics",
    ) as head:
        pieces.ways("/analytics/campaigns")
        _Campaigns(head)
    return None


@page("/analytics/channels", permission=Permission.ANALYTICS_READ)
async def channel_figures() -> Response | None:
    if (elsewhere := await opening(FigurePage.CHANNELS)) is not None:
        return elsewhere
    with frame(
        _("Channels in figures"),
        _("How far messages came, and what they cost"),
        breadcrumbs=[(_("Analytics"), "/analytics")],
        active="/analytics",
    ) as head:
        pieces.ways("/analytics/channels")
        _Channels(head)
    return None


def _cost(spent: list[CostSpent]) -> str:
    found = [words.money(one.currency)(one.amount_micro) for one in spent if one.currency]
    return " · ".join(found) or formats.DASH


class _Campaigns:
    def __init__(self, head: Frame) -> None:
        self._api = session.current().api
        self._asked = Asked(self._again, "channel_id")
        Views(head, FigurePage.CAMPAIGNS, self._asked)
        offer(head, "campaigns", self._asked)
        self._place = load(self._fetch, self._draw, lambda: skeleton_card(6), "m-col m-loose w-full")
        pieces.follow(self._again, CampaignEvent)

    async def _again(self) -> None:
        await self._place.refresh(only_changes=True)

    async def _fetch(self) -> CampaignAnalytics:
        return await client.campaigns(self._api, self._asked.params)

    def _draw(self, found: CampaignAnalytics) -> None:
        if not found.items:
            with ui.element("div").classes("m-card"):
                empty(
                    "campaign", _("No campaign started in these days"), _("Choose more days, or send one."),
                    action=_("To the campaigns"), to="/campaigns",
                )  # fmt: skip
            return
        all_of = [one.figures for one in found.items]
        self._draw_figures(found)
        with card(_("From sent to replied"), hint=_("All campaigns of these days together")):
            funnel([
                (_("Sent"), sum(one.sent for one in all_of)), (_("Delivered"), sum(one.delivered for one in all_of)),
                (_("Read"), sum(one.read for one in all_of)), (_("Replied"), sum(one.replied for one in all_of)),
            ])  # fmt: skip
        rows: list[list[Cell | str]] = []
        for one in found.items:
            n = one.figures
            rows.append([
                Cell(one.name, f"/campaigns/{one.id}/report"), formats.moment(one.started_at), one.channel_name, formats.number(n.sent),
                formats.percent(n.delivered, n.sent), formats.percent(n.read, n.sent), formats.percent(n.replied, n.sent), formats.number(n.failed),
                _cost(one.spent),
            ])  # fmt: skip
        heads = [
            _("Campaign"),
            _("Started"),
            _("Channel"),
            _("Sent"),
            _("Delivered"),
            _("Read"),
            _("Replied"),
            _("Failed"),
            _("Cost"),
        ]
        hint = ""
        if found.total > len(found.items):
            hint = _("The newest {n} of {total}").format(n=formats.number(len(found.items)), total=formats.number(found.total))
        with card(_("By campaign"), hint=hint, flush=True):
            pieces.table(_("By campaign"), heads, rows)
        pieces.meanings(words.messages())
        pieces.foot(found.period, compared=False)

    @staticmethod
    def _draw_figures(found: CampaignAnalytics) -> None:
        """Of all campaigns together, beside those of the period before."""
        n, was = [one.figures for one in found.items], found.before
        sent = sum(one.sent for one in n)
        with figures():
            pieces.beside(_("Campaigns started"), found.total, was.campaigns, _("Campaigns that started on these days."))
            pieces.beside(_("Sent"), sent, was.sent, words.SENT())
            for name, part, before, meaning in (
                (_("Delivered"), sum(one.delivered for one in n), was.delivered, words.DELIVERED()),
                (_("Read"), sum(one.read for one in n), was.read, words.READ()),
                (_("Replied"), sum(one.replied for one in n), was.replied, words.REPLIED()),
            ):
                now, then = (part / sent if sent else None), (before / was.sent if was.sent else None)
                pieces.beside(name, now, then, meaning, show=words.share, more_is="good")


class _Channels:
    def __init__(self, head: Frame) -> None:
        self._api = session.current().api
        self._rows = session.current().may(Permission.CONVERSATIONS_READ)
        self._asked = Asked(self._again, "channel_id", "campaign_id")
        Views(head, FigurePage.CHANNELS, self._asked)
        offer(head, "messages", self._asked)
        self._place = load(self._fetch, self._draw, lambda: skeleton_card(6), "m-col m-loose w-full")
        pieces.follow(self._again, CampaignEvent)

    async def _again(self) -> None:
        await self._place.refresh(only_changes=True)

    async def _fetch(self) -> MessageAnalytics:
        return await client.messages(self._api, self._asked.params)

    def _draw(self, found: MessageAnalytics) -> None:
        if not found.channels:
            with ui.element("div").classes("m-card"):
                empty(
                    "hub", _("Nothing was sent or received in these days"), _("Choose more days, or connect a channel."),
                    action=_("To the channels"), to="/channels",
                )  # fmt: skip
            return
        rows: list[list[Cell | str]] = []
        for one in found.channels:
            n, key = one.figures, str(one.id)
            rows.append([
                Cell(one.name or _("Deleted"), f"/channels/{one.id}"), self._cell(key, n.sent, "sent"), self._cell(key, n.delivered, "delivered", n.sent),
                self._cell(key, n.read, "read", n.sent), self._cell(key, n.replied, "replied", n.sent), self._cell(key, n.failed, "failed"),
                self._cell(key, n.no_result, "no_result"), self._cell(key, n.received, "received"),
            ])  # fmt: skip
        heads = [_("Channel"), _("Sent"), _("Delivered"), _("Read"), _("Replied"), _("Failed"), _("No result"), _("Received")]
        with card(_("By channel"), flush=True):
            pieces.table(_("By channel"), heads, rows)
        with ui.element("div").classes("m-grid m-grid-wide"):
            self._draw_authors(found)
            self._draw_refusals(found)
            self._draw_spent(found)
        pieces.by_day(
            _("Messages by day"), [one.day for one in found.days],
            [(_("Sent"), [one.figures.sent for one in found.days]), (_("Failed"), [one.figures.failed for one in found.days])],
            label=_("Messages sent and failed on each day"),
        )  # fmt: skip
        pieces.meanings(words.messages())
        pieces.foot(found.period)

    def _cell(self, channel: str, n: int, fact: str, of: int = 0) -> Cell | str:
        """A figure of a channel that opens into its messages; with `of` also the share of so many."""
        text = f"{formats.number(n)} · {formats.percent(n, of)}" if of else formats.number(n)
        return Cell(text, self._asked.link("/analytics/messages", fact=fact, channel_id=channel)) if n and self._rows else text

    def _open(self, n: int, fact: str, **of: str) -> Callable[[], object]:
        to = self._asked.link("/analytics/messages", fact=fact, **of) if n and self._rows else ""
        return lambda: ui.link(formats.number(n), to).classes("m-link") if to else ui.label(formats.number(n))

    def _draw_authors(self, found: MessageAnalytics) -> None:
        n, by = found.figures, found.authors
        with card(_("Who wrote them")):
            pairs = [
                (_("Campaigns and sequences"), n.of_campaigns, {"of_campaigns": "true"}), (_("People here"), by.person, {"author": "person"}),
                (_("Assistant"), by.assistant, {"author": "assistant"}), (_("People on a phone"), by.phone, {"author": "phone"}),
                (_("Programs (API)"), by.api, {"author": "api"}), (_("Answers by themselves"), by.itself, {"author": "itself"}),
            ]  # fmt: skip
            key_values([(name, self._open(count, "sent", **of)) for name, count, of in pairs])

    def _draw_refusals(self, found: MessageAnalytics) -> None:
        with card(_("Why messages failed")):
            if not found.refusals:
                ui.label(_("Nothing failed.")).classes("m-hint")
            known = reasons.failures()
            key_values([
                (known[one.reason].name if one.reason in known else one.reason, self._open(one.count, "failed", reason=one.reason))
                for one in found.refusals
            ])  # fmt: skip

    def _draw_spent(self, found: MessageAnalytics) -> None:
        with card(_("What it cost")):
            if not found.spent:
                ui.label(_("Nothing was billed.")).classes("m-hint")
            pairs = []
            for one in found.spent:
                count = ngettext("{n} message", "{n} messages", one.messages).format(n=formats.number(one.messages))
                pairs.append((words.money(one.currency)(one.amount_micro) if one.currency else _("Price missing"), count))
            key_values(pairs)
