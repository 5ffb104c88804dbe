"""What a page asks for while it is built is waited for a moment, so that the answer stands in its HTML.

Else it would wait for the browser: for the scripts, for the socket, for the first message over it. What takes longer than the
moment finds its skeleton in the HTML and follows over the socket.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from weakref import WeakKeyDictionary

from nicegui import Client, background_tasks, ui

PATIENCE = 0.25  # seconds; what is not there by then comes later still, by the time that scripts and socket take

_asked: WeakKeyDictionary[Client, list[asyncio.Task[None]]] = WeakKeyDictionary()


def begin(client: Client) -> None:
    """From now on what the page asks for is remembered."""
    _asked[client] = []


def ask(place: ui.element, refresh: Callable[[], Awaitable[Any]]) -> None:
    """Runs `refresh` inside `place`, beside what goes on."""

    async def run() -> None:
        with place:
            await refresh()

    task = background_tasks.create(run(), name="load")
    if place.client in _asked:
        _asked[place.client].append(task)


async def wait(client: Client) -> None:
    """Returns when everything that was asked for is there, also what the answers asked for, or after PATIENCE."""
    until = asyncio.get_running_loop().time() + PATIENCE
    while waiting := [task for task in _asked[client] if not task.done()]:
        left = until - asyncio.get_running_loop().time()
        if left <= 0:
            break
        await asyncio.wait(waiting, timeout=left)
    del _asked[client]
