"""One conversation of a list as one element of the page: the browser draws its parts itself, so that fifty of them cost little.

What stands in it are texts: the browser's template makes no HTML of them.
"""

from collections.abc import Callable
from typing import Any

from nicegui import events, ui

_PRESS = """(e) => { if (e.ctrlKey || e.metaKey || e.shiftKey || e.altKey) return; e.preventDefault();
    emit(e.currentTarget.getAttribute('data-conversation')); }"""


class ConversationRow(ui.element, component="conversation_row.js"):
    """A link; a plain press calls `choose`, any other is the browser's."""

    def __init__(self, choose: Callable[[], Any]) -> None:
        super().__init__()
        self._drawn: dict[str, Any] = {}

        def press(event: events.GenericEventArguments) -> Any:
            """Nothing for what it showed before, as it was pressed while it became another's."""
            return choose() if event.args == self.props.get("data-conversation") else None

        self.classes("m-inbox-row").on("click", press, js_handler=_PRESS)

    def draw(self, row: dict[str, Any]) -> None:
        """What `conversation_row.js` reads; the browser is told where something changed. Pages share it: it is not observed."""
        if row is not self._drawn and row != self._drawn:
            self._drawn = row
            dict.__setitem__(self.props, "row", row)
            self.update()
