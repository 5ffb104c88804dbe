"""What changes arrives here: one subscription per session token to the API's `/v1/events`, shared by all its pages.

`live.on(CampaignProgress, handler)` inside a page calls the handler with the typed event, in the page's own context, until the page
is gone; `CampaignEvent` takes a whole family. After a gap the API replays from the last event id, or says `reset`: then the handlers
given to `live.on_reset` fetch anew. They do so too once the stream shows that the API is back after a request got no answer: what was
asked in vain, perhaps because of an event, would be missing else. `ready()` before a page asks for anything: what changes behind its
answers is heard. A page shows the answer to its own write, and passes over the event that tells it of a version
that it has; everybody else repaints from the event.
An API that is away or has no room is asked ever less often, and never before the time that it names.
Nothing is stored here, and a handler that fails does not stop the others.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import lru_cache
from typing import Literal, NamedTuple, TypeVar
from urllib.parse import urlencode

import msgspec
import structlog
from nicegui import Client, app, background_tasks, helpers, ui
from nicegui.element import Element
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from api.contract.events import Event, Frame
from ui import session
from ui.client import accounts
from ui.client.base import ApiClient, ApiProblem, Offline, Pool

log = structlog.get_logger(__name__)
LONGEST_WAIT = 20.0
LONGEST_TOLD = 300.0  # seconds: no answer of the API keeps a page waiting longer
IDLE_SECONDS = 30.0
MOST_WAITING = 100
READY_SECONDS = 0.25
RESET_SECONDS = 5.0  # between two times that pages fetch anew because requests got no answer


E = TypeVar("E", bound=Event)
Plain = Callable[[], Awaitable[None] | None]


class _Listener(NamedTuple):
    subject: type[Event] | Literal["reset", "connection"]
    handler: Callable[..., Awaitable[None] | None]
    client: Client
    parent: Element

    def wants(self, event: Event) -> bool:
        return isinstance(self.subject, type) and isinstance(event, self.subject)


class _Hub:
    """One session token's subscription: connects while somebody listens, and for 30 s after."""

    def __init__(self, token: str) -> None:
        self.token = token
        self.listeners: list[_Listener] = []
        self._by_type: dict[type[Event], list[_Listener]] = {}
        self.last_id: str | None = None
        self.tries = 0
        self.connected: bool | None = None  # None until the first try ended
        self.tried = asyncio.Event()  # the stream stands, or will not at once
        self.unanswered = False
        self._reset_at = 0.0
        self.task: asyncio.Task[None] | None = None

    def add(self, listener: _Listener) -> None:
        """Those whose place is gone are forgotten: a page that stays open all day draws other places again and again."""
        self._keep([one for one in self.listeners if not one.parent.is_deleted])
        self.listeners.append(listener)
        self.start()

    def _keep(self, listeners: list[_Listener]) -> None:
        self.listeners = listeners
        self._by_type.clear()

    def _who_want(self, event: Event) -> list[_Listener]:
        kind = type(event)
        if kind not in self._by_type:
            self._by_type[kind] = [one for one in self.listeners if one.wants(event)]
        return self._by_type[kind]

    def start(self) -> None:
        if self.task is None or self.task.done():
            self.task = asyncio.create_task(self._run(), name="live events")

    def drop(self, client: Client) -> None:
        self._keep([listener for listener in self.listeners if listener.client is not client])

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
                    wait = _pause(self.tries, _told(error))
                    forbidden = _forbidden(error)
                if forbidden:  # nothing is broken: who has this role follows no news
                    self._unheard()
                else:
                    self._mark(False)
                self.tries = min(self.tries + 1, 10)
                idle = 0.0 if self.listeners else idle + wait
                await asyncio.sleep(wait)
        finally:
            if _hubs.get(self.token) is self and not self.listeners:
                del _hubs[self.token]

    def _unheard(self) -> None:
        """Pages fetch anew once: their rights may have changed."""
        first = self.connected is not None or not self.tried.is_set()
        self.connected = None
        self.tried.set()
        if first:
            self._tell("connection")
            self._reset()

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
            quiet = _time()
            while True:
                try:
                    async with asyncio.timeout(
                        RESET_SECONDS
                    ) as silence:  # no task of its own: what has come is taken without a turn
                        while True:
                            frame = await socket.recv()
                            now = _time()
                            if now > (silence.when() or 0) - RESET_SECONDS / 2:  # not for every frame
                                silence.reschedule(now + RESET_SECONDS)
                            if self.listeners:
                                quiet = now
                            self._take(frame)
                except TimeoutError:
                    if not self.listeners and _time() - quiet > IDLE_SECONDS:
                        return
                    if self.unanswered:  # and nothing has come since that would show it
                        self._reset()

    def _take(self, frame: str | bytes) -> None:
        try:
            found, event = _read(frame)
        except msgspec.MsgspecError:
            log.warning("unreadable event frame")
            return
        if found.type == "hello":
            self._greeted(found.id)
            return
        if found.id:
            self.last_id = found.id
        if found.type == "reset" or (self.unanswered and _time() - self._reset_at >= RESET_SECONDS):
            self._reset()
        if event is not None:
            for listener in tuple(self._who_want(event)):
                _call(listener, event)

    def _greeted(self, id: str | None) -> None:
        """The stream stands. Pages that asked before it did for the first time may have missed what happened between."""
        self._mark(True)
        self.tries = 0
        late = self.last_id is None and bool(self.listeners)
        self.last_id = self.last_id or id  # what is replayed comes after; its ids count, not the newest
        self.tried.set()
        if late or self.unanswered:
            self._reset()

    def _reset(self) -> None:
        self.unanswered, self._reset_at = False, _time()
        self._tell("reset")

    def _mark(self, connected: bool) -> None:
        if not connected:
            self.tried.set()
        if connected != self.connected:
            self.connected = connected
            self._tell("connection")

    def _tell(self, subject: Literal["reset", "connection"]) -> None:
        for listener in tuple(self.listeners):
            if listener.subject == subject:
                _call(listener)


