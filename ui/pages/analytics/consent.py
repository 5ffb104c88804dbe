"""Consent in figures: who wanted nothing any more, who said yes, and how that is known."""

from fastapi.responses import Response
from nicegui import ui

from api.contract.analytics_consent import ConsentAnalytics
from api.contract.enums import FigurePage, Permission
from api.contract.events import CampaignEvent
from ui import formats, session
from ui.client import analytics as client
from ui.components.cards import card, figures
from ui.components.frame import Frame, frame
from ui.components.states import empty, load, skeleton_chart, skeleton_figures
from ui.i18n import _
from ui.labels import contacts
from ui.pages.analytics import pieces, words
from ui.pages.analytics.asked import Asked
from ui.pages.analytics.files import offer
from ui.pages.analytics.pieces import Cell
from ui.pages.analytics.views import Views, opening
from ui.routing import page

_ROWS = "/analytics/consent/entries"


@page("/analytics/consent", permission=Permission.ANALYTICS_READ)
async def consent_figures() -> Response | None:
    if (elsewhere := await opening(FigurePage.CONSENT)) is not None:
        return elsewhere
    with frame(
        _("Consent in figures"),
        _("Who asked for nothing more, and who said yes"),
        breadcrumbs=[(_("Analytics"), "/analytics")],
        active="/analytics",
    ) as head:
        pieces.ways("/analytics/consent")
        _Consent(head)
    return None


def _skeleton() -> None:
    skeleton_figures(4)
    skeleton_chart()


class _Consent:
    def __init__(self, head: Frame) -> None:
        self._api = session.current().api
        self._asked = Asked(self._again, "tag")
        Views(head, FigurePage.CONSENT, self._asked)
        offer(head, "consent", self._asked)
        self._place = load(self._fetch, self._draw, _skeleton, "m-col m-loose w-full")
        pieces.follow(self._again, CampaignEvent)

    async def _again(self) -> None:
        await self._place.refresh(only_changes=True)

    async def _fetch(self) -> ConsentAnalytics:
        return await client.consent(self._api, self._asked.params)

    def _draw(self, found: ConsentAnalytics) -> None:
        now, before, link = found.figures, found.before, self._asked.link
        if not any((now.out, now.back, now.out_of_some, now.back_of_some, before.out, before.back)) and not self._asked.narrowed:
            with ui.element("div").classes("m-card"):
                empty(
                    "verified_user",
                    _("Nobody said anything about it"),
                    _("As soon as people ask for messages, or for none, you see it here."),
                )
            return
        known = words.consent()
        with figures():
            for (name, meaning), value, was, better, asked in (
                (known[0], now.out, before.out, False, {"allowed": "false", "partly": "false"}),
                (known[1], now.back, before.back, True, {"allowed": "true", "partly": "false"}),
                (known[2], now.out_of_some, before.out_of_some, False, {"allowed": "false", "partly": "true"}),
                (known[3], now.back_of_some, before.back_of_some, True, {"allowed": "true", "partly": "true"}),
            ):
                pieces.beside(name, value, was, meaning, more_is="good" if better else "bad", to=link(_ROWS, **asked))
            pieces.beside(
                _("For each thousand sent"), now.out / now.sent * 1000 if now.sent else None, before.out / before.sent * 1000 if before.sent else None,
                _("How many asked for nothing more, for each thousand messages that you sent on these days."), show=words.decimal, more_is="bad",
                hint=_("Messages are not counted by tag.") if now.sent is None else "",
            )  # fmt: skip
        pieces.by_day(
            _("Consent by day"), [one.day for one in found.days],
            [(known[0][0], [one.figures.out for one in found.days]), (known[1][0], [one.figures.back for one in found.days])],
            label=_("People who asked for nothing more, and who said yes, on each day"), bars=True,
        )  # fmt: skip
        with card(_("How it is known"), flush=True):
            rows: list[list[Cell | str]] = [
                [
                    contacts.out_source(one.source) or _("Otherwise"),
                    Cell(formats.number(one.out), link(_ROWS, allowed="false", source=one.source)) if one.source else formats.number(one.out),
                    Cell(formats.number(one.back), link(_ROWS, allowed="true", source=one.source)) if one.source else formats.number(one.back),
                ]
                for one in found.sources
            ]  # fmt: skip
            pieces.table(_("How it is known"), [_("How it is known"), _("Wanted less"), _("Wanted more")], rows)
        pieces.meanings(known)
        pieces.foot(found.period)
