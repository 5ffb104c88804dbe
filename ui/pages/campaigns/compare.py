"""Campaigns beside one another: the figures of each, and how sure it is that one does better."""

from functools import partial
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Request
from fastapi.responses import Response
from nicegui import ui

from api.contract.campaigns import CampaignRow
from api.contract.enums import CampaignState, CompareMetric, Permission
from api.contract.preflight import CampaignComparison, ComparedCampaign
from api.contract.reports import CampaignReport
from ui import formats, session
from ui.client import campaigns
from ui.client.base import ApiProblem
from ui.components.address import address
from ui.components.buttons import button
from ui.components.cards import card, note
from ui.components.download import hand_on
from ui.components.forms import select_field
from ui.components.frame import frame
from ui.components.progress import width
from ui.components.states import empty, load, skeleton_card
from ui.components.text import badge
from ui.i18n import _
from ui.labels import preflight as money
from ui.routing import page

MOST = 5
_SENT = (CampaignState.RUNNING, CampaignState.PAUSED, CampaignState.FINISHED, CampaignState.CANCELLED)


@page("/campaigns/compare", permission=Permission.CAMPAIGNS_READ)
def campaigns_compare(ids: str = "", metric: str = "replied") -> None:
    known = []
    for text in ids.split(",")[:MOST]:
        try:
            known.append(UUID(text))
        except ValueError:
            continue
    with frame(
        _("Compare campaigns"), _("Which one did better, and how sure that is"), breadcrumbs=[(_("Campaigns"), "/campaigns")]
    ):
        _Compare(known, CompareMetric.READ if metric == "read" else CompareMetric.REPLIED)


@page("/campaigns/compare.csv", permission=Permission.CAMPAIGNS_READ)
async def compare_csv(request: Request) -> Response:
    """The API's file of the campaigns that the page shows."""
    return await hand_on("/v1/campaigns/compare.csv", {"campaign_id": request.query_params.getlist("campaign_id")})


Found = tuple[CampaignComparison, list[CampaignReport]]


class _Compare:
    def __init__(self, ids: list[UUID], metric: CompareMetric) -> None:
        self._ids, self._metric, self._api = ids, metric, session.current().api
        self._choices = load(self._fetch_choices, self._draw_choices, lambda: skeleton_card(1))
        self._result = load(self._fetch, self._draw, lambda: skeleton_card(6))

    async def _fetch_choices(self) -> list[CampaignRow]:
        return (await campaigns.campaigns(self._api, states=_SENT, limit=200)).items

    def _draw_choices(self, rows: list[CampaignRow]) -> None:
        names = {str(row.id): f"{row.name} · {formats.moment(row.started_at or row.updated_at)}" for row in rows}
        if not names:
            empty("campaign", _("No campaign was sent yet"), _("Once two were sent, you see here which one did better."))
            return

        async def read() -> None:
            self._ids = [UUID(one) for one in (chosen.value or [])[:MOST]]
            self._metric = CompareMetric(by.value)
            address().write({"ids": ",".join(map(str, self._ids)) or None, "metric": self._metric.value})
            await self._result.refresh()

        with card():
            with ui.element("div").classes("m-grid m-grid-wide"):
                chosen = select_field(
                    _("Campaigns"), names, [str(one) for one in self._ids if str(one) in names], search=True, multiple=True, clearable=True,
                    hint=_("Two to five"), placeholder=_("Choose campaigns"), on_change=read,
                )  # fmt: skip
                by = select_field(_("By"), {"replied": _("Replied"), "read": _("Read")}, self._metric.value, on_change=read)

    async def _fetch(self) -> Found | None:
        if not self._ids:
            return None
        try:
            found = await campaigns.compare(self._api, self._ids, self._metric)
        except ApiProblem as problem:
            if problem.status == 404:
                return None
            raise
        return found, [await campaigns.report(self._api, one.id) for one in found.campaigns]

    def _draw(self, found: Found | None) -> None:
        if found is None:
            ui.label(_("Choose the campaigns that you want to see beside one another.")).classes("m-hint")
            return
        compared, reports = found
        names = {one.id: one.name for one in compared.campaigns}
        if len(compared.campaigns) > 1:
            if compared.winner is not None:
                with note("ok", _("“{name}” does better: that is at least 95% sure.").format(name=names[compared.winner])):
                    pass
            else:
                with note("info", _("Nobody can say yet which one does better.")):
                    ui.label(_("It takes 100 people reached by each, and a difference that chance does not explain.")).classes(
                        "m-sub"
                    )
        top = max((one.high for one in compared.campaigns), default=0.0) or 1.0
        with card(
            _("Share of those reached"), hint=_("The pale bar is where the true share lies with 95% certainty."), flush=True
        ):
            for one in compared.campaigns:
                _share(one, top, one.id == compared.winner)
        with card(_("Figures"), flush=True, actions=partial(_download, [one.id for one in reports])):
            _table(reports)