def _time() -> float:
    return asyncio.get_running_loop().time()


_decode = msgspec.json.Decoder(Frame).decode


@lru_cache(256)
def _read(frame: str | bytes) -> tuple[Frame, Event | None]:
    """A frame comes to each session of a company alike, and is read once. Raises MsgspecError."""
    found = _decode(frame)
    return found, found.event()


def _refused(error: Exception) -> bool:
    """True for a handshake that was turned down and for a stream that was closed because of the session (4401)."""
    if isinstance(error, InvalidStatus):
        return error.response.status_code in {401, 403}
    return isinstance(error, ConnectionClosed) and error.rcvd is not None and error.rcvd.code in {4401, 4403}


def _forbidden(error: Exception) -> bool:
    """Who is there, and may not listen."""
    return isinstance(error, InvalidStatus) and error.response.status_code == 403


def _told(error: Exception) -> float:
    """How long the API, or a proxy in front of it, says to wait: by the answer to the handshake, or when it closes the stream (1013)."""
    said = ""
    if isinstance(error, InvalidStatus) and error.response.status_code in {429, 503}:
        said = error.response.headers.get("Retry-After", "")
    elif isinstance(error, ConnectionClosed) and error.rcvd is not None and error.rcvd.code == 1013:
        said = error.rcvd.reason.rpartition("retry-after=")[2]
    return min(float(said), LONGEST_TOLD) if said.isdecimal() and said.isascii() else 0.0


def _pause(tries: int, told: float) -> float:
    """Seconds until the next try: longer each time, and never the same for all pages that lost the API at one moment."""
    own = min(0.5 * 2.0**tries, LONGEST_WAIT) * random.uniform(0.7, 1.3)
    return max(own, told * random.uniform(1.0, 1.3))


