"""What was written but not sent, per conversation: kept in the browser, so that a reload or another conversation loses nothing."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

from nicegui import events, ui

from ui import session
from ui.components.throttle import Throttle

_MAX = 200_000  # characters of all drafts together; more was not written by hand
_READ = """const found = {}; for (const key of Object.keys(localStorage)) if (key.startsWith(%s))
    found[key.slice(%d)] = localStorage.getItem(key); emitEvent('drafts', found)"""


class Drafts:
    """`text(id, mode)` and `keep(id, mode, text)`: a note is never taken for an answer. `found` is called when the browser has told what
    it kept. Gone at sign-out."""

    def __init__(self, found: Callable[[], Any]) -> None:
        me = session.current().me
        self._prefix = f"draft:conversation:{me.company.id}:{me.user_id}:"
        self._texts: dict[str, str] = {}
        self._changed: set[str] = set()
        self._found = found
        self._throttle = Throttle(self._write, 0.3)
        ui.on("drafts", self._told)
        ui.run_javascript(_READ % (json.dumps(self._prefix), len(self._prefix)))

    def text(self, conversation_id: UUID, mode: str) -> str:
        return self._texts.get(f"{mode}:{conversation_id}", "")

    def keep(self, conversation_id: UUID, mode: str, text: str) -> None:
        """An empty text keeps nothing."""
        if text == self.text(conversation_id, mode):
            return
        place = f"{mode}:{conversation_id}"
        self._texts[place] = text
        self._changed.add(place)
        self._throttle.poke()

    async def _write(self) -> None:
        changed, self._changed = self._changed, set()
        for one in changed:
            key, text = json.dumps(f"{self._prefix}{one}"), self._texts[one]
            ui.run_javascript(f"localStorage.setItem({key}, {json.dumps(text)})" if text else f"localStorage.removeItem({key})")

    def _told(self, event: events.GenericEventArguments) -> None:
        given = event.args if isinstance(event.args, dict) else {}
        if sum(len(str(text)) for text in given.values()) > _MAX:
            return
        for key, text in given.items():
            self._texts.setdefault(str(key), str(text))
        self._found()
