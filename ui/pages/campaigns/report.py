"""What came of a campaign on one page: how far people went, how soon and when they read, what it cost; to share as PDF, picture or table."""

from uuid import UUID

from fastapi.responses import Response
from nicegui import ui

from api.contract.campaign_progress import FailureGroup
from api.contract.enums import CampaignState, Permission
from api.contract.events import CampaignEvent
from api.contract.labels import REPORT
from api.contract.reports import CampaignReport
from ui import formats, live, session
from ui.client import campaigns
from ui.components.buttons import button
from ui.components.cards import card, figure, figures
from ui.components.charts import bar_chart, funnel
from ui.components.download import hand_on
from ui.components.frame import Frame, frame
from ui.components.menus import Choice, more
from ui.components.states import empty, load, skeleton_chart, skeleton_figures, skeleton_list
from ui.components.throttle import Throttle
from ui.i18n import _
from ui.labels import preflight as money
from ui.labels import reasons
from ui.pages.campaigns.goal import Goal, goal_name
from ui.pages.campaigns.live import found_or_error
from ui.pages.campaigns.outcomes import merged
from ui.routing import page

_MEDIA = {"pdf": "application/pdf", "png": "image/png"}


@page("/campaigns/{campaign_id:uuid}/report", permission=Permission.CAMPAIGNS_READ)
async def campaign_report(campaign_id: UUID) -> None:
    found = await found_or_error(campaign_id)
    if found is None:
        return
    crumbs = [(_("Campaigns"), "/campaigns"), (found.name, f"/campaigns/{found.id}")]
    with frame(_("Report"), found.name, breadcrumbs=crumbs) as head:
        if found.state in {CampaignState.DRAFT, CampaignState.SCHEDULED}:
            empty(
                "campaign", _("Nothing to report yet"), _("The report fills as soon as the campaign sends."),
                action=_("To the campaign"), to=f"/campaigns/{found.id}",
            )  # fmt: skip
            return
        _Report(found.id, head)


@page("/campaigns/{campaign_id:uuid}/report.csv", permission=Permission.CAMPAIGNS_READ)
async def report_csv(campaign_id: UUID) -> Response:
    return await hand_on(f"/v1/campaigns/{campaign_id}/report.csv")


@page("/campaigns/{campaign_id:uuid}/report.pdf", permission=Permission.CAMPAIGNS_READ)
async def report_pdf(campaign_id: UUID) -> Response:
    return await hand_on(f"/v1/campaigns/{campaign_id}/report/file", {"format": "pdf"}, media=_MEDIA["pdf"])


@page("/campaigns/{campaign_id:uuid}/report.png", permission=Permission.CAMPAIGNS_READ)
async def report_png(campaign_id: UUID) -> Response:
    return await hand_on(f"/v1/campaigns/{campaign_id}/report/file", {"format": "png"}, media=_MEDIA["png"])


def _file(text: str, symbol: str, path: str, *, first: bool = False) -> None:
    link = button(text, icon=symbol, to=path, kind="primary" if first else "quiet")
    link.props["download"] = ""


class _Report:
    """Drawn from one answer; events of the campaign draw it anew, some seconds apart."""

    def __init__(self, campaign_id: UUID, head: Frame) -> None:
        self._id, self._api = campaign_id, session.current().api
        path = f"/campaigns/{campaign_id}/report"
        with head.actions:
            _file("PDF", "picture_as_pdf", f"{path}.pdf", first=True)
            _file(_("Picture"), "image", f"{path}.png")
            more([
                Choice(_("As a table (CSV)"), lambda: ui.navigate.to(f"{path}.csv"), "download"),
                Choice(_("Compare with others"), lambda: ui.navigate.to(f"/campaigns/compare?ids={campaign_id}"), "compare_arrows"),
            ])  # fmt: skip
        self._place = load(lambda: campaigns.report(self._api, self._id), self._draw, _skeleton)
        with ui.element("div") as unseen:
            self._slow = Throttle(self._again, 5.0)
        unseen.set_visibility(False)
        live.on(CampaignEvent, self._heard)
        live.on_reset(self._again)

    def _heard(self, event: CampaignEvent) -> None:
        if event.campaign_id == self._id:
            self._slow.poke()

    async def _again(self) -> None:
        await self._place.refresh(only_changes=True)

    def _draw(self, found: CampaignReport) -> None:
        way = _way(found)
        with figures():
            for key, count in way:
                base = found.figures.audience if key == "sent" else found.figures.sent
                hint = _("{share} of {total}") if key == "sent" else _("{share} of those sent")
                share = formats.percent(count, base) if base else formats.DASH
                figure(_(REPORT[key]), formats.number(count), hint=hint.format(share=share, total=formats.number(base)))
        with ui.element("div").classes("m-split"):
            with ui.element("div").classes("m-col m-gap"):
                self._draw_way(found, way)
                _draw_read(found)
                _draw_hours(found)
            with ui.element("div").classes("m-col m-gap"):
                _draw_cost(found)
                _draw_failures(found)

    def _draw_way(self, found: CampaignReport, way: list[tuple[str, int]]) -> None:
        def change() -> None:
            Goal(found.id, found.goal, self._place.refresh).open()

        may = session.current().may(Permission.CAMPAIGNS_WRITE) and session.current().may(Permission.BOARDS_READ)
        actions = (lambda: button(_("Goal"), change, icon="flag")) if may else None
        with card(_("From sent to goal"), hint=goal_name(found.goal), actions=actions):
            with ui.element("div").classes("m-way-funnel"):
                funnel([(_(REPORT[key]), count) for key, count in way])
            if (other := found.fallback) is not None:
                keys = {"sent", "delivered", "replied"} | ({"read"} if other.read else set())
                steps = ((key, getattr(other, key)) for key, _count in way if key in keys)
                parts = ", ".join(f"{_(REPORT[key])} {formats.number(count)}" for key, count in steps)
                said = REPORT["instead"]
                ui.label(_(said).format(channel=other.channel_name, parts=parts)).classes("m-sub")
            if found.converted is None:
                ui.label(_("You have no right to see what the goal is about, so conversions are left out.")).classes("m-hint")


