"""A board in figures: its funnel, how long leads stood in each stage, and how many went from each stage to each other."""

from uuid import UUID

from fastapi.responses import Response
from nicegui import ui

from api.contract.analytics import TimesTaken
from api.contract.analytics_boards import BoardAnalytics, LeadFigures, StageFigures, StagePassed
from api.contract.enums import FigurePage, LeadFact, Permission, StageKind
from api.contract.events import LeadChanged
from ui import formats, session
from ui.client import analytics as client
from ui.client import boards
from ui.components.cards import card, figures
from ui.components.charts import funnel
from ui.components.frame import Frame, frame
from ui.components.states import empty, load, skeleton_card, skeleton_chart, skeleton_figures
from ui.i18n import _, pgettext
from ui.pages.analytics import pieces, words
from ui.pages.analytics.asked import Asked
from ui.pages.analytics.files import offer
from ui.pages.analytics.pieces import Cell
from ui.pages.analytics.views import Views, opening
from ui.routing import page

_ROWS = "/analytics/leads"


@page("/analytics/boards", permission=Permission.ANALYTICS_READ)
async def board_figures() -> Response | None:
    if (elsewhere := await opening(FigurePage.BOARDS)) is not None:
        return elsewhere
    with frame(
        _("Boards in figures"),
        _("What came in, moved, was won and lost"),
        breadcrumbs=[(_("Analytics"), "/analytics")],
        active="/analytics",
    ) as head:
        pieces.ways("/analytics/boards")
        _Board(head)
    return None


def _skeleton() -> None:
    skeleton_figures(4)
    skeleton_chart()
    skeleton_card(5)


def _times(taken: TimesTaken) -> str:
    return f"{pieces.took(taken.median)} · {pieces.took(taken.most)}" if taken.count else formats.DASH


