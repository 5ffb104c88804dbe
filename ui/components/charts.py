"""Charts in the house style: few lines, no frame, theme colours that follow dark mode.

Drawn as SVG, so that colours are the theme's CSS variables and switch with it; no redraw, no second set. Series take the
theme's colours in order. A chart says in words (`label`) what it shows, for those who do not see it.
"""

from collections.abc import Sequence
from typing import Any, Literal

from nicegui import ui

from ui import formats
from ui.components.progress import width
from ui.theme.tokens import SERIES

Series = tuple[str, Sequence[float | None]]
LABELS = 4  # at most, along the bottom: they also fit on a phone
BARS = 12  # at most, under bars: those for which there is no room are left out
SHORT = 10_000  # from here on the axis says 12,5 mil


class _Drawing(ui.echart, component="chart.js"):
    """NiceGUI's chart fails in the browser when it is taken away, or is given new data, while it loads; ours does not."""

    def __init__(self, options: dict[str, Any]) -> None:
        super().__init__(options, renderer="svg")
        self._update_method = None  # it looks at its options by itself; what has not come yet could not be called


def _axis_text() -> dict[str, Any]:
    return {"color": "var(--hint)", "fontSize": 11, "fontFamily": "var(--font)", "hideOverlap": True}


def _options(
    labels: Sequence[str], series: Sequence[Series], kind: Literal["line", "bar"], area: bool, stacked: bool, whole: bool
) -> dict[str, Any]:
    language = formats.locale().replace("_", "-")
    most = max((value or 0 for _name, values in series for value in values), default=0)
    notation = "compact" if most >= SHORT else "standard"  # one for the whole axis
    return {
        "animation": False,
        "color": SERIES,
        "grid": {"left": 12, "right": 36, "top": 12, "bottom": 4, "containLabel": True},  # right: half of the last label
        "tooltip": {
            "trigger": "axis",
            "className": "m-tip",
            "backgroundColor": "transparent",
            "borderWidth": 0,
            "padding": 0,
            "axisPointer": {
                "type": "line" if kind == "line" else "none",
                "lineStyle": {"color": "var(--line-strong)", "type": "solid"},
            },
            ":valueFormatter": f"(v) => v == null ? '–' : Number(v).toLocaleString('{language}')",
        },
        "xAxis": {
            "type": "category",
            "data": list(labels),
            "boundaryGap": kind == "bar",
            "axisLine": {"show": False},
            "axisTick": {"show": False},
            "axisLabel": {
                **_axis_text(),
                "margin": 12,
                "hideOverlap": True,
                ":interval": f"(i) => ({len(labels)} - 1 - i) % {-(-len(labels) // (BARS if kind == 'bar' else LABELS)) or 1} === 0",
            },
        },
        "yAxis": {
            "type": "value",
            "minInterval": 1 if whole else None,
            "splitNumber": 4,
            "axisLabel": {
                **_axis_text(),
                ":formatter": f"(v) => Intl.NumberFormat('{language}', {{notation: '{notation}', maximumFractionDigits: 2}}).format(v)",
            },
            "splitLine": {"lineStyle": {"color": "var(--line)"}},
        },
        "series": [
            {
                "type": kind,
                "name": name,
                "data": list(values),
                "smooth": False,  # a curve between two days would show values that nobody counted
                "showSymbol": False,
                "symbolSize": 7,
                "stack": "all" if stacked else None,
                "lineStyle": {"width": 2},
                "barMaxWidth": 22,
                "itemStyle": {"color": SERIES[number % 6], "borderRadius": [4, 4, 0, 0] if kind == "bar" else 0},
                "areaStyle": {"opacity": 0.1, "color": SERIES[number % 6]} if area and kind == "line" and not number else None,
                "emphasis": {"disabled": True},
            }
            for number, (name, values) in enumerate(series)
        ],
    }


class Chart:
    """A chart with its legend; `set` gives it new data in place."""

    def __init__(
        self,
        labels: Sequence[str],
        series: Sequence[Series],
        *,
        kind: Literal["line", "bar"],
        area: bool,
        stacked: bool,
        size: str,
        label: str,
        whole: bool = True,
    ) -> None:
        self._look = (kind, area, stacked, whole)
        with ui.element("figure").classes("m-col w-full") as self.element:
            if len(series) > 1:
                with ui.element("div").classes("m-legend"):
                    for number, (name, _values) in enumerate(series):
                        with ui.element("div"):
                            ui.element("i").classes(f"m-s{number % 6 + 1}")
                            ui.label(name)
            self.chart = _Drawing(_options(labels, series, *self._look))
            self.chart.classes("m-chart" + (f" m-chart-{size}" if size else ""))
            self.chart.props.update({"role": "img", "aria-label": label})

    def set(self, labels: Sequence[str], series: Sequence[Series]) -> None:
        options = _options(labels, series, *self._look)
        self.chart.options.update(options)
        self.chart.update()


def line_chart(
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    label: str,
    area: bool = True,
    size: Literal["", "short", "tall"] = "",
) -> Chart:
    """Lines over labels; the first is filled softly. `series` is (name, values); None leaves a gap."""
    return Chart(labels, series, kind="line", area=area, stacked=False, size=size, label=label)


def bar_chart(
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    label: str,
    stacked: bool = False,
    whole: bool = True,
    size: Literal["", "short", "tall"] = "",
) -> Chart:
    """`whole`: the values are counted, so that the axis has no fractions."""
    return Chart(labels, series, kind="bar", area=False, stacked=stacked, size=size, label=label, whole=whole)


def funnel(stages: Sequence[tuple[str, int]]) -> ui.element:
    """Stages with their numbers and the share of the first: sent, delivered, read, replied. Bars are plain elements."""
    top = max((count for _name, count in stages), default=0)
    with ui.element("div").classes("m-funnel").props("role=list") as element:
        for number, (name, count) in enumerate(stages):
            with ui.element("div").classes("m-funnel-row").props("role=listitem"):
                ui.label(name).classes("m-sub m-clip")
                with ui.element("div").classes("m-funnel-track").props("aria-hidden=true"):
                    fill = ui.element("div").classes("m-funnel-fill m-s1")
                    fill.style(f"{width(count / top if top else 0.0)}; opacity: {1 - 0.17 * min(number, 4):.2f}")
                with ui.element("div").classes("m-funnel-end"):
                    ui.label(formats.number(count)).classes("m-num")
                    ui.label(formats.percent(count, stages[0][1])).classes("m-hint")
    return element
