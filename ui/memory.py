"""What would stay in memory of pages that are gone.

- NiceGUI gives each upload field an address of its own, and FastAPI remembers of the functions of the last 4,096 addresses what kind they
  are: of each conversation that was opened the whole page would stay. Here the functions wait in a dictionary behind one address.
- Classes, style and properties of an element each hold a method of their own, so that only the garbage collector would free them: three
  rings for each of an element that is gone, 11,000 objects for a page of the inbox.
- NiceGUI lists each property of each element that something could be bound to, with a weak reference of its own: a tenth of what a page
  takes. It looks there only whether what is bound tells of its changes by itself, and here all that does.
"""

from collections.abc import Awaitable, Callable
from functools import wraps

from fastapi import HTTPException, Request
from nicegui import app, binding
from nicegui.element import Element
from nicegui.elements import upload

Function = Callable[[Request], Awaitable[dict[str, str]]]


class Fields:
    """Stands where upload fields look for the app: `post` and `remove_route` are all that they ask of it."""

    def __init__(self) -> None:
        self._functions: dict[str, Function] = {}

    def post(self, path: str, **_documented: bool) -> Callable[[Function], Function]:
        def keep(function: Function) -> Function:
            self._functions[path] = function
            return function

        return keep

    def remove_route(self, path: str) -> None:
        self._functions.pop(path, None)

    async def answer(self, request: Request) -> dict[str, str]:
        """What the field of this address makes of the files. Raises HTTPException 404: it is gone."""
        function = self._functions.get(request.url.path)
        if function is None:
            raise HTTPException(404)
        return await function(request)


class _All:
    """Holds nothing, and says of everything that it is there."""

    def __contains__(self, _key: object) -> bool:
        return True

    def __setitem__(self, _key: object, _owner: object) -> None:
        return None

    def clear(self) -> None:
        return None


def register() -> None:
    """Before the first page."""
    vars(binding)["bindable_properties"] = _All()
    fields = Fields()
    vars(upload)["app"] = fields
    app.post("/_nicegui/client/{client_id}/upload/{field_id}", include_in_schema=False)(fields.answer)
    delete = Element._handle_delete

    @wraps(delete)
    def handle_delete(element: Element) -> None:
        delete(element)
        for kept in (element._classes, element._style, element._props):
            kept._change_handlers.clear()

    Element._handle_delete = handle_delete  # type: ignore[method-assign,assignment]
