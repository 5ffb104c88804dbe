"""A sound and a notice of the computer for messages that come in while Master IA is open; ui/theme/calls.js decides who hears them.

Of all pages that a browser shows only the one that leads asks anything, at most every two seconds, however many messages come.
"""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

from nicegui import ui

from api.contract.conversations import Conversation, ConversationView, LastMessage
from api.contract.enums import Permission
from api.contract.events import MessageReceived
from ui import formats, live, session
from ui.client import conversations
from ui.client.base import ApiProblem, Offline
from ui.components.throttle import Throttle
from ui.labels.conversations import preview

SECONDS = 2.0
NEWEST = 20  # conversations in which something is unread that are looked at
GRACE = timedelta(seconds=20)  # between one page and the next nobody asks; the browser knows what it has told


class Calls:
    """Of this page, once it leads."""

    def __init__(self) -> None:
        me = session.current()
        if not me.may(Permission.CONVERSATIONS_READ):
            return
        self._api, self._me = me.api, me.me.user_id
        self._since: datetime | None = None  # what was said from then on is told; None: it does not lead
        self._heard: set[UUID] = set()  # messages of which an event told, also where the provider's time is long past
        self._throttle = Throttle(self._ask, SECONDS)
        ui.on("calls", self._lead, [])
        live.on(MessageReceived, self._hear)
        live.on_reset(self._poke)
        ui.run_javascript("masteria.calls.lead()")

    def _lead(self) -> None:
        self._since = self._since or datetime.now(UTC) - GRACE
        self._poke()

    def _hear(self, event: MessageReceived) -> None:
        if self._since is not None:
            self._heard.add(event.message_id)
            self._poke()

    def _poke(self) -> None:
        if self._since is not None:
            self._throttle.poke()

    async def _ask(self) -> None:
        began, heard = datetime.now(UTC) - GRACE, frozenset(self._heard)
        try:
            found = await conversations.conversations(self._api, {"view": ConversationView.UNREAD, "limit": NEWEST})
        except (ApiProblem, Offline) as error:
            if isinstance(error, Offline) or error.status >= 500:  # it may be the only message for hours
                self._throttle.poke()
            return
        came = [self._call(one, one.last) for one in reversed(found.items) if one.last and self._is_new(one.last, heard)]
        self._since = began
        self._heard -= heard
        if came:
            ui.run_javascript(f"masteria.calls.heard({json.dumps(came)})")

    def _is_new(self, last: LastMessage, heard: frozenset[UUID]) -> bool:
        return last.direction == "in" and (last.id in heard or (self._since is not None and last.at >= self._since))

    def _call(self, one: Conversation, last: LastMessage) -> dict[str, object]:
        return {
            "id": str(last.id),
            "paths": [f"/inbox/{one.id}", f"/contacts/{one.contact_id}"],  # where it is looked at; a notice leads to the first
            "tag": f"conversation:{one.id}",  # as push messages have it (workers/push.py)
            "name": one.contact_name or formats.phone(one.address),
            "text": preview(last),
            "mine": one.assignee is not None and one.assignee.id == self._me,
            "unassigned": one.assignee is None,
        }
