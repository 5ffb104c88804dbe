"""The figures of a campaign, from the queue to the reply, each with its share of everybody or of those sent.
Numbers roll to their new value."""

from collections.abc import Callable
from typing import Any, NamedTuple

from nicegui import ui

from api.contract.campaign_progress import Progress
from ui import formats
from ui.components.progress import width
from ui.components.text import pressable
from ui.i18n import _


class Step(NamedTuple):
    """`base` is what the share is of; None says nothing about a share."""

    key: str
    name: str
    value: int
    base: int | None
    of: str


def steps(progress: Progress, reports_read: bool) -> list[Step]:
    """In the order of the way; not every kind of channel tells that a message was read."""
    n, of_sent, of_all = progress.figures, _("{share} of those sent"), _("{share} of {total}")
    found = [
        Step("waiting", _("In the queue"), n.waiting, n.audience, of_all),
        Step("sent", _("Sent"), n.sent, n.audience, of_all),
        Step("delivered", _("Delivered"), n.delivered, n.sent, of_sent),
    ]
    if reports_read:
        found.append(Step("read", _("Read"), n.read, n.sent, of_sent))
    found.append(Step("replied", _("Replied"), n.replied, n.sent, of_sent))
    found.append(Step("failed", _("Failed"), n.failed, n.audience, of_all))
    if n.stopped:
        found.append(Step("stopped", _("Not sent"), n.stopped, n.audience, of_all))
    return found


class Figures:
    """One card per step; `set` moves numbers and bars in place."""

    def __init__(
        self, progress: Progress, reports_read: bool, on_failed: Callable[[], Any], on_replied: Callable[[], Any]
    ) -> None:
        self._reports_read, self._on_failed, self._on_replied = reports_read, on_failed, on_replied
        self._shown: dict[str, int] = {}
        self._parts: dict[str, tuple[ui.label, ui.label, ui.element]] = {}
        self._box = ui.element("div")
        self.set(progress)

    def _draw(self, found: list[Step]) -> None:
        self._box.clear()
        self._box.classes(replace=f"m-card m-card-flush m-way m-way-{len(found)}")
        self._shown, self._parts = {}, {}
        with self._box:
            for step in found:
                with ui.element("div").classes(f"m-way-step m-way-{step.key}") as box:
                    ui.label(step.name).classes("m-hint")
                    number = ui.label().classes("m-figure")
                    share = ui.label().classes("m-hint m-clip")
                    with ui.element("div").classes("m-way-track").props("aria-hidden=true"):
                        fill = ui.element("div").classes("m-way-fill")
                    self._parts[step.key] = number, share, fill
                if step.key == "failed":
                    pressable(box, self._on_failed, _("See why"))
                elif step.key == "replied":
                    pressable(box, self._on_replied, _("See the conversations of who answered"))
                elif step.key == "stopped":
                    box.tooltip(_("Cancelled before their turn, or opted out since the launch"))

    def set(self, progress: Progress) -> None:
        rolls: list[str] = []
        language = formats.locale().replace("_", "-")
        found = steps(progress, self._reports_read)
        if [step.key for step in found] != list(self._parts):
            self._draw(found)
        for step in found:
            number, share, fill = self._parts[step.key]
            before = self._shown.get(step.key)
            if before != step.value:
                number.text = formats.number(step.value)
                if before is not None:
                    rolls.append(f"masteria.roll({number.id}, {before}, {step.value}, {language!r})")
                self._shown[step.key] = step.value
            if step.base:
                text = formats.percent(step.value, step.base)
                share.text = step.of.format(share=text, total=formats.number(step.base))
            else:
                share.text = formats.DASH
            fill.style(width(step.value / step.base if step.base else 0.0))
        if rolls:
            ui.run_javascript(";".join(rolls))
