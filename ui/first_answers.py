"""What a page asks for while it is built is waited for a moment, so that the answer stands in its HTML.

Else it would wait for the browser: for the scripts, for the socket, for the first message over it. What takes longer than the
moment finds its skeleton in the HTML and follows over the socket.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from nicegui import Client, background_tasks, ui

PATIENCE = 0.25  # seconds; what is not there by then comes later still, by the time that scripts and socket take


class _Asked(NamedTuple):
    task: asyncio.Task[None]
    place: ui.element
    meanwhile: Callable[[], Any] | None


_asked: WeakKeyDictionary[Client, list[_Asked]] = WeakKeyDictionary()


def begin(client: Client) -> None:
    """From now on what the page asks for is remembered."""
    _asked[client] = []


def ask(place: ui.element, refresh: Callable[[], Awaitable[Any]], meanwhile: Callable[[], Any] | None = None) -> None:
    """Runs `refresh` inside `place`, beside what goes on. `meanwhile` draws what stands there until then: of a page that is built, only
    where the answer is not there when its HTML leaves."""

    async def run() -> None:
        with place:
            await refresh()

    task = background_tasks.create(run(), name="load")
    if place.client in _asked:
        _asked[place.client].append(_Asked(task, place, meanwhile))
    elif meanwhile is not None:
        with place:
            meanwhile()


async def wait(client: Client) -> None:
    """Returns when everything that was asked for is there, also what the answers asked for, or after PATIENCE."""
    until = asyncio.get_running_loop().time() + PATIENCE
    while waiting := [one.task for one in _asked[client] if not one.task.done()]:
        left = until - asyncio.get_running_loop().time()
        if left <= 0:
            break
        await asyncio.wait(waiting, timeout=left)
    for one in _asked.pop(client):
        if one.meanwhile is not None and not one.task.done() and not one.place.is_deleted:
            with one.place:
                one.meanwhile()
