"""The list of anything: pages by cursor from the server, search, filters, selection, bulk actions; a list on a phone.

The browser only ever holds one page, so 200,000 contacts cost what 50 do. Cells are values, drawn by one fixed template:
user text cannot become markup. It does not know what it lists: `fetch` asks, `row` says what to show.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Generic, Literal, NamedTuple, TypeVar

from nicegui import events, ui

from api.contract.base import Page
from ui import formats
from ui.client.base import ApiProblem, Offline
from ui.components import problems
from ui.components.buttons import button
from ui.components.states import empty, error_state, skeleton_table
from ui.components.text import Tone, initials
from ui.i18n import _, ngettext

T = TypeVar("T")
Cell = str | int | None | Mapping[str, Any]


class Column(NamedTuple):
    """`look` is a class for plain values (`m-num`, `m-hint`); `phone` says where the value goes in the list layout."""

    key: str
    label: str
    align: Literal["left", "right"] = "left"
    look: str = ""
    phone: Literal["title", "sub", "end", "none"] = "none"
    sortable: bool = False


class Filter(NamedTuple):
    """A choice above the table; `options` maps the API's value to its label. Nothing chosen means all."""

    key: str
    label: str
    options: Mapping[str, str]


class Query(NamedTuple):
    """What `fetch` is asked for. `sort` is a column key, with `-` in front when descending."""

    search: str
    filters: Mapping[str, str]
    cursor: str | None
    limit: int
    sort: str | None


class Selection(NamedTuple):
    """What is ticked: ids, or everything that matches the query (`all_matching`)."""

    ids: list[str]
    all_matching: bool
    query: Query
    amount: int


def two_lines(text: str, sub: str = "") -> Cell:
    return {"text": text, "sub": sub}


def person(name: str, sub: str = "") -> Cell:
    """Avatar, name and a line below."""
    return {"text": name, "sub": sub, "initials": initials(name), "tint": sum(name.encode()) % 4 + 1}


def state(text: str, tone: Tone) -> Cell:
    return {"text": text, "tone": tone}


def tags(names: Sequence[str]) -> Cell:
    """The first three as chips, the rest as +n."""
    return {"chips": [*names[:3], *([f"+{len(names) - 3}"] if len(names) > 3 else [])]}


_VALUE = """
<span v-if="V === null || V === undefined || V === ''" class="m-hint">–</span>
<span v-else-if="typeof V !== 'object'" :class="L">{{ V }}</span>
<span v-else-if="V.tone" :class="'m-badge m-' + V.tone">{{ V.text }}</span>
<div v-else-if="V.chips" class="m-cell-chips"><span class="m-chip" v-for="name in V.chips">{{ name }}</span></div>
<div v-else class="m-cell">
  <div v-if="V.initials" :class="'m-avatar m-tint-' + V.tint" aria-hidden="true">{{ V.initials }}</div>
  <div class="m-cell-two"><span class="m-strong">{{ V.text }}</span><span v-if="V.sub" class="m-hint">{{ V.sub }}</span></div>
</div>
"""
_CELL = '<q-td :props="props">' + _VALUE.replace("V", "props.value").replace('"L"', '"props.col.look"') + "</q-td>"


