"""What brought leads: ads, campaigns and templates with the leads that they became, those won, and what they cost."""

from collections.abc import Sequence

from fastapi.responses import Response
from nicegui import ui

from api.contract.analytics_origins import Origin, OriginAnalytics
from api.contract.enums import FigurePage, Permission, WhichTouch
from api.contract.events import LeadChanged
from ui import formats, session
from ui.client import analytics as client
from ui.components.address import address
from ui.components.buttons import button
from ui.components.cards import card, figures
from ui.components.charts import bar_chart
from ui.components.forms import select_field
from ui.components.frame import Frame, frame
from ui.components.states import empty, load, skeleton_card, skeleton_figures
from ui.i18n import _, pgettext
from ui.pages.analytics import pieces, words
from ui.pages.analytics.asked import Asked
from ui.pages.analytics.files import offer
from ui.pages.analytics.pieces import Cell
from ui.pages.analytics.views import Views, opening
from ui.routing import page

_ROWS = "/analytics/origins/leads"
_DRAWN = 8  # in a chart


@page("/analytics/origins", permission=Permission.ANALYTICS_READ)
async def origin_figures(touch: str = WhichTouch.FIRST.value) -> Response | None:
    if (elsewhere := await opening(FigurePage.ORIGINS)) is not None:
        return elsewhere
    with frame(
        _("Cost and what it brought"),
        _("Which ads, campaigns and templates became leads"),
        breadcrumbs=[(_("Analytics"), "/analytics")],
        active="/analytics",
    ) as head:
        pieces.ways("/analytics/origins")
        _Origins(head, WhichTouch(touch) if touch in set(WhichTouch) else WhichTouch.FIRST)
    return None


def _skeleton() -> None:
    skeleton_figures(2)
    skeleton_card(6)


class _Origins:
    def __init__(self, head: Frame, touch: WhichTouch) -> None:
        self._api, self._touch = session.current().api, touch
        self._asked = Asked(self._again, "team_id", "tag")
        Views(head, FigurePage.ORIGINS, self._asked)
        if session.current().may(Permission.INTEGRATIONS_READ):
            with head.actions:
                button(_("Told to ads"), to="/analytics/conversions", icon="campaign", kind="plain")
        offer(head, "origins", self._asked, lambda: {"touch": self._touch.value})
        with ui.element("div").classes("m-ana-bar"):
            names = {WhichTouch.FIRST.value: _("By the first contact"), WhichTouch.LAST.value: _("By the last before the lead")}
            self._field = select_field("", names, touch.value, on_change=self._picked)
            self._field.control.props["aria-label"] = _("What counts")
        self._place = load(self._fetch, self._draw, _skeleton, "m-col m-loose w-full")
        pieces.follow(self._again, LeadChanged)

    async def _picked(self) -> None:
        self._touch = WhichTouch(self._field.value)
        address().write({"touch": self._touch.value if self._touch is not WhichTouch.FIRST else None})
        await self._again()

    async def _again(self) -> None:
        await self._place.refresh(only_changes=True)

    async def _fetch(self) -> OriginAnalytics:
        return await client.origins(self._api, {**self._asked.params, "touch": self._touch.value})

    def _draw(self, found: OriginAnalytics) -> None:
        if not found.leads and not found.campaigns:
            with ui.element("div").classes("m-card"):
                empty(
                    "ads_click", _("No leads in these days"), _("As soon as people who answered an ad or a campaign become leads, you see it here."),
                    action=_("To the boards"), to="/boards",
                )  # fmt: skip
            return
        came = _("Leads that came onto a board on these days.")
        brought = sum(one.leads for one in found.campaigns if one.key)
        by_ads = sum(one.leads for one in found.ads if one.key)
        with figures():
            pieces.beside(_("Leads"), found.leads, found.leads_before, came, more_is="good")
            pieces.beside(
                _("Of them won"),
                found.won,
                found.won_before,
                _("Of the leads that came on these days: how many were won, whenever that was."),
            )
            pieces.beside(_("Brought by campaigns"), brought, None, _("Leads of people who had answered a campaign."))
            pieces.beside(_("Brought by ads"), by_ads, None, _("Leads of people who had written from an ad."))
        self._chart(found)
        self._table(_("By ad"), _("Ad"), "ad", found.ads)
        self._table(_("By campaign"), _("Campaign"), "campaign", found.campaigns)
        self._table(_("By template"), _("Template"), "template", found.templates)
        pieces.meanings([
            (_("Leads"), came),
            (_("By the first contact"), _("The first ad or campaign that the person ever answered, before the lead was made.")),
            (_("By the last before the lead"), _("The newest ad or campaign that the person answered before the lead was made.")),
            (_("Cost"), _("What the campaign has cost in all so far; what ads cost is known to their network alone.")),
        ])  # fmt: skip
        pieces.foot(found.period, compared=False)

    @staticmethod
    def _chart(found: OriginAnalytics) -> None:
        shown = sorted((one for one in (*found.ads, *found.campaigns) if one.key and one.leads), key=lambda one: -one.leads)[
            :_DRAWN
        ]
        if not shown:
            return
        with card(_("What brought most leads")):
            bar_chart(
                [one.name or one.key for one in shown],
                [(_("Leads"), [one.leads for one in shown]), (pgettext("figures", "Won"), [one.won for one in shown])],
                label=_("Leads and those won by what brought them; the tables below say the same"),
            )

    def _table(self, heading: str, head: str, kind: str, found: Sequence[Origin]) -> None:
        if not any(one.key for one in found):
            return
        rows: list[list[Cell | str]] = []
        for one in found:
            of = {"kind": kind, "key": one.key, "touch": self._touch.value}
            to = self._asked.link(_ROWS, **of)
            rows.append([
                one.name or one.key or _("None of them"),
                Cell(formats.number(one.leads), to) if one.leads else "0",
                Cell(formats.number(one.won), self._asked.link(_ROWS, won="true", **of)) if one.won else "0",
                formats.percent(one.won, one.leads) if one.leads else formats.DASH,
                " · ".join(formats.money(each.cents, each.currency) for each in one.worth) or formats.DASH,
                *self._money(one),
            ])  # fmt: skip
        heads = [
            head, _("Leads"), pgettext("figures", "Won"), _("Won of the leads"), _("Worth of those won"), _("Cost"), _("Cost of a lead"), _("Cost of one won"),
        ]  # fmt: skip
        with card(heading, flush=True):
            pieces.table(heading, heads, rows)

    @staticmethod
    def _money(one: Origin) -> list[str]:
        known = [each for each in one.spent if each.currency is not None]

        def said(name: str) -> str:
            parts = [words.money(each.currency or "")(getattr(each, name)) for each in known if getattr(each, name) is not None]
            return " · ".join(parts) or formats.DASH

        return [said("amount_micro"), said("per_lead_micro"), said("per_won_micro")]
