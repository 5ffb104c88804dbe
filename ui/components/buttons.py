"""Buttons: a verb, one kind each, busy while their handler runs."""

import inspect
from collections.abc import Callable
from typing import Any, Literal
from weakref import WeakKeyDictionary

from nicegui import ui

from ui.i18n import _

Kind = Literal["primary", "quiet", "plain", "danger", "danger-solid"]


def button(
    text: str,
    on_click: Callable[[], Any] | None = None,
    *,
    icon: str | None = None,
    kind: Kind = "quiet",
    to: str | None = None,
    submit: bool = False,
) -> ui.button:
    """A button; one `primary` per screen. An async handler shows the spinner and takes no second click meanwhile.

    What a handler draws goes to the page, unless it opens a place of its own (`with place:`). `to` makes it a link to a page of ours. `submit` presses it when Enter is hit in its form.
    """
    element = ui.button(text, icon=f"sym_r_{icon}" if icon else None, color=None)
    element.props("unelevated no-caps no-wrap").classes(f"m-btn m-btn-{kind}")
    if submit:
        element.props("type=submit")
    if to is not None:
        element.props["href"] = to
    if on_click is not None:
        element.on_click(lambda: _run(element, on_click))
    return element


_running: WeakKeyDictionary[ui.button, bool] = WeakKeyDictionary()  # and whether it can be pressed behind that


def allow(element: ui.button, on: bool) -> None:
    """Whether the button can be pressed; while its handler runs, once that has ended."""
    if element in _running:
        _running[element] = on
    else:
        element.set_enabled(on)


async def _run(element: ui.button, handler: Callable[[], Any]) -> None:
    with element.client.content:  # the button may be repainted away while its handler still runs
        result = handler()
        if not inspect.isawaitable(result):
            return
        element.props("loading")
        element.disable()
        _running[element] = True
        try:
            await result
        finally:
            _settle(element)


def _settle(element: ui.button) -> None:
    on = _running.pop(element, True)
    if not (element.is_deleted or element.client.is_deleted):
        element.props(remove="loading")
        element.set_enabled(on)


def icon_button(icon: str, label: str, on_click: Callable[[], Any] | None = None) -> ui.button:
    """A small round-cornered button; `label` is its name for screen readers and its tooltip, which ui/theme/app.js
    shows."""
    element = ui.button(icon=f"sym_r_{icon}", color=None).props("flat unelevated").classes("m-icon")
    element.props["aria-label"] = label
    if on_click is not None:
        element.on_click(lambda: _run(element, on_click))
    return element


def copy_field(value: str, *, label: str = "", whole: bool = False) -> ui.element:
    """A value to take along (link, key): the text and a copy button that answers with a tick. `whole` where it may be read off, too."""
    with ui.element("div").classes("m-copy") as box:
        text = ui.label(value).classes("m-mono" if whole else "m-mono m-clip")
        copy = icon_button("content_copy", label or _("Copy"))
        copy.on(
            "click",
            js_handler=f"(e) => masteria.copy(getHtmlElement({text.id}).textContent, e.target.closest('button'))",
        )
    return box
