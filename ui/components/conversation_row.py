"""One conversation of a list as one element of the page: the browser draws its parts itself, so that fifty of them cost little.

What stands in it are texts: the browser's template makes no HTML of them.
"""

from collections.abc import Callable
from typing import Any

from nicegui import ui

_PRESS = "(e) => { if (e.ctrlKey || e.metaKey || e.shiftKey || e.altKey) return; e.preventDefault(); emit(); }"


class ConversationRow(ui.element, component="conversation_row.js"):
    """A link; a plain press calls `choose`, any other is the browser's."""

    def __init__(self, choose: Callable[[], Any]) -> None:
        super().__init__()
        self.classes("m-inbox-row").on("click", lambda: choose(), [], js_handler=_PRESS)

    def draw(self, row: dict[str, Any]) -> None:
        """What `conversation_row.js` reads; the browser is told where something changed."""
        if self.props.get("row") != row:
            self.props["row"] = row
