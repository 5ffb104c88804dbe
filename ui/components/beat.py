"""Looks again every so often while the page is open."""

import asyncio
from collections.abc import Callable
from typing import Any

from nicegui import background_tasks, helpers, ui

from ui import memory


def beat(seconds: float, look: Callable[[], Any]) -> None:
    """Calls `look` every `seconds`, in the place where this was called, while a browser shows it; first after `seconds`.

    Not NiceGUI's timer: made while the page is built, it waits for the browser, and then NiceGUI sends the HTML off at once, without
    the answers that the page still waits for.
    """
    client, place = ui.context.client, ui.context.slot.parent

    async def run() -> None:
        while not (place.is_deleted or client.is_deleted):
            await asyncio.sleep(seconds)
            if not client.has_socket_connection:
                continue
            try:
                with place:
                    result = look()
                    if helpers.should_await(result):
                        await result
            except Exception as error:  # as in NiceGUI's timer: the page's handler says it, and the next beat comes
                client.handle_exception(error)

    beating = background_tasks.create(run(), name="beat")

    def stop() -> None:
        """It would hold the place until its next look. A look that clears its own place goes on to its end."""
        if asyncio.current_task() is not beating:
            beating.cancel()

    memory.when_gone(place, stop)
