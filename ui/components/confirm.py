"""Asking before what cannot be undone: a small dialog, or a panel in the page. Where undo works, use `toast_undo`."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from nicegui import ui

from ui.components.buttons import button
from ui.components.text import Text, title
from ui.i18n import _


@contextmanager
def dialog(heading: str, text: str = "", *, wide: bool = False) -> Iterator[ui.dialog]:
    """A small dialog; draw inside the `with`, then call `.open()` on it. It goes away when closed.

    It hangs on the page itself, so a list that repaints beneath it does not take it away.
    """
    with ui.context.client.content:
        box = ui.dialog()
    box.props["aria-label"] = heading
    box.on_value_change(lambda event: None if event.value else ui.timer(0.4, box.delete, once=True))
    with box, ui.element("div").classes("m-dialog" + (" m-dialog-wide" if wide else "")):
        title(heading)
        if text:
            Text("p", text, "m-sub")
        yield box


async def confirm(
    heading: str, text: str = "", *, yes: str, no: str = "", danger: bool = False, more: Sequence[str] = ()
) -> bool:
    """Asks and waits. `yes` is a verb (Remove, Send); True when it was pressed. Escape and a click outside say no.

    `more` are the particulars, one line each. `no` where "Cancel" could be taken for the deed itself. Enter says yes, but no where it is a danger.
    """
    with dialog(heading, text) as box:
        if more:
            with ui.element("ul").classes("m-points"):
                for line in more:
                    Text("li", line, "m-sub")
        with ui.element("div").classes("m-dialog-foot"):
            back = button(no or _("Cancel"), lambda: box.submit(False), kind="plain")
            sure = button(yes, lambda: box.submit(True), kind="danger-solid" if danger else "primary")
            (back if danger else sure).props("autofocus")
    return bool(await box)


def confirm_inline(
    heading: str, text: str, *, yes: str, on_yes: Callable[[], Any], on_no: Callable[[], Any] | None = None, danger: bool = False
) -> ui.element:
    """The same question as a panel in the page, for settings and side panels. Saying no removes it."""

    def no() -> None:
        panel.delete()
        if on_no is not None:
            on_no()

    with ui.element("div").classes("m-confirm" + (" m-confirm-danger" if danger else "")) as panel:
        title(heading, 3)
        Text("p", text, "m-sub")
        with ui.element("div").classes("m-row m-near mt-2"):
            button(yes, on_yes, kind="danger-solid" if danger else "primary")
            button(_("Cancel"), no, kind="plain")
    return panel
