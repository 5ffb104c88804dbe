"""How fast it goes: the bar, the rate now, what holds it back, when it ends, and the rate over time."""

import math
from datetime import UTC, datetime

from nicegui import ui

from api.contract.campaign_progress import Progress
from api.contract.enums import CampaignState
from ui import formats
from ui.components.charts import Chart, line_chart
from ui.components.progress import width
from ui.i18n import _
from ui.labels import campaigns as campaign_labels

POINTS = 90
CALM = 10  # seconds; shorter spans flicker
AROUND = 15.0  # seconds to each side of a point that are averaged, so that a stutter is no fall to zero


def series(progress: Progress) -> tuple[list[str], list[float], list[float]]:
    """Labels, sent per second, delivered per second. Spans in which nothing happened count as zeros, so that pauses are seen."""
    points = [point for point in progress.series if point.sent or point.delivered]
    if not points:
        return [], [], []
    step = progress.series_seconds
    first, last = points[0].at.timestamp(), points[-1].at.timestamp() + step
    running = progress.state == CampaignState.RUNNING
    if running:
        last = datetime.now(UTC).timestamp()
    span = _span(last - first, step)
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
    return labels, smooth(sent, span), smooth(delivered, span)


def _span(total: float, step: int) -> int:
    """Seconds per point drawn: a multiple of the API's, at most about POINTS of them, and 10 s as soon as there is room."""
    wanted = max(step, total / POINTS, CALM if total > 6 * CALM else 0)
    return step * math.ceil(wanted / step)


def smooth(values: list[float], span: int) -> list[float]:
    """Each value averaged with its neighbours, over at most a sixth of the whole: pauses are still seen, stutters are not."""
    side = int(min(AROUND, span * len(values) / 12) // span)
    around = [values[max(0, place - side) : place + side + 1] for place in range(len(values))]
    return [round(sum(part) / len(part), 1) for part in around]


class Speed:
    """`set` moves everything in place."""

    def __init__(self, progress: Progress, *, tried: bool = False) -> None:
        self._tried = tried
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
        total, done = progress.figures.audience, campaign_labels.done(progress.figures, progress.counts)
        share = done / total if total else 0.0
        running = progress.state == CampaignState.RUNNING
        waits = running and progress.outage_since is not None
        tone = {
            CampaignState.RUNNING: "warn" if waits else "",
            CampaignState.PAUSED: "warn",
            CampaignState.HELD: "warn",
            CampaignState.FAILED: "bad",
            CampaignState.CANCELLED: "quiet",
        }
        self._fill.style(width(share))
        self._fill.classes(replace=f"m-fill m-fill-{tone.get(progress.state, '')}")
        self._track.props.update({"aria-valuenow": round(share * 100), "aria-valuemin": 0, "aria-valuemax": 100})
        waiting = progress.counts.queued + progress.counts.sending
        rate = _("{n} per second").format(n=formats.number(_rate(progress), 1))
        self._rate.text = rate if running and waiting else _title(progress)
        self._limit.text = (
            campaign_labels.limit_now(progress.limiting_factor, progress.limit_value, progress.limit_until) if running else ""
        )
        if waits:
            self._limit.text = _("Waiting for the provider to answer")
        if not self._limit.text:
            self._limit.text = _("{done} of {total} · {share}").format(
                done=formats.number(done), total=formats.number(total), share=formats.percent(share, digits=0)
            )
        self._end.text = _end(progress, self._tried) if running and waiting else ""
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


def _rate(progress: Progress) -> float:
    """Now per second. The measure of some seconds may be slightly above the limit in force: then the limit."""
    held = progress.limiting_factor in {"number", "segments"} and progress.limit_value
    return min(progress.rate, progress.limit_value) if held and progress.limit_value else progress.rate


def _title(progress: Progress) -> str:
    """In place of a rate, when nothing goes out any more."""
    return {
        CampaignState.FINISHED: _("All done"),
        CampaignState.PAUSED: _("Paused"),
        CampaignState.HELD: _("Held"),
        CampaignState.CANCELLED: _("Cancelled"),
        CampaignState.FAILED: _("Stopped"),
        CampaignState.RUNNING: _("Everything is sent; the last results are coming in"),
    }.get(progress.state, _("Not started yet"))


def _end(progress: Progress, tried: bool) -> str:
    """`tried`: texts are tried out, so that most wait for the better one."""
    if progress.outage_since is not None:
        return _("goes on by itself")
    if progress.next_at is not None:
        return _("goes on at {when}").format(when=formats.moment(progress.next_at))
    if progress.eta is None and tried and not progress.rate:
        return _("The others wait for the better text")
    if progress.eta is None:
        return _("Working out when it ends…")
    left = (progress.eta - datetime.now(UTC)).total_seconds()
    when = formats.moment(progress.eta) if left > 12 * 3600 else formats.clock(progress.eta)
    return _("ends at {when} · {left} left").format(when=when, left=formats.duration(max(1, left)))
