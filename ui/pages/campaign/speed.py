"""How fast it goes: the bar, the rate now, what holds it back, when it ends, and the rate over time."""

import math
from datetime import UTC, datetime

from nicegui import ui

from api.contract.campaigns import Progress
from api.contract.enums import CampaignState
from ui import formats
from ui.components.charts import Chart, line_chart
from ui.i18n import _
from ui.pages.campaign import words
from ui.pages.campaign.figures import reach

POINTS = 90
CALM = 10  # seconds; shorter spans flicker


def series(progress: Progress) -> tuple[list[str], list[float], list[float]]:
    """Labels, sent per second, delivered per second. Spans in which nothing happened are zeros, so that pauses are seen."""
    points = [point for point in progress.series if point.sent or point.delivered]
    if not points:
        return [], [], []
    width = progress.series_seconds
    first, last = points[0].at.timestamp(), points[-1].at.timestamp() + width
    running = progress.state == CampaignState.RUNNING
    if running:
        last = datetime.now(UTC).timestamp()
    span = _span(last - first, width)
    parts = (last - first) / span
    count = math.floor(parts) if running else math.ceil(parts)  # the span that is still filling would look like a fall
    sent, delivered = [0.0] * count, [0.0] * count
    for point in points:
        place = int((point.at.timestamp() - first) // span)
        if place < count:
            sent[place] += point.sent / span
            delivered[place] += point.delivered / span
    pattern = "%d/%m %H:%M" if last - first > 86400 else "%H:%M:%S" if span < 60 else "%H:%M"
    labels = [datetime.fromtimestamp(first + place * span, formats.zone()).strftime(pattern) for place in range(count)]
    return labels, [round(value, 1) for value in sent], [round(value, 1) for value in delivered]


def _span(total: float, width: int) -> int:
    """Seconds per point drawn: a multiple of the API's, at most about POINTS of them, and 10 s as soon as there is room."""
    wanted = max(width, total / POINTS, CALM if total > 12 * CALM else 0)
    return width * math.ceil(wanted / width)


class Speed:
    """`set` moves everything in place."""

    def __init__(self, progress: Progress) -> None:
        self._chart: Chart | None = None
        self._drawn: object = None
        with ui.element("section").classes("m-card m-speed"):
            with ui.element("div").classes("m-row m-wrap items-baseline m-near"):
                self._rate = ui.label().classes("m-h2 m-speed-rate")
                self._limit = ui.label().classes("m-hint m-grow")
                self._limit.props["aria-live"] = "polite"
                self._end = ui.label().classes("m-sub")
            with ui.element("div").classes("m-track m-track-big") as self._track:
                self._track.props["role"] = "progressbar"
                self._track.props["aria-label"] = _("Progress")
                self._fill = ui.element("div").classes("m-fill")
            self._place = ui.element("div").classes("w-full m-speed-chart")
        self.set(progress)

    def set(self, progress: Progress) -> None:
        total, done = reach(progress), words.done(progress.counts)
        share = done / total if total else 0.0
        running = progress.state == CampaignState.RUNNING
        tone = {CampaignState.PAUSED: "warn", CampaignState.FAILED: "bad", CampaignState.CANCELLED: "quiet"}
        self._fill.style(f"width: {share * 100:.2f}%")
        self._fill.classes(replace=f"m-fill m-fill-{tone.get(progress.state, '')}")
        self._track.props.update({"aria-valuenow": round(share * 100), "aria-valuemin": 0, "aria-valuemax": 100})
        waiting = progress.counts.queued + progress.counts.sending
        self._rate.text = (
            _("{n} per second").format(n=formats.number(progress.rate, 1)) if running and waiting else _title(progress)
        )
        self._limit.text = words.limit_now(progress.binding_limit, progress.limit_value, progress.limit_until) if running else ""
        if not self._limit.text:
            self._limit.text = _("{done} of {total} · {share}").format(
                done=formats.number(done), total=formats.number(total), share=formats.percent(share, digits=0)
            )
        self._end.text = _end(progress) if running and waiting else ""
        labels, sent, delivered = series(progress)
        drawn = (labels, sent, delivered)
        if drawn == self._drawn:
            return
        self._drawn = drawn
        lines = [(_("Sent per second"), sent), (_("Delivered per second"), delivered)]
        if self._chart is not None:
            self._chart.set(labels, lines)
        elif len(labels) > 1:
            with self._place:
                self._chart = line_chart(labels, lines, label=_("Messages per second over time"))


def _title(progress: Progress) -> str:
    """In place of a rate, when nothing goes out any more."""
    return {
        CampaignState.COMPLETED: _("All done"),
        CampaignState.PAUSED: _("Paused"),
        CampaignState.CANCELLED: _("Cancelled"),
        CampaignState.FAILED: _("Stopped"),
        CampaignState.RUNNING: _("Everything is sent; the last results are coming in"),
    }.get(progress.state, _("Not started yet"))


def _end(progress: Progress) -> str:
    if progress.eta is None:
        return _("Working out when it ends…")
    left = (progress.eta - datetime.now(UTC)).total_seconds()
    when = formats.moment(progress.eta) if left > 12 * 3600 else formats.clock(progress.eta)
    return _("ends at {when} · {left} left").format(when=when, left=formats.duration(max(1, left)))
