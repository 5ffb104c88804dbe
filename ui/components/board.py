"""A Kanban board as one element of the page: the browser draws columns and cards itself, so that a thousand of them cost little.

The page tells what is there and what changed, and hears what a person did: `move`, `more`, `lead`, `add`, `bulk`, `undo`. A move
stands on the screen at once; the page answers it with `settle` or `back`. What arguments say is checked by whoever takes them: a
browser may send anything.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from nicegui import events
from nicegui.element import Element
from nicegui.elements.sortable.sortable import Sortable

Card = dict[str, Any]


class Board(Sortable, component="board.js"):
    """Draws `stages` with their first cards; it inherits NiceGUI's SortableJS."""

    def __init__(self, stages: Sequence[Card], cards: Mapping[str, Card], texts: Mapping[str, str], *, can: bool) -> None:
        Element.__init__(self)
        self.props.update({"stages": list(stages), "cards": dict(cards), "texts": dict(texts), "can": can})

    def heard(self, name: str, handler: Callable[[Any], Any]) -> None:
        """Calls the handler with what the browser sent."""

        def call(event: events.GenericEventArguments) -> Any:
            return handler(event.args)

        self.on(name, call)

    def tell(self, name: str, *given: Any) -> None:
        self.run_method(name, *given)
