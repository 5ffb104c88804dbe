"""What the AI cost: by day and persona, for what, by which model, and what was saved."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from nicegui import ui

from api.contract.ai import AiSums, AiUsage
from api.contract.enums import Provider
from ui import formats, session
from ui.client import ai as client
from ui.components.cards import card, figure, figures, note
from ui.components.charts import bar_chart
from ui.components.forms import select_field
from ui.components.states import Loader, empty, load, skeleton_chart, skeleton_figures
from ui.i18n import _, ngettext
from ui.labels import ai as labels

_DAYS = (7, 30, 90)
_SHOWN = 5  # personas in the chart; the rest together


def draw_usage() -> None:
    _Usage()


def _skeleton() -> None:
    skeleton_figures(4)
    skeleton_chart()


class _Usage:
    def __init__(self) -> None:
        self._api = session.current().api
        spans = {days: ngettext("Last {n} day", "Last {n} days", days).format(n=days) for days in _DAYS}
        self._days = select_field("", spans, 30, on_change=self._changed)
        self._days.control.props["aria-label"] = _("Time span")
        self._days.element.classes("m-narrow-field")
        self._place: Loader[AiUsage] = load(self._fetch, self._draw, _skeleton, "m-col m-loose w-full")

    async def _changed(self) -> None:
        await self._place.refresh()

    async def _fetch(self) -> AiUsage:
        connection = await client.connection(self._api)
        self._simulated = connection.provider is Provider.SANDBOX
        until = datetime.now(formats.zone()).date()
        return await client.usage(self._api, until - timedelta(days=int(self._days.value) - 1), until)

    def _draw(self, found: AiUsage) -> None:
        total = found.total
        if not total.calls:
            with card():
                empty(
                    "savings", _("Nothing spent yet"), _("As soon as the AI answers, drafts or searches, its costs stand here.")
                )
            return
        if self._simulated:
            with note(
                "info",
                _("The model is simulated: these are the costs that OpenAI would charge. Nobody pays them."),
                name="lightbulb",
            ):
                pass
        if total.unpriced:
            text = ngettext(
                "{n} request went to a model without a price, so its cost is missing here. Set prices under Models and prices.",
                "{n} requests went to models without a price, so their cost is missing here. Set prices under Models and prices.",
                total.unpriced,
            )
            with note("warn", text.format(n=formats.number(total.unpriced)), name="warning"):
                pass
        self._draw_figures(total)
        with card(_("Cost by day and persona"), hint=_("In US dollars")):
            names, series = _by_day(found)
            bar_chart(names, series, stacked=True, whole=False, label=_("Cost of the AI on each day, by persona"))
        with ui.element("div").classes("m-grid m-grid-wide"):
            purposes = [_Row(labels.purpose(one.purpose), one.sums) for one in found.purposes]
            _table(_("What for"), purposes)
            _table(_("By model"), [_Row(one.model, one.sums) for one in found.models])
            if found.conversations:
                named = ((one.name or _("Without a name"), one) for one in found.conversations)
                dear = [_Row(name, one.sums, f"/inbox/{one.conversation_id}") for name, one in named]
                _table(_("Conversations that cost most"), dear)

    def _draw_figures(self, total: AiSums) -> None:
        with figures():
            figure(_("Cost"), formats.dollars(total.cost_micro))
            figure(_("Requests"), formats.number(total.calls), hint=_failed(total.failed))
            share = total.cached_tokens / total.input_tokens if total.input_tokens else 0
            figure(_("Read from the cache"), formats.percent(share, digits=0), hint=_kept(total.cache_write_tokens))
            saved = ngettext("{n} request spared", "{n} requests spared", total.merged).format(n=formats.number(total.merged))
            figure(_("Saved by one answer for several messages"), formats.dollars(total.saved_micro), hint=saved)


def _kept(tokens: int) -> str:
    return _("{n} tokens were put there.").format(n=formats.number(tokens)) if tokens else _("Cached text costs a fraction.")


def _failed(count: int) -> str:
    return ngettext("{n} without an answer", "{n} without an answer", count).format(n=formats.number(count)) if count else ""


def _by_day(found: AiUsage) -> tuple[list[str], list[tuple[str, list[float | None]]]]:
    """Names of the days and, for each persona, dollars on each of them."""
    days = [found.since + timedelta(days=number) for number in range((found.until - found.since).days + 1)]
    costs: dict[str, dict[date, int]] = {}
    for one in found.days:
        name = one.persona or (_("Former persona") if one.persona_id else _("Without a persona"))
        of_day = costs.setdefault(name, {})
        of_day[one.day] = of_day.get(one.day, 0) + one.sums.cost_micro
    names = sorted(costs, key=lambda name: -sum(costs[name].values()))
    if len(names) > _SHOWN + 1:
        rest = names[_SHOWN:]
        together = {day: sum(costs[name].get(day, 0) for name in rest) for day in days}
        costs[_("Others")] = together
        names = [*names[:_SHOWN], _("Others")]
    series: list[tuple[str, list[float | None]]] = [
        (name, [costs[name].get(day, 0) / 1_000_000 for day in days]) for name in names
    ]
    return [formats.short_day(day) for day in days], series


class _Row(NamedTuple):
    """`to`: where its name leads."""

    name: str
    sums: AiSums
    to: str = ""


def _table(heading: str, rows: Sequence[_Row]) -> None:
    with card(heading):
        with ui.element("dl").classes("m-kv"):
            for name, sums, to in rows:
                with ui.element("dt"):
                    if to:
                        ui.link(name, to).classes("m-link m-clip")
                    else:
                        ui.label(name).classes("m-clip")
                with ui.element("dd").classes("m-row m-near items-baseline"):
                    ui.label(formats.dollars(sums.cost_micro) if sums.cost_micro or not sums.unpriced else _("Price missing"))
                    calls = ngettext("{n} request", "{n} requests", sums.calls).format(n=formats.number(sums.calls))
                    ui.label(calls).classes("m-hint")
