"""What is typed into a form, kept in the browser until it is sent: a reload, a restart or an ended session loses nothing."""

import json
from collections.abc import Callable
from typing import Any

from nicegui import events, ui

from ui import session
from ui.components.throttle import Throttle

_MAX = 200_000  # characters; more than any form of ours holds


class Kept:
    """`changed()` after every change, `forget()` once it was sent. `fill` gets what was kept, when there is something and nothing
    was typed yet.

    It is kept per person and company, in this browser only, and goes at sign-out.
    """

    def __init__(self, form: str, read: Callable[[], dict[str, Any]], fill: Callable[[dict[str, Any]], None]) -> None:
        me = session.current().me
        self._key = json.dumps(f"draft:{form}:{me.company.id}:{me.user_id}")
        self._read, self._fill = read, fill
        self._sent = False
        self._last = read()
        self._throttle = Throttle(self._keep, 0.3)
        ui.on(f"kept-{form}", self._found)
        ui.run_javascript(
            f"const text = localStorage.getItem({self._key}); if (text) emitEvent({json.dumps(f'kept-{form}')}, text)"
        )

    def changed(self) -> None:
        self._throttle.poke()

    def forget(self) -> None:
        self._sent = True
        ui.run_javascript(f"localStorage.removeItem({self._key})")

    async def _keep(self) -> None:
        values = self._read()
        if self._sent or values == self._last:  # a form that only opened keeps nothing: it may not be filled yet
            return
        self._last = values
        ui.run_javascript(f"localStorage.setItem({self._key}, {json.dumps(json.dumps(values))})")

    def _found(self, event: events.GenericEventArguments) -> None:
        text = str(event.args)
        try:
            values = json.loads(text) if len(text) <= _MAX else None
        except ValueError:
            return
        if isinstance(values, dict) and self._read() == self._last:
            self._fill(values)
