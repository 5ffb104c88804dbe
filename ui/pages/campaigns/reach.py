"""How many people a draft reaches, and who is left out and why: one bar and a sentence per reason."""

from collections.abc import Callable
from typing import Any

from nicegui import ui

from api.contract.campaigns import Audience, Preview
from ui import formats
from ui.components import problems
from ui.components.progress import width
from ui.components.states import error_state, skeleton
from ui.i18n import _
from ui.labels import campaigns as campaign_labels
from ui.labels import reasons

_SERIES = {"opted_out": 6, "no_address": 5, "landline": 4, "duplicate_address": 2, "recently_messaged": 3}


class Reach:
    """A card; `set(preview)` moves it, `wait()` shows that a new count is on its way, `fail` that none came. `retry` asks once more."""

    def __init__(self) -> None:
        with ui.element("section").classes("m-card") as self.element:
            self.element.props["aria-live"] = "polite"
            ui.label(_("Who gets it")).classes("m-hint")
            self._body = ui.element("div").classes("m-col")
            with self._body:
                skeleton("title m-w-60", "line m-w-100", "line m-w-80")

    def wait(self) -> None:
        self._body.classes("m-busy")

    def fail(self, error: Exception, retry: Callable[[], Any]) -> None:
        self._body.classes(remove="m-busy")
        self._body.clear()
        with self._body:
            error_state(problems.sentence(error), retry)

    def set(self, preview: Preview) -> None:
        self._body.classes(remove="m-busy")
        self._body.clear()
        with self._body:
            if preview.audience is None:
                ui.label(_("Choose the channel first: it decides who can be reached.")).classes("m-sub")
            else:
                draw(preview.audience, all(found.code != "no_audience" for found in preview.problems))


def draw(audience: Audience, picked: bool = True) -> None:
    """`picked`: whether anybody was chosen; without a choice nobody matches either."""
    with ui.element("div").classes("m-col m-tight"):
        with ui.element("div").classes("m-figure"):
            ui.label(formats.number(audience.reachable))
            ui.label(_("people will get it") if audience.reachable != 1 else _("person will get it")).classes("m-unit")
        ui.label(_("{people} match").format(people=campaign_labels.people(audience.matched))).classes("m-hint")
    if not audience.matched and not picked:
        ui.label(_("Choose who gets the message.")).classes("m-hint")
        return
    if not audience.matched:
        ui.label(_("Nobody matches. Choose other tags or a wider filter.")).classes("m-trouble")
        return
    with ui.element("div").classes("m-reach").props("aria-hidden=true"):
        ui.element("i").classes("m-s1").style(width(audience.reachable / audience.matched))
        for skipped in audience.skipped:
            fill = ui.element("i").classes(f"m-s{_SERIES.get(skipped.reason, 5)}")
            fill.style(width(skipped.count / audience.matched))
    if audience.skipped:
        with ui.element("div").classes("m-reach-list"):
            for skipped in audience.skipped:
                why = reasons.skip(skipped.reason)
                with ui.element("div").classes("m-reach-line"):
                    ui.element("i").classes(f"m-s{_SERIES.get(skipped.reason, 5)}")
                    ui.label(why.name)
                    ui.label(formats.number(skipped.count)).classes("m-num")
                    ui.label(why.todo).classes("m-hint")
