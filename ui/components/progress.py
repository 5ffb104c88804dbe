"""How far: a bar with what is left, the steps of a wizard, tabs."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, Literal

from nicegui import ui

from ui import formats
from ui.components.address import address
from ui.components.buttons import button
from ui.components.text import pressable
from ui.i18n import _


def width(share: float) -> str:
    """The style of a bar's filling: nothing at 0, a sliver that can be seen as soon as there is something."""
    return f"width: max(3px, {min(1.0, share) * 100:.2f}%)" if share > 0 else "width: 0"


class Progress:
    """A bar with `done of total` and the time left; `set` moves it without drawing anew."""

    def __init__(self, done: int, total: int, seconds_left: float | None, tone: Literal["", "warn", "bad", "quiet"]) -> None:
        with ui.element("div").classes("m-progress") as self.element:
            with ui.element("div").classes("m-track") as self._track:
                self._track.props.update({"role": "progressbar", "aria-label": _("Progress")})
                self._fill = ui.element("div").classes("m-fill")
            with ui.element("div").classes("m-row m-between"):
                self._left = ui.label().classes("m-hint")
                self._right = ui.label().classes("m-hint")
        self.set(done, total, seconds_left, tone)

    def set(
        self, done: int, total: int, seconds_left: float | None = None, tone: Literal["", "warn", "bad", "quiet"] = ""
    ) -> None:
        share = min(1.0, done / total) if total else 0.0
        self._fill.style(width(share))
        self._fill.classes(replace="m-fill" + (f" m-fill-{tone}" if tone else ""))
        self._track.props.update({"aria-valuenow": round(share * 100), "aria-valuemin": 0, "aria-valuemax": 100})
        self._left.text = _("{done} of {total} · {share}").format(
            done=formats.number(done), total=formats.number(total), share=formats.percent(share, digits=0)
        )
        self._right.text = "" if seconds_left is None else _("{time} left").format(time=formats.duration(seconds_left))


def progress(
    done: int, total: int, *, seconds_left: float | None = None, tone: Literal["", "warn", "bad", "quiet"] = ""
) -> Progress:
    """A bar; keep the answer to move it from live events."""
    return Progress(done, total, seconds_left, tone)


def stepper(names: Sequence[str], current: int, on_go: Callable[[int], Any] | None = None) -> ui.element:
    """Where a wizard stands (0-based). Steps already done lead back when `on_go` is given."""
    with ui.element("ol").classes("m-steps") as element:
        for number, name in enumerate(names):
            if number:
                ui.element("li").classes("m-step-line").props["aria-hidden"] = "true"
            state = "m-step-on" if number == current else "m-step-done" if number < current else ""
            with ui.element("li").classes(f"m-step {state}") as step:
                ui.label(str(number + 1) if number >= current else "✓").classes("m-step-no").props("aria-hidden=true")
                ui.label(name).classes("m-step-name")
            if number == current:
                step.props["aria-current"] = "step"
            elif number < current and on_go is not None:
                pressable(step, partial(on_go, number))
                step.props["aria-label"] = name  # a phone shows the number alone
    return element


def wizard_foot(
    on_next: Callable[[], Any], *, next: str = "", on_back: Callable[[], Any] | None = None, icon: str | None = None
) -> ui.button:
    """Back and on at the lower right; returns the button that goes on."""
    with ui.element("div").classes("m-wizard-foot"):
        if on_back is not None:
            button(_("Back"), on_back, kind="plain")
        return button(next or _("Continue"), on_next, kind="primary", icon=icon)


class Tabs:
    """Tabs over one place; each is drawn when it is opened. Under `name` the address keeps which one is."""

    def __init__(self, tabs: Iterable[tuple[str, str, Callable[[], Any]]], start: str | None, name: str) -> None:
        self._name = name
        self._tabs = {key: (name, draw) for key, name, draw in tabs}
        self._buttons: dict[str, ui.element] = {}
        with ui.element("div").classes("m-col m-loose w-full"):
            with ui.element("div").classes("m-tabs").props("role=tablist"):
                for key, (name, _draw) in self._tabs.items():
                    with ui.element("button").classes("m-tab").props("role=tab type=button") as tab:
                        ui.label(name)
                    tab.on("click", lambda key=key: self._choose(key), [])
                    self._buttons[key] = tab
            self.panel = ui.element("div").classes("m-col m-loose").props("role=tabpanel")
        self._first = start if start in self._tabs else next(iter(self._tabs))
        self.open(self._first)
        if self._first != next(iter(self._tabs)):  # on a phone it may stand beyond the edge
            first = self._buttons[self._first].id
            ui.run_javascript(f"getHtmlElement({first})?.scrollIntoView({{block: 'nearest', inline: 'center'}})")
        if name:
            address().on_back(self._went_back)

    def _choose(self, key: str) -> None:
        self.open(key)
        if self._name:
            address().write({self._name: key}, push=True)

    def _went_back(self) -> None:
        key = address().get(self._name)
        self.open(key if key in self._tabs else self._first)

    def open(self, key: str) -> None:
        self.current = key
        for other, tab in self._buttons.items():
            tab.classes(add="m-tab-on" if other == key else "", remove="" if other == key else "m-tab-on")
            tab.props["aria-selected"] = "true" if other == key else "false"
        self.panel.clear()
        with self.panel:
            self._tabs[key][1]()


def tabs(entries: Iterable[tuple[str, str, Callable[[], Any]]], start: str | None = None, *, name: str = "") -> Tabs:
    """Tabs from (key, name, draw). `start` is the key that is open first, `name` that of the address's value for it."""
    return Tabs(entries, start, name)
