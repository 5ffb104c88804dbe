"""A list that is edited line by line: what is half written stands on the screen, and counts once it is whole."""

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from nicegui import ui

from ui.components.buttons import allow, button, icon_button

T = TypeVar("T")
Read = Callable[[], T | None]


class Rows(Generic[T]):
    """`draw(item or None, changed)` draws one line and returns what reads it, None while something lacks. `on_change` is given all whole
    ones after each change. `look`: how wide its fields are, in the theme."""

    def __init__(
        self,
        items: Sequence[T],
        draw: Callable[[T | None, Callable[[], None]], Read[T]],
        on_change: Callable[[list[T]], None],
        *,
        add: str,
        remove: str,
        most: int,
        look: str = "",
    ) -> None:
        self._draw, self._on_change, self._remove, self._most = draw, on_change, remove, most
        self._reads: list[Read[T]] = []
        self._place = ui.element("div").classes("m-rows" + (f" m-rows-{look}" if look else ""))
        for item in items:
            self._line(item)
        self._add = button(add, lambda: self._more(), icon="add")
        self._room()

    def _line(self, item: T | None) -> None:
        with self._place, ui.element("div").classes("m-rows-line") as line:
            with ui.element("div").classes("m-rows-fields"):
                read = self._draw(item, self._changed)
            self._reads.append(read)

            def away() -> None:
                self._reads.remove(read)
                line.delete()
                self._changed()
                self._room()

            icon_button("delete", self._remove, away)

    def _more(self) -> None:
        self._line(None)
        self._room()

    def _room(self) -> None:
        allow(self._add, len(self._reads) < self._most)

    def _changed(self) -> None:
        self._on_change([item for read in self._reads if (item := read()) is not None])

    def values(self) -> list[T]:
        """Those that are whole."""
        return [item for read in self._reads if (item := read()) is not None]
