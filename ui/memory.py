"""What would stay in memory of pages that are gone.

- NiceGUI gives each upload field an address of its own, and FastAPI remembers of the functions of the last 4,096 addresses what kind they
  are: of each conversation that was opened the whole page would stay. Here the functions wait in a dictionary behind one address.
- NiceGUI lists each property of each element that something could be bound to, with a weak reference of its own: a tenth of what a page
  takes. It looks there only whether what is bound tells of its changes by itself, and here all that does.
- What belongs to a place that is gone holds itself in rings, and only a full collection finds them. Python would make one after a million new
  objects, which are a hundred megabytes, and in the middle of whatever is drawn then: here one is made once a few thousand elements are gone,
  at a moment in which nothing else waits.
"""

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable
from functools import wraps

from fastapi import HTTPException, Request
from nicegui import app, background_tasks, binding
from nicegui.element import Element
from nicegui.elements import upload

LOOK = 1.0  # seconds between two looks whether enough is gone
ENOUGH = 4_000  # elements; about ten conversations that were left
ROUNDS = 4  # collections of what is younger, after which one is due whatever is gone
PATIENCE = 2.0  # seconds for which a quiet moment is waited for
QUIET = 0.002  # seconds in which the loop came round, when nothing waits

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


class Collector:
    """Counts elements that are gone, and collects what they leave."""

    def __init__(self) -> None:
        self.gone = self.collected = 0

    def due(self) -> bool:
        return self.gone >= ENOUGH or gc.get_count()[2] >= ROUNDS

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            await asyncio.sleep(LOOK)
            if self.due():
                await self._quiet_moment()
                self.gone = 0
                gc.collect()
                self.collected += 1

    async def _quiet_moment(self) -> None:
        until = time.monotonic() + PATIENCE
        while (now := time.monotonic()) < until:
            await asyncio.sleep(0)
            if time.monotonic() - now < QUIET:
                return
            await asyncio.sleep(0.02)


collector = Collector()
_WHEN_GONE = "_when_gone"


def when_gone(element: Element, call: Callable[[], object]) -> None:
    """Calls it once the element is deleted, also with its page. Nothing of it stays in the page."""
    vars(element).setdefault(_WHEN_GONE, []).append(call)


def register() -> None:
    """Before the first page."""
    delete = Element._handle_delete

    @wraps(delete)
    def handle_delete(element: Element) -> None:
        delete(element)
        collector.gone += 1
        for call in vars(element).pop(_WHEN_GONE, ()):
            call()

    Element._handle_delete = handle_delete  # type: ignore[method-assign,assignment]
    app.on_startup(lambda: background_tasks.create(collector.run(), name="collector"))
    vars(binding)["bindable_properties"] = _All()
    fields = Fields()
    vars(upload)["app"] = fields
    app.post("/_nicegui/client/{client_id}/upload/{field_id}", include_in_schema=False)(fields.answer)
