"""Looks again every so often while the page is open."""

import asyncio
import weakref
from collections.abc import Callable
from typing import Any

from nicegui import background_tasks, helpers, ui


def beat(seconds: float, look: Callable[[], Any]) -> None:
    """Calls `look` every `seconds`, in the place where this was called, while a browser shows it; first after `seconds`.

    Not NiceGUI's timer: made while the page is built, it waits for the browser, and then NiceGUI sends the HTML off at once, without
    the answers that the page still waits for.
    """
    client, place = ui.context.client, ui.context.slot.parent

    async def run() -> None:
        while True:
            await asyncio.sleep(seconds)
            if place.is_deleted or client.is_deleted:
                return
            if not client.has_socket_connection:
                continue
            try:
                with place:
                    result = look()
                    if helpers.should_await(result):
                        await result
            except Exception as error:  # as in NiceGUI's timer: the page's handler says it, and the next beat comes
                client.handle_exception(error)

    beating = weakref.ref(background_tasks.create(run(), name="beat"))

    def stop() -> None:
        if (task := beating()) is not None:
            task.cancel()

    client.on_delete(stop)  # it would hold the page until its next look
