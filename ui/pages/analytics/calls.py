"""Calls in figures: how many people answered, when, how long they talked, how calls ended, what they cost."""

from collections.abc import Sequence

from fastapi.responses import Response
from nicegui import ui

from api.contract.analytics_calls import CallAnalytics
from api.contract.enums import CallFact, FigurePage, Permission
from api.contract.events import ConversationUpdated
from ui import formats, session
from ui.client import analytics as client
from ui.components.cards import card, figures, key_values
from ui.components.frame import Frame, frame
from ui.components.states import empty, load, skeleton_chart, skeleton_figures
from ui.i18n import _, ngettext
from ui.labels import calls as labels
from ui.pages.analytics import pieces, words
from ui.pages.analytics.asked import Asked
from ui.pages.analytics.files import offer
from ui.pages.analytics.pieces import Cell
from ui.pages.analytics.views import Views, opening
from ui.routing import page

_ROWS = "/analytics/calls/rows"


@page("/analytics/calls", permission=Permission.ANALYTICS_READ)
async def call_figures() -> Response | None:
    if (elsewhere := await opening(FigurePage.CALLS)) is not None:
        return elsewhere
    with frame(
        _("Calls in figures"),
        _("Who answers, when, and how long"),
        breadcrumbs=[(_("Analytics"), "/analytics")],
        active="/analytics",
    ) as head:
        pieces.ways("/analytics/calls")
        _Calls(head)
    return None


def _skeleton() -> None:
    skeleton_figures(4)
    skeleton_chart()


def _shares(hours: Sequence[Sequence[int]], talked: Sequence[Sequence[int]]) -> list[list[int]]:
    """Percent of the calls that a person answered."""
    return [
        [round(100 * t / n) if n else 0 for n, t in zip(row, some, strict=True)] for row, some in zip(hours, talked, strict=True)
    ]


class _Calls:
    def __init__(self, head: Frame) -> None:
        self._api = session.current().api
        self._asked = Asked(self._again, "channel_id", "team_id", "tag")
        Views(head, FigurePage.CALLS, self._asked)
        offer(head, "calls", self._asked)
        self._place = load(self._fetch, self._draw, _skeleton, "m-col m-loose w-full")
        pieces.follow(self._again, ConversationUpdated)

    async def _again(self) -> None:
        await self._place.refresh(only_changes=True)

    async def _fetch(self) -> CallAnalytics:
        return await client.calls(self._api, self._asked.params)

    def _draw(self, found: CallAnalytics) -> None:
        now, before, link = found.figures, found.before, self._asked.link
        if not now.called and not before.called and not self._asked.narrowed:
            with ui.element("div").classes("m-card"):
                empty(
                    "call", _("No calls yet"), _("As soon as a virtual agent calls somebody, you see here who answers, and when."),
                    action=_("To the channels"), to="/channels",
                )  # fmt: skip
            return
        known = words.calls()
        with figures():
            name, meaning = known[0]
            pieces.beside(name, now.called, before.called, meaning, to=link(_ROWS, fact=CallFact.CALLED.value))
            name, meaning = known[1]
            pieces.beside(
                name, now.talked / now.called if now.called else None, before.talked / before.called if before.called else None, meaning,
                show=words.share, more_is="good", hint=_("{n} of {total}").format(n=formats.number(now.talked), total=formats.number(now.called)),
                to=link(_ROWS, fact=CallFact.TALKED.value),
            )  # fmt: skip
            name, meaning = known[2]
            pieces.beside(
                name,
                now.length.median,
                before.length.median,
                meaning,
                show=pieces.took,
                to=link(_ROWS, fact=CallFact.TALKED.value),
            )
            for one in found.spent or []:
                if one.currency is not None:
                    each = words.money(one.currency)(one.amount_micro / now.called) if now.called else formats.DASH
                    pieces.beside(
                        _("Cost of the calls"), one.amount_micro, None, words.SPENT(), show=words.money(one.currency),
                        hint=_("{cost} for each call").format(cost=each),
                    )  # fmt: skip
        pieces.by_day(
            _("Calls by day"), [one.day for one in found.days],
            [(_("Calls"), [one.called for one in found.days]), (_("A person answered"), [one.talked for one in found.days])],
            label=_("Calls, and those that a person answered, on each day"), bars=True,
        )  # fmt: skip
        weekdays = pieces.weekdays()
        with card(_("When people answer"), hint=_("Of the calls of each hour of your time zone: percent that a person answered")):
            pieces.heat(_shares(found.hours, found.talked_hours), weekdays, _("When people answer"))
            with ui.element("details").classes("m-ana-more"):
                pieces.summary(_("How many calls there were"))
                pieces.heat(found.hours, weekdays, _("How many calls there were"))
        with ui.element("div").classes("m-grid m-grid-wide"):
            self._draw_outcomes(found)
            self._draw_spent(found)
        pieces.meanings(known)
        pieces.foot(found.period)

    def _draw_outcomes(self, found: CallAnalytics) -> None:
        with card(_("How calls ended"), flush=True):
            rows: list[list[Cell | str]] = []
            for one in found.outcomes:
                if one.outcome is None:
                    rows.append([_("Not over"), formats.number(one.count), formats.percent(one.count, found.figures.called)])
                    continue
                to = self._asked.link(_ROWS, fact=CallFact.CALLED.value, outcome=one.outcome.value)
                rows.append([
                    labels.outcome(one.outcome)[0], Cell(formats.number(one.count), to), formats.percent(one.count, found.figures.called),
                ])  # fmt: skip
            pieces.table(_("How calls ended"), [_("How calls ended"), _("Calls"), _("Share")], rows)

    @staticmethod
    def _draw_spent(found: CallAnalytics) -> None:
        with card(_("What calls cost")):
            if found.spent is None:
                ui.label(_("What calls cost is not counted by team or tag.")).classes("m-hint")
            elif not found.spent:
                ui.label(_("Nothing was billed.")).classes("m-hint")
            pairs = []
            for one in found.spent or []:
                count = ngettext("{n} call", "{n} calls", one.messages).format(n=formats.number(one.messages))
                pairs.append((words.money(one.currency)(one.amount_micro) if one.currency else _("Price missing"), count))
            key_values(pairs)