def _download(ids: list[UUID]) -> None:
    link = button(_("Table (CSV)"), icon="download", to=f"/campaigns/compare.csv?{urlencode({'campaign_id': ids}, doseq=True)}")
    link.props["download"] = ""


def _share(one: ComparedCampaign, top: float, winner: bool) -> None:
    with ui.element("div").classes("m-versus"):
        with ui.element("div").classes("m-row m-between m-near"):
            with ui.element("div").classes("m-row m-near"):
                ui.link(one.name, f"/campaigns/{one.id}/report").classes("m-strong m-clip m-link")
                if winner:
                    badge(_("Better"), "ok")
            ui.label(formats.percent(one.counted, one.reached) if one.reached else formats.DASH).classes("m-num")
        with ui.element("div").classes("m-versus-track").props("aria-hidden=true"):
            ui.element("div").classes("m-versus-span").style(
                f"left: {one.low / top:.2%}; width: {(one.high - one.low) / top:.2%}"
            )
            ui.element("div").classes("m-versus-fill").style(width((one.counted / one.reached if one.reached else 0.0) / top))
        text = _("{n} of {total} people · likely between {low} and {high}").format(
            n=formats.number(one.counted),
            total=formats.number(one.reached),
            low=formats.percent(one.low),
            high=formats.percent(one.high),
        )
        ui.label(text).classes("m-hint")


def _table(reports: list[CampaignReport]) -> None:
    heads = [_("Campaign"), _("Sent"), _("Delivered"), _("Read"), _("Replied"), _("Goal"), _("Cost"), _("For each answer")]
    other = any(one.fallback is not None for one in reports)
    heads += [_("Another way")] if other else []
    with (
        ui.element("div").classes("m-scroll").props("tabindex=0 role=region") as region,
        ui.element("table").classes("m-plain-table"),
    ):
        region.props["aria-label"] = _("Figures")
        with ui.element("thead"), ui.element("tr"):
            for head in heads:
                with ui.element("th").props("scope=col"):
                    ui.label(head)
        with ui.element("tbody"):
            for one in reports:
                n, money_of = one.figures, next((spent for spent in one.spent if spent.currency is not None), None)
                cells = [
                    one.name,
                    formats.number(n.sent),
                    _part(n.delivered, n.sent),
                    _part(n.read, n.sent) if one.reports_read else formats.DASH,
                    _part(n.replied, n.sent),
                    _part(one.converted, n.sent) if one.converted is not None else formats.DASH,
                    money.money(money_of.amount_micro, money_of.currency or "") if money_of else formats.DASH,
                    money.money(money_of.per_reply_micro, money_of.currency or "")
                    if money_of and money_of.per_reply_micro is not None
                    else formats.DASH,
                ]
                if other:
                    cells.append(formats.number(one.fallback.sent) if one.fallback is not None else formats.DASH)
                with ui.element("tr"):
                    for number, cell in enumerate(cells):
                        with ui.element("th" if not number else "td").props("scope=row" if not number else ""):
                            ui.label(cell).classes("m-clip" if not number else "m-num")


def _part(count: int, whole: int) -> str:
    return f"{formats.number(count)} · {formats.percent(count, whole, 0)}" if whole else formats.number(count)