class _Board:
    def __init__(self, head: Frame) -> None:
        self._api = session.current().api
        self._asked = Asked(self._again, "board_id", "owner_id", "team_id", "tag", "channel_id")
        Views(head, FigurePage.BOARDS, self._asked)
        offer(head, "board", self._asked)
        self._place = load(self._fetch, self._draw, _skeleton, "m-col m-loose w-full")
        pieces.follow(self._again, LeadChanged)

    async def _again(self) -> None:
        await self._place.refresh(only_changes=True)

    async def _fetch(self) -> BoardAnalytics | None:
        known = [str(one.id) for one in await boards.boards(self._api)]
        chosen = self._asked.chosen("board_id")
        if chosen not in known:
            if not known:
                return None
            self._asked.choose("board_id", chosen := known[0])
        return await client.board(self._api, UUID(chosen), self._asked.params)

    def _draw(self, found: BoardAnalytics | None) -> None:
        if found is None or not (
            self._asked.narrowed
            or found.figures.entered
            or found.figures.moved
            or found.before.entered
            or any(s.standing for s in found.stages)
        ):
            with ui.element("div").classes("m-card"):
                empty(
                    "filter_alt", _("No leads yet"), _("As soon as leads stand on a board, you see here how far they come."),
                    action=_("To the boards"), to="/boards",
                )  # fmt: skip
            return
        self._draw_figures(found.figures, found.before, words.whole_money(found.currency))
        self._draw_funnel(found)
        pieces.by_day(
            _("Leads by day"), [one.day for one in found.days],
            [
                (_("Came in"), [one.figures.entered for one in found.days]), (pgettext("figures", "Won"), [one.figures.won for one in found.days]),
                (pgettext("figures", "Lost"), [one.figures.lost for one in found.days]),
            ],
            label=_("Leads that came in, were won and were lost on each day"),
        )  # fmt: skip
        self._draw_stages(found)
        self._draw_pairs(found)
        self._draw_reasons(found)
        pieces.meanings([(name, meaning) for name, meaning in words.lead_facts().values()])
        pieces.foot(found.period)

    def _to(self, fact: LeadFact, **more: str) -> str:
        return self._asked.link(_ROWS, fact=fact.value, **more)

    @staticmethod
    def _of(fact: LeadFact, value: int, before: int) -> tuple[str, int, int, str]:
        name, meaning = words.lead_facts()[fact]
        return name, value, before, meaning

    def _draw_figures(self, now: LeadFigures, before: LeadFigures, money: words.Show) -> None:
        known = words.lead_facts()
        with figures():
            pieces.beside(*self._of(LeadFact.ENTERED, now.entered, before.entered), more_is="good", to=self._to(LeadFact.ENTERED))
            pieces.beside(*self._of(LeadFact.MOVED, now.moved, before.moved), to=self._to(LeadFact.MOVED))
            pieces.beside(*self._of(LeadFact.WON, now.won, before.won), more_is="good", to=self._to(LeadFact.WON))
            pieces.beside(*self._of(LeadFact.LOST, now.lost, before.lost), more_is="bad", to=self._to(LeadFact.LOST))
            for title, worth, earlier, fact in (
                (_("Worth of those that came in"), now.entered_value, before.entered_value, LeadFact.ENTERED),
                (_("Worth of those won"), now.won_value, before.won_value, LeadFact.WON),
                (_("Worth of those lost"), now.lost_value, before.lost_value, LeadFact.LOST),
            ):
                pieces.beside(title, worth * 10_000, earlier * 10_000, known[fact][1], show=money, to=self._to(fact))
            ended, ended_before = now.won + now.lost, before.won + before.lost
            pieces.beside(
                _("Won of those that ended"), now.won / ended if ended else None, before.won / ended_before if ended_before else None,
                _("Of the leads that were won or lost on these days: how many were won."), show=words.share, more_is="good",
            )  # fmt: skip

    def _draw_funnel(self, found: BoardAnalytics) -> None:
        """Of the leads that came into the first stage for the first time: how many went on to each of the others."""
        first = next((one for one in found.stages if not one.gone), None)
        if first is None:
            return
        went = {one.to_id: one.leads for one in found.passed if one.from_id == first.id}
        said = _(
            "Leads that came into “{stage}” for the first time on these days, and how many of them came later into each other stage"
        )
        with card(_("How far leads come"), hint=said.format(stage=first.name)):
            if not first.reached:
                ui.label(_("Nothing in these days.")).classes("m-hint")
                return
            rest = [(one.name, went.get(one.id, 0)) for one in found.stages if one.id != first.id and not one.gone]
            funnel([(first.name, first.reached), *rest])

    def _draw_stages(self, found: BoardAnalytics) -> None:
        money = words.money(found.currency)
        heads = [
            _("Stage"), _("Came into it"), _("Worth"), _("Went on"), _("Stood there"), _("There now"), _("Worth now"),
        ]  # fmt: skip
        rows: list[list[Cell | str]] = []
        for one in found.stages:
            of = {"stage_id": str(one.id)}
            now = (
                (formats.number(one.standing), money((one.standing_value or 0) * 10_000))
                if one.standing is not None
                else (formats.DASH,) * 2
            )
            rows.append([
                _("{stage} (deleted)").format(stage=one.name) if one.gone else one.name,
                Cell(formats.number(one.arrived), self._to(LeadFact.ARRIVED, **of)), money(one.arrived_value * 10_000),
                Cell(formats.number(one.moved), self._to(LeadFact.MOVED, **of)), _times(one.stood), *now,
            ])  # fmt: skip
        hint = _("Times: half of them stood there at most the first time, nine in ten at most the second")
        with card(_("By stage"), hint=hint, flush=True):
            pieces.table(_("By stage"), heads, rows)

    def _draw_pairs(self, found: BoardAnalytics) -> None:
        shown = [one for one in found.stages if one.reached or not one.gone]
        by = {(one.from_id, one.to_id): one for one in found.passed}
        hint = _(
            "Of the leads that came into the stage on the left for the first time: how many came later into the stage above, and half of them within"
        )
        with card(_("From stage to stage"), hint=hint, flush=True):
            rows = [
                [
                    f"{one.name} · {formats.number(one.reached)}",
                    *(self._pair(one, other, by.get((one.id, other.id))) for other in shown),
                ]
                for one in shown
            ]
            pieces.table(_("From stage to stage"), [_("From"), *(one.name for one in shown)], rows)

    def _pair(self, one: StageFigures, other: StageFigures, went: StagePassed | None) -> Cell | str:
        if one.id == other.id or not one.reached:
            return formats.DASH
        if went is None:
            return formats.percent(0, one.reached)
        text = f"{formats.percent(went.leads, one.reached)} · {formats.number(went.leads)} · {pieces.took(went.took.median)}"
        return Cell(text, self._to(LeadFact.PASSED, stage_id=str(one.id), to_stage_id=str(other.id)))

    def _draw_reasons(self, found: BoardAnalytics) -> None:
        if not any(one.kind is StageKind.LOST for one in found.stages):
            return
        with card(_("Why leads were lost"), flush=bool(found.reasons)):
            if not found.reasons:
                ui.label(_("None was lost in these days.")).classes("m-hint")
                return
            money = words.money(found.currency)
            rows: list[list[Cell | str]] = [
                [one.reason or _("No reason"), formats.number(one.leads), money(one.value_cents * 10_000)]
                for one in found.reasons
            ]
            pieces.table(_("Why leads were lost"), [_("Reason"), _("Leads"), _("Worth")], rows)
