"""Cards, figures, and rows of facts."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from nicegui import ui

from ui.components.text import Text, Tone, dot, icon, pressable, title


@contextmanager
def card(
    heading: str = "", *, hint: str = "", actions: Callable[[], Any] | None = None, flush: bool = False
) -> Iterator[ui.element]:
    """A white card. `flush` lets lists and tables run to its edges; `actions` draws at the right of the heading."""
    with ui.element("section").classes("m-card" + (" m-card-flush" if flush else "")) as element:
        if heading:
            with ui.element("div").classes("m-card-head"):
                with ui.element("div").classes("m-col m-tight"):
                    title(heading)
                    if hint:
                        Text("p", hint, "m-hint")
                if actions is not None:
                    with ui.element("div").classes("m-row m-near"):
                        actions()
        yield element


def figure(
    name: str,
    value: str,
    *,
    unit: str = "",
    hint: str = "",
    change: str = "",
    good: bool | None = None,
    on_click: Callable[[], Any] | None = None,
) -> ui.element:
    """Name, number, unit, comparison. `change` is a text such as +12%; `good` colours it, None leaves it grey."""
    with ui.element("div").classes("m-card m-fig" + (" m-press" if on_click else "")) as element:
        ui.label(name).classes("m-hint")
        with ui.element("div").classes("m-figure"):
            ui.label(value)
            if unit:
                ui.label(unit).classes("m-unit")
        if hint or change:
            with ui.element("div").classes("m-compare"):
                if change:
                    ui.label(change).classes({True: "m-up", False: "m-down-num", None: ""}[good])
                if hint:
                    ui.label(hint).classes("m-clip")
    if on_click is not None:
        pressable(element, on_click)
    return element


def figures() -> ui.element:
    """The row that figures stand in: equal widths, two per row on a phone."""
    return ui.element("div").classes("m-grid m-figs")


def key_values(pairs: Iterable[tuple[str, str | Callable[[], Any]]]) -> ui.element:
    """Name and value per line; a value may be a function that draws it."""
    with ui.element("dl").classes("m-kv") as element:
        for name, value in pairs:
            Text("dt", name)
            with ui.element("dd"):
                ui.label(value) if isinstance(value, str) else value()
    return element


def log_list(entries: Iterable[tuple[Tone, str, str, str]]) -> ui.element:
    """A timeline: (tone, what happened, detail or "", when), newest first."""
    with ui.element("ol").classes("m-log") as element:
        for tone, what, detail, when in entries:
            with ui.element("li").classes("m-log-item"):
                dot(tone)
                with ui.element("div").classes("m-col m-tight m-grow"):
                    with ui.element("div").classes("m-row m-between items-baseline"):
                        ui.label(what).classes("m-strong")
                        ui.label(when).classes("m-hint shrink-0")
                    if detail:
                        ui.label(detail).classes("m-sub m-text")
    return element


@contextmanager
def item(*, on_click: Callable[[], Any] | None = None, to: str | None = None, on: bool = False) -> Iterator[ui.element]:
    """One line of a list; a link with `to`, a button with `on_click`."""
    element: ui.element = ui.link(target=to) if to else ui.element("div")
    element.classes("m-item" + (" m-item-on" if on else ""))
    if on_click is not None:
        pressable(element, on_click)
    with element:
        yield element


@contextmanager
def note(tone: Tone, text: str, *, name: str = "info") -> Iterator[ui.element]:
    """A coloured line inside a page: what to know before going on. Draw actions inside the `with`."""
    with ui.element("div").classes(f"m-note m-{tone}") as element:
        element.props["role"] = "alert" if tone == "bad" else "note"
        icon(name)
        with ui.element("div").classes("m-col m-near"):
            ui.label(text)
            yield element
