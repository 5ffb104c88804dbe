"""A list that grows downwards: a bar with search and chips, the rows, "Show more". The rows are the page's own.

For lists that are read from the top and move while one looks; what has many pages or is ticked is a DataTable. What is asked for stands
in the address of the page, the number of rows does not.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from nicegui import helpers, ui

from api.contract.base import Page
from ui import formats
from ui.client.base import ApiProblem, Offline
from ui.components.address import address
from ui.components.buttons import button
from ui.components.forms import search_field
from ui.components.query import Asked, Filter, Query
from ui.components.states import Draw, Loader, load, nothing_found, skeleton_list
from ui.components.text import chip, mark
from ui.i18n import _

T = TypeVar("T")
MAX_ROWS = 200  # rows that stand on the page at once; beyond that, searching is faster than scrolling


class Row(Protocol):
    """A drawn row that can say something else."""

    def set(self, item: Any) -> None: ...


class Listing(Generic[T]):
    """Asks with `fetch` and draws each answer anew with `draw`, an empty one too; `blank` then says what this place is for.

    `search` is the label of the search field ("": none), `chips` the filter with the name of "all of them" (None: no chips).
    """

    def __init__(
        self,
        fetch: Callable[[Query], Awaitable[Page[T]]],
        draw: Callable[[Page[T]], Any],
        blank: Draw,
        *,
        search: str = "",
        chips: tuple[Filter, str] | None = None,
        step: int = 25,
        skeleton: Draw = partial(skeleton_list, 6),
        classes: str = "",
    ) -> None:
        self._fetch, self._draw, self._blank = fetch, draw, blank
        self._filter: Filter | None = chips[0] if chips else None
        self._all = chips[1] if chips else ""
        self._step = self._limit = step
        self._next: str | None = None
        self.asked = Asked([self._filter] if self._filter else [], ())
        with ui.element("div").classes("m-bar") as self._bar:
            if search:
                self._input = search_field(search, self.asked.search, self._searched)
            self._chips = self._draw_chips() if self._filter else {}
        self._bar.set_visibility(bool(search or chips))
        self._place: Loader[Page[T]] = load(self.fetch, self._show, skeleton, classes)
        address().on_back(self._went_back)

    async def fetch(self) -> Page[T]:
        """What is asked for now, without drawing it."""
        return await self._fetch(self.asked.query(self._limit))

    async def refresh(self) -> None:
        await self._place.refresh()

    async def follow(self, rows: Mapping[UUID, Row]) -> None:
        """The same rows (by id, in order) take their new state where they are, so that no press is lost to a redraw; else as `refresh`."""
        try:
            found = await self.fetch()
        except (ApiProblem, Offline):
            await self.refresh()
            return
        ids: list[UUID] = [item.id for item in found.items]  # type: ignore[attr-defined]
        if not rows or ids != list(rows) or found.next_cursor != self._next:
            await self.refresh()
            return
        for item, row in zip(found.items, rows.values(), strict=True):
            row.set(item)

    def offer(self, value: str, on: bool) -> None:
        """Whether a chip is there; one that is chosen stays chosen."""
        self._chips[value].set_visibility(on)

    async def _show(self, found: Page[T]) -> None:
        asked = self.asked.anything
        self._next = found.next_cursor
        self._bar.set_visibility(bool(self._bar.default_slot.children) and (bool(found.items) or asked))
        drawn = self._draw(found)
        if helpers.should_await(drawn):
            await drawn
        if not found.items and asked:
            nothing_found(self._everything)
        elif not found.items:
            self._blank()
        elif found.next_cursor:
            with ui.element("div").classes("m-foot"):
                if self._limit < MAX_ROWS:
                    button(_("Show more"), self._more, kind="plain").classes("m-end")
                else:
                    ui.label(
                        _("Only the first {n} stand here. Search for the others.").format(n=formats.number(MAX_ROWS))
                    ).classes("m-hint")

    def _draw_chips(self) -> dict[str | None, ui.element]:
        assert self._filter
        chips: dict[str | None, ui.element] = {}
        with ui.element("div").classes("m-row m-near m-bar-chips"):
            for value, name in ((None, self._all), *self._filter.options.items()):
                chips[value] = chip(name, on=value == self._chosen, on_click=partial(self._choose, value))
        return chips

    @property
    def _chosen(self) -> str | None:
        return self.asked.filters.get(self._filter.key) if self._filter else None

    async def _choose(self, value: str | None) -> None:
        assert self._filter
        self.asked.choose(self._filter.key, value)
        await self._again(push=True)

    async def _searched(self, text: str) -> None:
        if text != self.asked.search:
            self.asked.search = text
            await self._again(push=False)

    async def _everything(self) -> None:
        self.asked.clear()
        await self._again(push=True)

    async def _again(self, *, push: bool) -> None:
        self.asked.write(push=push)
        await self._anew()

    async def _went_back(self) -> None:
        self.asked.read()
        await self._anew()

    async def _anew(self) -> None:
        """From the top, with the bar as it is asked for; nothing is asked twice because the field was set."""
        self._limit = self._step
        for value, one in self._chips.items():
            mark(one, value == self._chosen)
        if hasattr(self, "_input"):
            self._input.value = self.asked.search
        await self._place.refresh()

    async def _more(self) -> None:
        self._limit = min(MAX_ROWS, self._limit + 2 * self._step)
        await self._place.refresh()
