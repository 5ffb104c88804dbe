"""What changes arrives here: one subscription per session token to the API's `/v1/events`, shared by all its pages.

`live.on("campaign.progress", handler)` inside a page calls the handler in the page's own context until the page is gone;
`campaign.*` takes a whole family. After a gap the API replays from the last event id, or says `reset`: then the handlers
given to `live.on_reset` fetch anew. The screens repaint from events only, never from the answer to their own write.
Nothing is stored here, and a handler that fails does not stop the others.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode

import msgspec
import structlog
from nicegui import Client, background_tasks, helpers, ui
from nicegui.element import Element
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from ui import session
from ui.client import accounts
from ui.client.base import ApiClient, ApiProblem, Offline

log = structlog.get_logger(__name__)
LONGEST_WAIT = 20.0
IDLE_SECONDS = 30.0


class Event(msgspec.Struct):
    """One frame: `{"id", "type", "at", "data"}`. `data` is what the event's catalogue in the contract says."""

    type: str
    id: str | None = None
    at: datetime | None = None
    data: dict[str, Any] = {}


EventHandler = Callable[[Event], Awaitable[None] | None]
Plain = Callable[[], Awaitable[None] | None]


class _Listener(NamedTuple):
    pattern: str
    handler: Callable[..., Awaitable[None] | None]
    client: Client
    parent: Element

    def wants(self, type: str) -> bool:
        return self.pattern == type or (self.pattern.endswith("*") and type.startswith(self.pattern[:-1]))


class _Hub:
    """One session token's subscription: connects while somebody listens, and for 30 s after."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.listeners: list[_Listener] = []
        self.last_id: str | None = None
        self.tries = 0
        self.connected: bool | None = None  # None until the first try ended
        self.task: asyncio.Task[None] | None = None

    def add(self, listener: _Listener) -> None:
        self.listeners.append(listener)
        if self.task is None or self.task.done():
            self.task = asyncio.create_task(self._run(), name="live events")

    def drop(self, client: Client) -> None:
        self.listeners = [listener for listener in self.listeners if listener.client is not client]

    async def _run(self) -> None:
        idle = 0.0
        try:
            while idle < IDLE_SECONDS:
                try:
                    await self._listen()
                    return
                except (OSError, TimeoutError, WebSocketException) as error:
                    if _refused(error) and await self._ended():
                        session.end(self.token)
                        return
                self._mark(False)
                wait = min(0.5 * 2**self.tries, LONGEST_WAIT)
                self.tries = min(self.tries + 1, 10)
                idle = 0.0 if self.listeners else idle + wait
                await asyncio.sleep(wait * random.uniform(0.7, 1.3))
        finally:
            if _hubs.get(self.token) is self and not self.listeners:
                del _hubs[self.token]

    async def _ended(self) -> bool:
        """Asks the API whether the session is over: a refused socket alone may mean less."""
        try:
            await accounts.me(ApiClient(self.token))
        except ApiProblem as problem:
            return problem.status == 401
        except Offline:
            return False
        return False

    async def _listen(self) -> None:
        """Until nobody has listened for a while; every other end is an exception."""
        query = f"?{urlencode({'last_event_id': self.last_id})}" if self.last_id else ""
        address = Hubs.events_url + query
        headers = {"Authorization": f"Bearer {self.token}"}
        async with connect(address, additional_headers=headers, open_timeout=5, max_size=1 << 20, proxy=None) as socket:
            self._mark(True)
            self.tries = 0
            quiet = asyncio.get_running_loop().time()
            while True:
                try:
                    frame = await asyncio.wait_for(socket.recv(), IDLE_SECONDS)
                except TimeoutError:
                    if not self.listeners and asyncio.get_running_loop().time() - quiet > IDLE_SECONDS:
                        return
                    continue
                if self.listeners:
                    quiet = asyncio.get_running_loop().time()
                self._take(frame)

    def _take(self, frame: str | bytes) -> None:
        try:
            event = msgspec.json.decode(frame, type=Event)
        except msgspec.MsgspecError:
            log.warning("unreadable event frame")
            return
        if event.type == "hello":
            self.last_id = self.last_id or event.id  # what is replayed comes after; its ids count, not the newest
            return
        if event.id:
            self.last_id = event.id
        if event.type == "reset":
            self._tell("reset")
            return
        for listener in tuple(self.listeners):
            if listener.wants(event.type):
                _call(listener, event)

    def _mark(self, connected: bool) -> None:
        if connected != self.connected:
            self.connected = connected
            self._tell("connection")

    def _tell(self, pattern: str) -> None:
        for listener in tuple(self.listeners):
            if listener.pattern == f"!{pattern}":
                _call(listener)


def _refused(error: Exception) -> bool:
    """True for a handshake that was turned down and for a stream that was closed because of the session (4401)."""
    if isinstance(error, InvalidStatus):
        return error.response.status_code in {401, 403}
    return isinstance(error, ConnectionClosed) and error.rcvd is not None and error.rcvd.code in {4401, 4403}


class Hubs:
    """Where the events come from; set once at start."""

    events_url = ""

    @classmethod
    def open(cls, api_url: str) -> None:
        cls.events_url = api_url.replace("http", "ws", 1) + "/v1/events"

    @classmethod
    async def close(cls) -> None:
        for hub in list(_hubs.values()):
            if hub.task is not None:
                hub.task.cancel()
                with suppress(asyncio.CancelledError):
                    await hub.task
        _hubs.clear()


_hubs: dict[str, _Hub] = {}


def _call(listener: _Listener, *args: Event) -> None:
    if listener.client.is_deleted or listener.parent.is_deleted:
        return

    async def run() -> None:
        with listener.parent:
            result = listener.handler(*args)
            if helpers.should_await(result):
                await result

    background_tasks.create(run(), name=f"live {listener.pattern}")


def _listen(pattern: str, handler: Callable[..., Awaitable[None] | None]) -> None:
    client = ui.context.client
    token = session.current().token
    hub = _hubs.setdefault(token, _Hub(token))
    if not any(listener.client is client for listener in hub.listeners):
        client.on_delete(lambda: hub.drop(client))
    hub.add(_Listener(pattern, handler, client, ui.context.slot.parent))


def on(pattern: str, handler: EventHandler) -> None:
    """Inside a page: calls `handler(event)` for each event of the type, or family (`campaign.*`), while the page lives."""
    _listen(pattern, handler)


def on_reset(handler: Plain) -> None:
    """Inside a page: called when events were missed for good; fetch again what is shown."""
    _listen("!reset", handler)


def on_connection(handler: Callable[[], None]) -> None:
    """For the frame: called when the stream goes down or comes back; ask `connected()`."""
    _listen("!connection", handler)


def connected() -> bool:
    """True while this session's stream is up."""
    hub = _hubs.get(session.current().token)
    return hub is not None and hub.connected is not False
