"""Live events: one reader per process over the Valkey streams of all companies that have a listener here, handed to each
listener through a bounded queue.

A listener gets the events whose permission it holds and which concern it, and resumes by the last id it saw; heartbeats carry one
too. Whenever events may have been missed (the id has left the stream, Valkey was away or wiped, also for a program that had something to tell, the listener was too slow) it gets
`reset` and fetches anew: never a silent gap. Litestar's Channels are not used, since they die silently with Valkey.
"""

import asyncio
import random
import time
from collections import deque
from collections.abc import AsyncGenerator
from contextlib import suppress
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import msgspec
import structlog

from api.auth.guard import forget_all, resolve
from api.contract import events as wire
from db import valkey
from db.accounts.events import SessionRevoked, TeamChanged
from db.errors import AppError, RequestError, Unauthenticated
from db.event_stream import MISSED, STREAM_LENGTH, stream_key
from db.events import Event
from db.permissions import Permission
from db.tenancy import Actor

log = structlog.get_logger("api.realtime")

HEARTBEAT = 15.0  # seconds
QUEUE = 256  # frames that a slow listener may be behind
MAX_PER_OWNER = 50
_BLOCK_MS = 2000  # less than the 5 s after which valkey-py gives up on any answer
_START = "0-0"


class Frame(NamedTuple):
    """One message to a listener: a JSON text, its id in the stream, and the event in it."""

    id: str | None
    type: str
    text: bytes
    event: Event | None = None


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(wire.Frame).decode


def control(id: str | None, kind: wire.ControlType) -> Frame:
    return Frame(id, kind, _encode(wire.Control(type=kind, id=id)))


def _read(id: str, raw: bytes) -> Frame:
    """An entry of the stream; without an event for a type that a newer version publishes."""
    entry = _decode(raw)
    entry.id = id
    return Frame(id, entry.type, _encode(entry), entry.event())


def _order(id: str) -> tuple[int, int]:
    first, _, second = id.partition("-")
    order = int(first), int(second or 0)
    if max(order) >= 1 << 64:
        raise ValueError
    return order


