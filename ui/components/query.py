"""What a list is asked for: search, filters, order and page; it stands in the address of the page, so that Back finds it again."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from ui.components.address import address

_TRAIL = 20  # pages back that the address remembers


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


class Asked:
    """What is chosen now. `read` takes it from the address, as far as it can be chosen here; `write` puts it there.

    A page is known by its cursor, so the address carries those of the pages before it too.
    """

    def __init__(self, filters: Sequence[Filter], sortable: Collection[str]) -> None:
        self._known, self._sortable = {one.key: one for one in filters}, sortable
        self._address = address()
        self.read()

    def read(self) -> None:
        at = self._address
        self.search = at.get("q").strip()
        self.filters = {key: at.get(key) for key, one in self._known.items() if at.get(key) in one.options}
        self.sort = at.get("sort") if at.get("sort").lstrip("-") in self._sortable else None
        self.cursors = at.all("after")
        page = at.get("page")
        self.page = len(self.cursors) + 1
        if self.cursors and page.isdecimal() and len(page) < 7:
            self.page = max(self.page, int(page))

    def write(self, *, push: bool = True) -> None:
        values: dict[str, str | Sequence[str] | None] = {key: self.filters.get(key) for key in self._known}
        page = str(self.page) if self.page > 1 else None
        self._address.write({**values, "q": self.search, "sort": self.sort, "page": page, "after": self.cursors}, push=push)

    @property
    def anything(self) -> bool:
        """Whether less than everything is asked for."""
        return bool(self.search or self.filters)

    def choose(self, key: str, value: str | None) -> None:
        self.filters.pop(key, None)
        if value is not None:
            self.filters[key] = value

    def clear(self) -> None:
        """No words and no filters: everything."""
        self.filters, self.search = {}, ""

    def name(self, one: Filter) -> str:
        """The filter's label, with what is chosen."""
        return f"{one.label}: {one.options[self.filters[one.key]]}" if one.key in self.filters else one.label

    def first(self) -> None:
        self.cursors, self.page = [], 1

    def forward(self, cursor: str) -> None:
        self.cursors = [*self.cursors[-_TRAIL + 1 :], cursor]
        self.page += 1

    def back(self) -> None:
        self.cursors = self.cursors[:-1]
        self.page = self.page - 1 if self.cursors else 1

    def query(self, limit: int) -> Query:
        return Query(self.search, dict(self.filters), self.cursors[-1] if self.cursors else None, limit, self.sort)
