"""What a page shows, kept in its address: filters, order, page, step. So reloading, Back and a shared link show the same.

An address can be typed by anybody: whoever reads a value checks it. Nothing is asked of the server when the address changes.
"""

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from uuid import UUID

from nicegui import Client, events, helpers, ui

_EVENT = "address"  # emitted by app.js when Back or Forward lands on another address of the same page


class Address:
    """The query of the open page. Made once per page by `address()`."""

    def __init__(self, client: Client) -> None:
        self.path, self._query = client.request.url.path, parse_qs(client.request.url.query)
        self._handlers: list[Callable[[], Any]] = []
        self._own = ""
        client.layout.on(_EVENT, self._moved)

    def get(self, name: str) -> str:
        """The first value under a name; "" when there is none."""
        return self._query.get(name, [""])[0]

    @property
    def names(self) -> list[str]:
        """What has a value."""
        return list(self._query)

    def all(self, name: str) -> list[str]:
        return list(self._query.get(name, ()))

    def write(self, values: dict[str, str | Sequence[str] | None], *, push: bool = False, path: str | None = None) -> None:
        """Sets values; an empty one takes its name out. `push` makes a place to which Back returns."""
        before = self.path, dict(self._query)
        for name, value in values.items():
            self._query.pop(name, None)
            if value:
                self._query[name] = [value] if isinstance(value, str) else list(value)
        self.path = path or self.path
        if before != (self.path, self._query):
            history = ui.navigate.history
            (history.push if push else history.replace)(self.text)

    @property
    def text(self) -> str:
        return self.path + (f"?{urlencode(self._query, doseq=True)}" if self._query else "")

    def span(self, path: str) -> None:
        """The page draws every address at and below `path` itself: Back between them loads nothing anew."""
        self._own = path

    def on_back(self, handler: Callable[[], Any]) -> None:
        """Calls the handler once the values are those of the place that Back or Forward went to."""
        self._handlers.append(handler)

    async def _moved(self, event: events.GenericEventArguments) -> None:
        found = urlsplit(str(event.args))
        query = parse_qs(found.query)
        mine = self._own and f"{found.path}/".startswith(f"{self._own}/")
        if found.path != self.path and not mine:
            ui.run_javascript("masteria.again()")
        elif (found.path, query) != (self.path, self._query):
            self.path, self._query = found.path, query
            for handler in self._handlers:
                result = handler()
                if helpers.should_await(result):
                    await result


_pages: dict[str, Address] = {}  # by the page's id: what is told of Back holds the page


def address() -> Address:
    """The address of the page that is drawn or whose handler runs."""
    client = ui.context.client
    if client.id not in _pages:
        _pages[client.id] = Address(client)
        client.on_delete(lambda: _pages.pop(client.id, None))
    return _pages[client.id]


def uuid_text(text: str) -> str:
    """The text when it is an id, else "": anybody can type an address."""
    try:
        return str(UUID(text))
    except ValueError:
        return ""