class Listener:
    """One connection's queue. `ended` says why it is over."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.ended: str | None = None
        self._frames: deque[Frame] = deque()
        self._wake = asyncio.Event()
        self._doubted = False

    def hears(self, event: Event | None) -> bool:
        """Whether the event is for this listener: it concerns them, and they may read what it is about."""
        user_id = self.actor.id if self.actor.kind == "user" else None
        return event is not None and event.reaches(user_id, self.actor.permissions)

    @property
    def behind(self) -> bool:
        """Whether something waits to be sent."""
        return bool(self._frames)

    def put(self, frame: Frame) -> None:
        """Never waits: a listener that is too far behind loses its queue and is told to fetch anew."""
        if len(self._frames) >= QUEUE:
            self._frames.clear()
            frame = control(frame.id, "reset")
        self._frames.append(frame)
        self._wake.set()

    def doubt(self) -> None:
        """Its rights may have changed: they are looked up before anything else is sent."""
        self._doubted = True
        self._wake.set()

    def end(self, reason: str) -> None:
        self.ended = self.ended or reason
        self._wake.set()

    async def take(self, timeout: float) -> Frame | None:
        """The next frame, or None after `timeout` seconds, at the end, and when the rights are in doubt."""
        if not self._frames and self.ended is None and not self._doubted:
            self._wake.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), timeout)
        if self._doubted:
            self._doubted = False
            return None
        return self._frames.popleft() if self._frames else None


class Hub:
    """All listeners of this process and the one task that feeds them."""

    def __init__(self) -> None:
        self._listeners: dict[UUID, set[Listener]] = {}
        self._position: dict[UUID, str] = {}  # last id handed out, by company
        self._nudge_key = f"events:nudge:{uuid4().hex}"
        self._nudged = _START
        self._lost = False
        self._wanted = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self.closing = False

    def start(self) -> None:
        self._task = asyncio.create_task(self._supervise(), name="live events")

    def end_all(self) -> None:
        """The process is about to stop: every stream ends now, and no new one starts."""
        self.closing = True
        for listener in self._all():
            listener.end("closing")

    async def close(self) -> None:
        """Ends every connection and the reader."""
        self.end_all()
        if self._task is not None:
            while not self._task.done():  # `wait_for` swallows a cancellation that comes with the answer (CPython 3.11)
                self._task.cancel()
                await asyncio.wait({self._task}, timeout=1)

    def _all(self) -> list[Listener]:
        return [listener for group in self._listeners.values() for listener in group]

    async def listen(self, actor: Actor, token: str, last_id: str | None) -> AsyncGenerator[Frame, None]:
        """Frames for one connection, `ping` each 15 seconds of silence; ends when the session does. Raises TooManyRequests, Forbidden,
        Unavailable."""
        actor.require(Permission.EVENTS_READ)
        if self.closing:
            raise RequestError.UNAVAILABLE(retry_after=1)
        group = self._listeners.setdefault(actor.company_id, set())
        if sum(1 for other in group if other.actor.id == actor.id) >= MAX_PER_OWNER:
            raise RequestError.TOO_MANY_LISTENERS(retry_after=30)
        listener = Listener(actor)
        group.add(listener)
        try:
            position, replay = await self._join(listener, last_id)
            yield control(position, "hello")
            seen = _order(position) if position else (0, 0)
            for frame in replay:
                yield frame
            checked = time.monotonic()
            while True:
                got = await listener.take(HEARTBEAT)
                if got is None or time.monotonic() - checked >= HEARTBEAT:  # a busy stream has no heartbeats
                    held = listener.actor.permissions
                    if (got is None and listener.ended is not None) or not await _still_valid(listener, token):
                        return
                    if listener.actor.permissions != held:  # what is shown may be too much, or too little
                        yield control(self._position.get(actor.company_id), "reset")
                    checked = time.monotonic()
                if got is None:
                    if not listener.behind:
                        yield control(self._position.get(actor.company_id), "ping")
                elif got.id is None or got.event is None or (_order(got.id) > seen and listener.hears(got.event)):
                    yield got
        finally:
            group.discard(listener)
            if not group and self._listeners.get(actor.company_id) is group:
                del self._listeners[actor.company_id]
                self._position.pop(actor.company_id, None)

    async def _join(self, listener: Listener, last_id: str | None) -> tuple[str | None, list[Frame]]:
        """Where the stream stands, and what the listener missed after `last_id`. While Valkey is away: nothing, a reset follows."""
        company_id = listener.actor.company_id
        try:
            position = await _tip(company_id)
            if company_id not in self._position:
                self._position[company_id] = position
                await self._nudge()
            return position, [] if last_id is None else await _since(listener, last_id, position)
        except valkey.Down:
            self._lost = True
            self._wanted.set()
            return None, []

    async def _nudge(self) -> None:
        """Interrupts the blocking read, so that it takes up a new company."""
        self._wanted.set()
        pipe = valkey.client().pipeline(transaction=False)
        pipe.xadd(self._nudge_key, {"n": "1"}, maxlen=1)
        pipe.expire(self._nudge_key, 3600)
        await pipe.execute()

    async def _supervise(self) -> None:
        wait = 0.1
        while True:
            try:
                if not self._listeners:
                    self._wanted.clear()
                    await self._wanted.wait()
                if self._lost:
                    await self._recover()
                await self._read_streams()
                wait = 0.1
            except valkey.Down as error:
                if not self._lost:
                    log.warning("events.lost", error=type(error).__name__)
                self._lost = True
                await valkey.back(wait * random.uniform(0.7, 1.3))
                wait = min(wait * 2, 5.0)
            except Exception:
                log.exception("events.reader_failed")
                self._lost = True
                await asyncio.sleep(1)

    async def _recover(self) -> None:
        """After a loss: what was published meanwhile is gone, so everybody fetches anew from the present end on."""
        for company_id in list(self._listeners):
            position = await _tip(company_id)
            self._position[company_id] = position
            for listener in self._listeners.get(company_id, ()):
                listener.put(control(position, "reset"))
        self._lost = False
        log.info("events.back", companies=len(self._position))

    async def _read_streams(self) -> None:
        keys = {stream_key(company_id): company_id for company_id in self._position}
        streams = {key: self._position[company_id] for key, company_id in keys.items()}
        reading = valkey.client().xread({**streams, self._nudge_key: self._nudged}, count=500, block=_BLOCK_MS)
        for raw, entries in await asyncio.wait_for(reading, _BLOCK_MS / 1000 + 2) or ():
            key = raw.decode()
            if key == self._nudge_key:
                self._nudged = entries[-1][0].decode()
                continue
            company_id = keys[key]
            for raw_id, fields in entries:
                self._hand_out(company_id, raw_id.decode(), fields[b"e"])
            if company_id in self._position:
                self._position[company_id] = entries[-1][0].decode()

    def _hand_out(self, company_id: UUID, id: str, raw: bytes) -> None:
        frame = _read(id, raw)
        listeners = list(self._listeners.get(company_id, ()))
        if frame.type == MISSED:
            for listener in listeners:
                listener.put(control(id, "reset"))
            return
        for listener in listeners:
            if listener.hears(frame.event):
                listener.put(frame)
        if isinstance(frame.event, SessionRevoked | TeamChanged):
            forget_all()
            for listener in listeners:
                _apply(frame.event, listener)


def _apply(event: SessionRevoked | TeamChanged, listener: Listener) -> None:
    """Ends the connections of the sessions that are over; whose role changed, and whose keys, loses rights at once."""
    actor = listener.actor
    if isinstance(event, TeamChanged):
        listener.doubt()
    elif actor.id == event.user_id and event.session_id in (None, actor.session_id):
        listener.end("session.revoked")


async def _tip(company_id: UUID) -> str:
    """The id of the newest entry, `0-0` for none."""
    newest = await asyncio.wait_for(valkey.client().xrevrange(stream_key(company_id), count=1), 2)
    return newest[0][0].decode() if newest else _START


async def _since(listener: Listener, last_id: str, position: str) -> list[Frame]:
    """What the listener hears after `last_id` up to `position`; a lone `reset` when that id is not in the stream any more."""
    if last_id == position:
        return []
    reset = [control(position, "reset")]
    try:
        start = "-".join(map(str, _order(last_id)))
    except ValueError:
        return reset
    key = stream_key(listener.actor.company_id)
    entries = await asyncio.wait_for(valkey.client().xrange(key, "-" if start == _START else start, position), 5)
    if start == _START:
        whole = len(entries) < STREAM_LENGTH
    else:
        whole = bool(entries) and entries[0][0].decode() == start
        entries = entries[1:]
    if not whole:
        return reset
    frames = [_read(id.decode(), fields[b"e"]) for id, fields in entries]
    if any(frame.type == MISSED for frame in frames):
        return reset
    return [frame for frame in frames if listener.hears(frame.event)]


async def _still_valid(listener: Listener, token: str) -> bool:
    """Whether the session still holds, and with which rights; a database that does not answer ends nobody's connection."""
    try:
        identity: Any = await resolve(token)
    except Unauthenticated:
        return False
    except AppError:
        return True
    same = identity.actor.company_id == listener.actor.company_id
    listener.actor = identity.actor
    return same and Permission.EVENTS_READ in identity.actor.permissions
