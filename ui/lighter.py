"""What NiceGUI would make for each element, although all have the same: half of the time and of the objects that an element takes.

- The classes, the style and the properties of each element have lists of who hears of changes, of who observes them, of names that are
  warned of. Here these three tell their element themselves; nobody else ever listens to them, and nothing is left that holds itself.
- It notes each element for the web socket, also while the page is built, whose HTML has all of them.
- It follows what is bound to a property with each change of it, also where nothing in the program is bound.
- It looks in each element's properties for names that another version had.
"""

import weakref
from typing import Any

from nicegui import Client, binding
from nicegui.classes import Classes
from nicegui.element import Element
from nicegui.outbox import Outbox
from nicegui.props import Props
from nicegui.style import Style


class _Plain:
    """Stands in the place of what a collection of an element would have for itself."""

    _parent_ref = None
    _observer_refs = ()
    _change_handlers = ()
    last_modified = 0.0
    _suspend_count = 0


def _lighten(kind: Any, plain: Any) -> None:
    def begin(self: Any, data: Any = (), *, element: Element) -> None:
        plain.__init__(self, data)
        if plain is dict:
            for key, value in data.items():
                if isinstance(value, dict | list | set):
                    dict.__setitem__(self, key, self._observe(value))
        self._element = weakref.ref(element)

    def tell(self: Any) -> None:
        element = self._element()
        if element is not None and not element._deleted and not self._suspend_count:
            element.update()

    def handlers(self: Any) -> list[tuple[Any, bool]]:
        return [(self._update, False)]

    for name, value in vars(_Plain).items():
        if not name.startswith("__"):
            setattr(kind, name, value)
    kind.__init__ = begin
    kind._update = kind._handle_change = tell
    kind._change_handlers_with_args = property(handlers)  # what stands inside a property tells it


def _nothing(*_said: Any) -> None:
    return None


def register() -> None:
    """Before the first page."""
    for kind, plain in ((Classes, list), (Style, dict), (Props, dict)):
        _lighten(kind, plain)
    for name in ("_warnings", "_renames"):
        setattr(Props, name, {})
    for name in ("add_warning", "add_rename"):
        setattr(Props, name, _nothing)
    follow, note = binding._propagate, Outbox.enqueue_update

    def propagate(source: Any, name: tuple[str, ...]) -> None:
        if (id(source), name) in binding.bindings:
            follow(source, name)

    def enqueue_update(outbox: Outbox, element: Element) -> None:
        if outbox.client._response_built:
            note(outbox, element)

    vars(binding)["_propagate"] = propagate
    Client._response_built = False  # while it makes its first elements
    Outbox.enqueue_update = enqueue_update  # type: ignore[method-assign,assignment]
