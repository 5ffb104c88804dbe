"""The steps of the wizard in a line: where one is, what is done, what lacks something; a press goes there."""

from collections.abc import Awaitable, Callable, Collection
from functools import partial

from nicegui import ui

from ui.components.text import pressable
from ui.labels.campaigns import STEPS, step_name


def draw(
    current: str,
    seen: Collection[str],
    missing: Collection[str],
    *,
    started: bool,
    go: Callable[[str], Awaitable[None]],
) -> None:
    """`seen` and `missing` are names of steps; before the draft is `started` only the first one can be opened."""
    for number, step in enumerate(STEPS):
        on = step == current
        off = not started and step != STEPS[0]
        bad = step in missing and step in seen and not on
        done = not on and not bad and not off and step in seen
        look = "m-wiz-on" if on else "m-wiz-off" if off else "m-wiz-bad" if bad else "m-wiz-done" if done else ""
        if number:
            ui.element("div").classes("m-step-line").props["aria-hidden"] = "true"
        with ui.element("div").classes(f"m-wiz-step {look}") as element:
            ui.label("✓" if done else "!" if bad else str(number + 1)).classes("m-step-no").props("aria-hidden=true")
            ui.label(step_name(step)).classes("m-wiz-name")
        if on:
            element.props["aria-current"] = "step"
        elif not off:
            pressable(element, partial(go, step))