class Hubs:
    """Where the events come from; set once at start."""

    events_url = ""

    @classmethod
    def open(cls, api_url: str) -> None:
        cls.events_url = api_url.replace("http", "ws", 1) + "/v1/events"
        Pool.unanswered = _unanswered

    @classmethod
    async def close(cls) -> None:
        for hub in list(_hubs.values()):
            if hub.task is not None:
                hub.task.cancel()
                with suppress(asyncio.CancelledError):
                    await hub.task
        _hubs.clear()


_hubs: dict[str, _Hub] = {}


def _unanswered(token: str) -> None:
    hub = _hubs.get(token)
    if hub is not None:
        hub.unanswered = True


async def ready(token: str) -> None:
    """Before a page asks for anything: returns when the session's stream stands; one that does not come in a moment says `reset` when
    it does."""
    hub = _hubs.setdefault(token, _Hub(token))
    hub.start()
    with suppress(TimeoutError):
        await asyncio.wait_for(hub.tried.wait(), READY_SECONDS)


def _call(listener: _Listener, *args: Event) -> None:
    """Runs the handler; for a page whose browser is not there (just left, or not there yet), once it is."""
    if not listener.client.has_socket_connection and not listener.client.is_deleted:
        waiting = _waiting.setdefault(listener.client.id, [])
        if len(waiting) <= MOST_WAITING:
            waiting.append((listener, args))
        return
    _run(listener, *args)


_waiting: dict[str, list[tuple[_Listener, tuple[Event, ...]]]] = {}
"""What pages without a browser have not heard yet, by the id of the page. Most were left for another page and are forgotten soon: nothing
is asked or drawn for them. A page that waits for more than MOST_WAITING fetches anew instead."""


def _left(client: Client, hub: _Hub) -> None:
    hub.drop(client)
    _waiting.pop(client.id, None)


def _arrived(client: Client, hub: _Hub) -> None:
    waiting = _waiting.pop(client.id, [])
    if len(waiting) > MOST_WAITING:
        waiting = [
            (listener, ())
            for listener in hub.listeners
            if listener.client is client and listener.subject in {"reset", "connection"}
        ]
    for listener, args in waiting:
        _run(listener, *args)


def _run(listener: _Listener, *args: Event) -> None:
    """Most events are nothing to most pages: a handler that has nothing to await takes no task of its own."""
    if listener.client.is_deleted or listener.parent.is_deleted:
        return
    try:
        with listener.parent:
            result = listener.handler(*args)
    except Exception as error:  # as in a task: it is logged, and the others are told
        app.handle_exception(error)
        return
    if helpers.should_await(result):
        background_tasks.create(_finish(listener.parent, result), name="live")


async def _finish(parent: Element, result: Awaitable[None]) -> None:
    with parent:
        await result


def _listen(subject: type[Event] | Literal["reset", "connection"], handler: Callable[..., Awaitable[None] | None]) -> None:
    client = ui.context.client
    token = session.current().token
    hub = _hubs.setdefault(token, _Hub(token))
    if not any(listener.client is client for listener in hub.listeners):
        client.on_delete(lambda: _left(client, hub))
        client.on_connect(lambda: _arrived(client, hub))
    hub.add(_Listener(subject, handler, client, ui.context.slot.parent))


def on(kind: type[E], handler: Callable[[E], Awaitable[None] | None]) -> None:
    """Inside a page: calls `handler(event)` for each event of the kind, or family (`CampaignEvent`), while the page lives."""
    _listen(kind, handler)


def on_reset(handler: Plain) -> None:
    """Inside a page: called when events were missed for good; fetch again what is shown."""
    _listen("reset", handler)


def on_connection(handler: Callable[[], None]) -> None:
    """For the frame: called when the stream goes down or comes back; ask `connected()`."""
    _listen("connection", handler)


def connected() -> bool:
    """True while this session's stream is up."""
    hub = _hubs.get(session.current().token)
    return hub is not None and hub.connected is not False
