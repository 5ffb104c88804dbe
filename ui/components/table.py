"""The list of anything: pages by cursor from the server, search, filters, selection, bulk actions; a list on a phone.

The browser only ever holds one page, so 200,000 contacts cost what 50 do. Cells are values, drawn by one fixed template:
user text cannot become markup. It does not know what it lists: `fetch` asks, `row` says what to show. A row that leads
somewhere is a link. What is asked for stands in the address of the page.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from nicegui import events, ui

from api.contract.base import Page
from ui import first_answers, formats
from ui.client.base import ApiProblem, Offline
from ui.components import problems
from ui.components.address import address
from ui.components.buttons import allow, button
from ui.components.cells import Cell, body, linked, name_of, of_row, tick, tick_all
from ui.components.filters import filter_button, name_filter
from ui.components.forms import search_field
from ui.components.query import Asked, Filter, Query
from ui.components.states import OnceBack, empty, error_state, nothing_found, skeleton_table
from ui.i18n import _, ngettext

T = TypeVar("T")


class Column(NamedTuple):
    """`look` is a class for plain values (`m-num`, `m-hint`); `phone` says where the value goes in the list layout."""

    key: str
    label: str
    align: Literal["left", "right"] = "left"
    look: str = ""
    phone: Literal["title", "sub", "end", "none"] = "none"
    sortable: bool = False


class Selection(NamedTuple):
    """What is ticked: ids, or everything that matches the query (`all_matching`). `estimated`: they are about `amount`."""

    ids: list[str]
    all_matching: bool
    query: Query
    amount: int
    estimated: bool


class DataTable(Generic[T]):
    """See `data_table`. `refresh` fetches the page again (live events); `reload` goes back to the first page."""

    def __init__(
        self,
        columns: Sequence[Column],
        fetch: Callable[[Query], Awaitable[Page[T]]],
        row: Callable[[T], Mapping[str, Cell]],
        *,
        search: str,
        filters: Sequence[Filter],
        link: Callable[[T], str | None] | None,
        bulk: Callable[[Selection], Any] | None,
        draw_empty: Callable[[], Any] | None,
        tools: Callable[[], Any] | None,
        on_choice: Callable[[str, str], Any] | None,
        limit: int,
    ) -> None:
        self._columns, self._fetch, self._row = columns, fetch, row
        self._bulk, self._draw_empty, self._limit, self._link = bulk, draw_empty, limit, link
        self._shown: list[tuple[ui.button, Filter]] = []
        self._ask = Asked(filters, {column.key for column in columns if column.sortable})
        address().on_back(self._went_back)
        self._next: str | None = None
        self._total: int | None = None
        self._estimated = False
        self._asked = 0
        self._answered = asyncio.Event()  # what is shown is the answer to what is asked for
        self._once_back = OnceBack(self.refresh)
        self._all = False
        with ui.element("div").classes("m-card m-card-flush") as self.element:
            if search or filters or tools:
                self._bar = ui.element("div").classes("m-bar")
                with self._bar:
                    self._draw_bar(search, filters, tools)
            self._bulk_bar = ui.element("div").classes("m-bulk").props("role=status")
            self._bulk_bar.set_visibility(False)
            self._place = ui.element("div").classes("w-full")
            self._table = self._draw_table()
            if on_choice is not None:
                self._table.on("choice", lambda event: on_choice(*event.args))
            self._table.set_visibility(False)
            self._foot = ui.element("div").classes("m-foot")
            self._foot.set_visibility(False)
            with self._foot:  # once: a press meets its button also when the list was read again meanwhile
                self._range = ui.label().classes("m-hint")
                with ui.element("div").classes("m-row m-near m-end"):
                    self._previous = button(_("Previous"), self._back, icon="chevron_left", kind="plain")
                    self._onward = button(_("Next"), self._forward, kind="plain")
                    self._onward.props("icon-right=sym_r_chevron_right")
        first_answers.ask(self._place, self.refresh, partial(skeleton_table, len(columns)))

    # -- drawing ------------------------------------------------------------------------------------------------

    def _draw_bar(self, search: str, filters: Sequence[Filter], tools: Callable[[], Any] | None) -> None:
        if search:
            self._input = search_field(search, self._ask.search, self._searched)
        if filters:
            with ui.element("div").classes("m-filters"):
                for one in filters:
                    self._shown.append((filter_button(one, self._ask.name(one), self.choose), one))
        if tools is not None:
            with ui.element("div").classes("m-row m-near m-end m-tools"):
                tools()

    async def choose(self, key: str, value: str | None) -> None:
        """Sets a filter as its menu does; None takes it off."""
        self._ask.choose(key, value)
        await self.reload()

    def _name_filters(self) -> None:
        for shown, one in self._shown:
            name_filter(shown, one, self._ask.name(one))

    def _draw_table(self) -> ui.table:
        shown = [
            {
                "name": c.key,
                "field": c.key,
                "label": c.label,
                "align": c.align,
                "look": c.look,
                "sortable": c.sortable,
                "lead": c is self._columns[0],
            }
            for c in self._columns
        ]
        table = ui.table(
            rows=[],
            columns=shown,
            row_key="id",
            selection="multiple" if self._bulk else None,
            pagination={
                "rowsPerPage": 0,
                "sortBy": (self._ask.sort or "").lstrip("-") or None,
                "descending": (self._ask.sort or "").startswith("-"),
            },
            on_select=lambda: self._selected(),
        ).classes("m-table")
        table.props('flat hide-pagination binary-state-sort :grid="Quasar.Screen.width < 760"')
        table.add_slot("loading", '<div class="m-busy-line" aria-hidden="true"></div>')  # Quasar's own is a nameless progressbar
        table.add_slot("body", body(ticks=self._bulk is not None))
        table.add_slot("header-selection", tick_all())
        table.add_slot("item", self._phone_template())
        if any(column.sortable for column in self._columns):
            table.on_pagination_change(self._sorted)
        return table

    def _phone_template(self) -> str:
        parts: dict[str, list[Column]] = {"title": [], "sub": [], "end": []}
        for column in self._columns:
            if column.phone != "none":
                parts[column.phone].append(column)
        first = parts["title"] or [self._columns[0]]
        main = linked("".join(of_row(c.key, c.look or "m-strong") for c in first))
        main += "".join(
            f'<div v-if="props.row.{c.key}" class="m-hint m-clip">{of_row(c.key, "m-hint")}</div>' for c in parts["sub"]
        )
        end = "".join(f'<template v-if="props.row.{c.key}">{of_row(c.key, c.look)}</template>' for c in parts["end"])
        return (
            f'<div class="m-table-item">{tick() if self._bulk else ""}<div class="m-cell-two m-cell-main">{main}</div>'
            f'<div class="m-table-item-end">{end}</div></div>'
        )

    def _draw_foot(self, shown: int) -> None:
        first = (self._ask.page - 1) * self._limit + 1
        last = first + shown - 1
        if self._total is not None:
            text = _("{first}–{last} of about {total}") if self._estimated else _("{first}–{last} of {total}")
            text = text.format(first=formats.number(first), last=formats.number(last), total=formats.number(self._total))
        else:
            text = f"{formats.number(first)}–{formats.number(last)}"
        self._range.text = text
        allow(self._previous, self._ask.page > 1)
        allow(self._onward, self._next is not None)
        self._foot.set_visibility(self._ask.page > 1 or self._next is not None or shown > 10)

    # -- asking -------------------------------------------------------------------------------------------------

    @property
    def query(self) -> Query:
        return self._ask.query(self._limit)

    async def _went_back(self) -> None:
        self._ask.read()
        self._name_filters()
        self._clear_selection()
        if hasattr(self, "_input"):
            self._input.value = self._ask.search  # what is asked for already; nothing is asked again
        await self.refresh()

    async def reload(self, *, push: bool = True) -> None:
        """Back to the first page of what is asked for now; drops the selection."""
        self._ask.first()
        self._ask.write(push=push)
        self._name_filters()
        self._clear_selection()
        await self.refresh()

    async def refresh(self) -> None:
        """Fetches the current page again; rows stay on the screen meanwhile."""
        self._asked += 1
        asked = self._asked
        self._answered.clear()
        self._once_back.over()
        self._table.props("loading")
        try:
            page = await self._fetch(self.query)
        except (ApiProblem, Offline) as error:
            if asked == self._asked and not self._gone():
                if isinstance(error, ApiProblem) and error.code == "bad_cursor" and self._ask.page > 1:
                    await self.reload(push=False)  # an address from before the list was another one
                else:
                    self._failed(error)
        else:
            if asked == self._asked and not self._gone():
                self._show(page)
        finally:
            if asked == self._asked:
                self._answered.set()

    def _gone(self) -> bool:
        return self.element.is_deleted or self.element.client.is_deleted

    def _failed(self, error: Exception) -> None:
        self._next = None
        with self.element:
            if isinstance(error, ApiProblem) and error.status == 401:
                problems.show(error)
                return
        self._once_back.wait(self.element)
        self._table.props(remove="loading")
        self._table.set_visibility(False)
        self._foot.set_visibility(False)
        self._place.clear()
        with self._place:
            error_state(problems.sentence(error), self.refresh)

    def _show(self, page: Page[T]) -> None:
        self._next, self._total, self._estimated = page.next_cursor, page.total, page.total_is_estimate
        rows = [self._complete(item) for item in page.items]
        self._place.clear()
        self._table.props(remove="loading")
        self._table.rows = rows
        self._table.set_visibility(bool(rows))
        asked_for = self._ask.anything
        if hasattr(self, "_bar"):
            self._bar.set_visibility(bool(rows) or asked_for or self._draw_empty is None)
        with self._place:
            if not rows and asked_for:
                nothing_found(self._show_everything)
            elif not rows and self._draw_empty is not None:
                self._draw_empty()
            elif not rows:
                empty("inbox", _("Nothing here yet"))
        with self.element:
            self._draw_foot(len(rows))

    def _complete(self, item: T) -> dict[str, Any]:
        """The row's values, where it leads, and the name of its check box."""
        row = dict(self._row(item))
        row["href"] = self._link(item) if self._link else None
        row["tick"] = _("Select {name}").format(name=name_of(row.get(self._columns[0].key)))
        return row

    async def _searched(self, text: str) -> None:
        if text != self._ask.search:
            self._ask.search = text
            await self.reload(push=False)

    async def _show_everything(self) -> None:
        """The way out of a search without a find: no words, no filters."""
        self._ask.clear()
        if hasattr(self, "_input"):
            self._input.value = ""
        await self.reload()

    async def _sorted(self, event: events.ValueChangeEventArguments[Any]) -> None:
        key = event.value.get("sortBy")
        sort = ("-" if event.value.get("descending") else "") + key if key else None
        if sort != self._ask.sort:
            self._ask.sort = sort
            await self.reload()

    async def _forward(self) -> None:
        await self._answered.wait()  # the end of a page in another order, or of other people, leads nowhere
        if self._next is not None:
            self._ask.forward(self._next)
            self._ask.write()
            await self.refresh()

    async def _back(self) -> None:
        if self._ask.page > 1:
            self._ask.back()
            self._ask.write()
            await self.refresh()

    # -- selecting ----------------------------------------------------------------------------------------------

    @property
    def selection(self) -> Selection:
        ids = [str(one["id"]) for one in self._table.selected]
        asked = self.query._replace(cursor=None)
        if self._all and self._total is not None:
            return Selection(ids, True, asked, self._total, self._estimated)
        return Selection(ids, self._all, asked, len(ids), estimated=False)

    def _clear_selection(self) -> None:
        self._all = False
        self._table.selected = []
        self._bulk_bar.set_visibility(False)

    def _selected(self, everything: bool = False) -> None:
        self._all = everything
        chosen = self.selection
        self._bulk_bar.set_visibility(bool(chosen.ids))
        self._bulk_bar.clear()
        if not chosen.ids or self._bulk is None:
            return
        with self._bulk_bar:
            text = _("About {n} selected") if chosen.estimated else ngettext("{n} selected", "{n} selected", chosen.amount)
            ui.label(text.format(n=formats.number(chosen.amount))).classes("m-strong")
            more = self._total is not None and self._total > len(chosen.ids) and not everything
            if more and len(chosen.ids) == len(self._table.rows):
                whole = _("Select all, about {n}") if self._estimated else _("Select all {n}")
                button(whole.format(n=formats.number(self._total)), lambda: self._selected(everything=True), kind="plain")
            with ui.element("div").classes("m-row m-near m-end"):
                self._bulk(chosen)
                button(_("Clear"), self._clear_selection, kind="plain")


def data_table(
    columns: Sequence[Column],
    fetch: Callable[[Query], Awaitable[Page[T]]],
    row: Callable[[T], Mapping[str, Cell]],
    *,
    search: str = "",
    filters: Sequence[Filter] = (),
    link: Callable[[T], str | None] | None = None,
    bulk: Callable[[Selection], Any] | None = None,
    draw_empty: Callable[[], Any] | None = None,
    tools: Callable[[], Any] | None = None,
    on_choice: Callable[[str, str], Any] | None = None,
    limit: int = 50,
) -> DataTable[T]:
    """A table over a cursor-paged list.

    `row(item)` gives `id` and one value per column key: text, number, or `person`, `two_lines`, `state`, `tags`;
    `link(item)` the path that a row leads to.
    `search` is the placeholder of the search field (none without). `bulk(selection)` draws the buttons for what is
    ticked. `draw_empty` draws the state without anything; `tools` draws at the right of the bar. `on_choice(id, key)` hears which
    `choice` was pressed.
    """
    return DataTable(
        columns,
        fetch,
        row,
        search=search,
        filters=filters,
        link=link,
        bulk=bulk,
        draw_empty=draw_empty,
        tools=tools,
        on_choice=on_choice,
        limit=limit,
    )