def _value_of(key: str, look: str) -> str:
    return _VALUE.replace("V", f"props.row.{key}").replace('"L"', f"\"'{look}'\"")


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
        on_open: Callable[[str], Any] | None,
        bulk: Callable[[Selection], Any] | None,
        draw_empty: Callable[[], Any] | None,
        tools: Callable[[], Any] | None,
        limit: int,
    ) -> None:
        self._columns, self._fetch, self._row = columns, fetch, row
        self._bulk, self._draw_empty, self._limit, self._on_open = bulk, draw_empty, limit, on_open
        self._search, self._filters, self._sort = "", dict[str, str](), None
        self._shown: dict[str, tuple[ui.button, Filter]] = {}
        self._cursors: list[str | None] = [None]
        self._next: str | None = None
        self._total: int | None = None
        self._asked = 0
        self._all = False
        self._ever = False
        with ui.element("div").classes("m-card m-card-flush") as self.element:
            if search or filters or tools:
                self._bar = ui.element("div").classes("m-bar")
                with self._bar:
                    self._draw_bar(search, filters, tools)
            self._bulk_bar = ui.element("div").classes("m-bulk").props("role=status")
            self._bulk_bar.set_visibility(False)
            self._place = ui.element("div").classes("w-full")
            with self._place:
                skeleton_table(len(columns))
            self._table = self._draw_table()
            self._table.set_visibility(False)
            self._foot = ui.element("div").classes("m-foot")
            self._foot.set_visibility(False)
        ui.timer(0, self.refresh, once=True)

    # -- drawing ------------------------------------------------------------------------------------------------

    def _draw_bar(self, search: str, filters: Sequence[Filter], tools: Callable[[], Any] | None) -> None:
        if search:
            self._input = ui.input(placeholder=search).classes("m-search")
            self._input.props("outlined dense debounce=250 clearable clear-icon=sym_r_close type=search")
            self._input.props["aria-label"] = search
            with self._input.add_slot("prepend"):
                ui.icon("sym_r_search")
            self._input.on_value_change(lambda event: self._searched(event.value or ""))
        if filters:
            with ui.element("div").classes("m-filters"):
                for one in filters:
                    self._draw_filter(one)
        if tools is not None:
            with ui.element("div").classes("m-row m-near m-end m-tools"):
                tools()

    def _draw_filter(self, one: Filter) -> None:
        with button(one.label, icon="keyboard_arrow_down").classes("m-filter") as shown:
            shown.props["icon-right"] = shown.props.pop("icon")
            with ui.menu():
                ui.menu_item(_("All"), on_click=lambda: self.choose(one.key, None))
                for value, label in one.options.items():
                    ui.menu_item(label, on_click=lambda value=value: self.choose(one.key, value))
        self._shown[one.key] = shown, one

    async def choose(self, key: str, value: str | None) -> None:
        """Sets a filter as its menu does; None takes it off."""
        shown, one = self._shown[key]
        if value is None:
            self._filters.pop(key, None)
        else:
            self._filters[key] = value
        shown.text = one.label if value is None else f"{one.label}: {one.options[value]}"
        await self.reload()

    def _draw_table(self) -> ui.table:
        shown = [
            {"name": c.key, "field": c.key, "label": c.label, "align": c.align, "look": c.look, "sortable": c.sortable}
            for c in self._columns
        ]
        table = ui.table(
            rows=[],
            columns=shown,
            row_key="id",
            selection="multiple" if self._bulk else None,
            pagination={"rowsPerPage": 0, "sortBy": None, "descending": False},
            on_select=lambda: self._selected(),
        ).classes("m-table" + (" m-table-press" if self._on_open else ""))
        table.props('flat hide-pagination binary-state-sort :grid="Quasar.Screen.width < 760"')
        table.add_slot("body-cell", _CELL)
        table.add_slot("item", self._phone_template())
        if self._on_open is not None:
            open_row = self._on_open
            table.on("rowClick", lambda event: open_row(str(event.args["id"])), js_handler="(e, row) => emit({id: row.id})")
            table.on("openRow", lambda event: open_row(str(event.args)))
        if any(column.sortable for column in self._columns):
            table.on_pagination_change(self._sorted)
        return table

    def _phone_template(self) -> str:
        parts: dict[str, list[Column]] = {"title": [], "sub": [], "end": []}
        for column in self._columns:
            if column.phone != "none":
                parts[column.phone].append(column)
        tick = '<q-checkbox v-model="props.selected" dense @click.stop />' if self._bulk else ""
        lead = parts["title"] or [self._columns[0]]
        main = "".join(_value_of(c.key, c.look or "m-strong") for c in lead)
        main += "".join(f'<div class="m-hint m-clip">{_value_of(c.key, "m-hint")}</div>' for c in parts["sub"])
        end = "".join(f'<template v-if="props.row.{c.key}">{_value_of(c.key, c.look)}</template>' for c in parts["end"])
        press = " @click=\"() => $parent.$emit('openRow', props.row.id)\"" if self._on_open else ""
        return (
            f'<div class="m-table-item"{press}>{tick}<div class="m-cell-two m-cell-main">{main}</div>'
            f'<div class="m-table-item-end">{end}</div></div>'
        )

    def _draw_foot(self, shown: int) -> None:
        first = (len(self._cursors) - 1) * self._limit + 1
        self._foot.clear()
        with self._foot:
            last = first + shown - 1
            if self._total is not None:
                text = _("{first}–{last} of {total}").format(
                    first=formats.number(first), last=formats.number(last), total=formats.number(self._total)
                )
            else:
                text = f"{formats.number(first)}–{formats.number(last)}"
            ui.label(text).classes("m-hint")
            with ui.element("div").classes("m-row m-near m-end"):
                back = button(_("Previous"), self._back, icon="chevron_left", kind="plain")
                on = button(_("Next"), self._forward, kind="plain")
                on.props("icon-right=sym_r_chevron_right")
            back.set_enabled(len(self._cursors) > 1)
            on.set_enabled(self._next is not None)
        self._foot.set_visibility(len(self._cursors) > 1 or self._next is not None or shown > 10)

    # -- asking -------------------------------------------------------------------------------------------------

    @property
    def query(self) -> Query:
        return Query(self._search, dict(self._filters), self._cursors[-1], self._limit, self._sort)

    async def reload(self) -> None:
        """Back to the first page of what is asked for now; drops the selection."""
        self._cursors = [None]
        self._clear_selection()
        await self.refresh()

    async def refresh(self) -> None:
        """Fetches the current page again; rows stay on the screen meanwhile."""
        self._asked += 1
        asked = self._asked
        self._table.props("loading")
        try:
            page = await self._fetch(self.query)
        except (ApiProblem, Offline) as error:
            if asked == self._asked and not self._gone():
                self._failed(error)
            return
        if asked != self._asked or self._gone():
            return
        self._show(page)

    def _gone(self) -> bool:
        return self.element.is_deleted or self.element.client.is_deleted

    def _failed(self, error: Exception) -> None:
        with self.element:
            if isinstance(error, ApiProblem) and error.status == 401:
                problems.show(error)
                return
        self._table.props(remove="loading")
        self._table.set_visibility(False)
        self._foot.set_visibility(False)
        self._place.clear()
        with self._place:
            error_state(problems.sentence(error), self.refresh)

    def _show(self, page: Page[T]) -> None:
        self._next, self._total = page.next_cursor, page.total
        rows = [dict(self._row(item)) for item in page.items]
        self._place.clear()
        self._table.props(remove="loading")
        self._table.rows = rows
        self._table.set_visibility(bool(rows))
        asked_for = bool(self._search or self._filters)
        if hasattr(self, "_bar"):
            self._bar.set_visibility(bool(rows) or asked_for or self._draw_empty is None)
        with self._place:
            if not rows and asked_for:
                empty("search_off", _("Nothing found"), _("Try other words or fewer filters."))
                with ui.element("div").classes("m-row m-all-again"):
                    button(_("Show everything"), self._show_everything)
            elif not rows and self._draw_empty is not None:
                self._draw_empty()
            elif not rows:
                empty("inbox", _("Nothing here yet"))
        with self.element:
            self._draw_foot(len(rows))

    async def _searched(self, text: str) -> None:
        self._search = text.strip()
        await self.reload()

    async def _show_everything(self) -> None:
        """The way out of a search without a find: no words, no filters."""
        self._filters.clear()
        for shown, one in self._shown.values():
            shown.text = one.label
        if self._search:
            self._input.value = ""  # asks again by itself
        else:
            await self.reload()

    async def _sorted(self, event: events.ValueChangeEventArguments[Any]) -> None:
        key = event.value.get("sortBy")
        sort = ("-" if event.value.get("descending") else "") + key if key else None
        if sort != self._sort:
            self._sort = sort
            await self.reload()

    async def _forward(self) -> None:
        if self._next is not None:
            self._cursors.append(self._next)
            await self.refresh()

    async def _back(self) -> None:
        if len(self._cursors) > 1:
            self._cursors.pop()
            await self.refresh()

    # -- selecting ----------------------------------------------------------------------------------------------

    @property
    def selection(self) -> Selection:
        ids = [str(one["id"]) for one in self._table.selected]
        count = self._total if self._all and self._total is not None else len(ids)
        return Selection(ids, self._all, self.query._replace(cursor=None), count)

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
            text = ngettext("{n} selected", "{n} selected", chosen.amount).format(n=formats.number(chosen.amount))
            ui.label(text).classes("m-strong")
            more = self._total is not None and self._total > len(chosen.ids) and not everything
            if more and len(chosen.ids) == len(self._table.rows):
                whole = _("Select all {n}").format(n=formats.number(self._total))
                button(whole, lambda: self._selected(everything=True), kind="plain")
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
    on_open: Callable[[str], Any] | None = None,
    bulk: Callable[[Selection], Any] | None = None,
    draw_empty: Callable[[], Any] | None = None,
    tools: Callable[[], Any] | None = None,
    limit: int = 50,
) -> DataTable[T]:
    """A table over a cursor-paged list.

    `row(item)` gives `id` and one value per column key: text, number, or `person`, `two_lines`, `state`, `tags`.
    `search` is the placeholder of the search field (none without). `bulk(selection)` draws the buttons for what is
    ticked. `draw_empty` draws the state without anything; `tools` draws at the right of the bar.
    """
    return DataTable(
        columns,
        fetch,
        row,
        search=search,
        filters=filters,
        on_open=on_open,
        bulk=bulk,
        draw_empty=draw_empty,
        tools=tools,
        limit=limit,
    )