def _way(found: CampaignReport) -> list[tuple[str, int]]:
    n = found.figures
    steps = [("sent", n.sent), ("delivered", n.delivered)]
    if found.reports_read:
        steps.append(("read", n.read))
    steps.append(("replied", n.replied))
    return steps if found.converted is None else [*steps, ("converted", found.converted)]


def _within(seconds: float) -> str:
    return formats.duration(max(1, seconds))


def _draw_read(found: CampaignReport) -> None:
    if not found.reports_read:
        return
    times = found.times
    with card(_("How soon it was read")):
        if times.read_median is None:
            ui.label(_("Nobody has read it so far.")).classes("m-hint")
            return
        said = [_("Half of the readers within {time}").format(time=_within(times.read_median))]
        if times.read_most is not None:
            said.append(_("Nine in ten within {time}").format(time=_within(times.read_most)))
        if times.replied_median is not None:
            said.append(_("Half of the answers within {time}").format(time=_within(times.replied_median)))
        ui.label(" · ".join(said)).classes("m-sub")
        names = [f"≤ {formats.duration(edge)}" for edge in times.edges] + [_("later")]
        bar_chart(names, [(_("People"), times.bins)], label=_("How soon it was read"), size="short")


def _draw_hours(found: CampaignReport) -> None:
    times = found.times
    lines = [(_("Read"), times.read)] if found.reports_read else []
    if any(times.replied):
        lines.append((_("Replied"), times.replied))
    if not any(sum(values) for _name, values in lines):
        return
    best = found.best.best
    said = _("Campaigns of this channel did best when they went out at {hour}, by the last 90 days.") if best is not None else _(
        "Send at different hours, and the best one is suggested here."
    )  # fmt: skip
    with card(_("At what hour it was read") if found.reports_read else _("At what hour they answered")):
        ui.label(said.format(hour=f"{best}:00")).classes("m-sub")
        names = [f"{hour}:00" for hour in range(24)]
        bar_chart(names, lines, label=_("At what hour it was read"), size="short")


def _draw_cost(found: CampaignReport) -> None:
    with card(_("What it costs")):
        if not found.spent:
            ui.label(_("Nothing was billed yet. It is as soon as messages arrive.")).classes("m-hint")
        for one in found.spent:
            if one.currency is None:
                text = _("{n} messages have no known price. Add the price of your contract.")
                ui.label(text.format(n=formats.number(one.unpriced))).classes("m-trouble")
                continue
            with ui.element("div").classes("m-figure"):
                ui.label(money.money(one.amount_micro, one.currency))
            parts = []
            if one.per_delivered_micro is not None:
                amount = money.money(one.per_delivered_micro, one.currency)
                parts.append(_("{amount} for each person reached").format(amount=amount))
            if one.per_reply_micro is not None:
                parts.append(_("{amount} for each answer").format(amount=money.money(one.per_reply_micro, one.currency)))
            ui.label(" · ".join(parts)).classes("m-hint")


def _draw_failures(found: CampaignReport) -> None:
    def cures() -> None:
        button(_("What to do"), kind="plain", to=f"/campaigns/{found.id}#failures")

    groups = merged(found.failures)
    with card(_("Why they failed"), flush=True, actions=cures if groups else None):
        if not groups:
            with ui.element("div").classes("m-calm"):
                ui.label(_("No failures so far."))
        _draw_groups(groups, {group.reason: reasons.failure(group.reason).name for group in groups})
    left_out = merged(found.skipped)
    if left_out:
        with card(_("Left out"), flush=True):
            _draw_groups(left_out, {group.reason: reasons.skip(group.reason).name for group in left_out})


def _draw_groups(groups: list[FailureGroup], names: dict[str, str]) -> None:
    for group in groups:
        with ui.element("div").classes("m-why"):
            with ui.element("div").classes("m-why-no"):
                ui.label(formats.number(group.count)).classes("m-num")
            ui.label(names[group.reason]).classes("m-grow")


def _skeleton() -> None:
    skeleton_figures(5)
    skeleton_chart()
    skeleton_list(4)
