"""Twilio does not repeat a webhook that failed, so while Postgres is away its webhooks go to a local file, fsynced before the
answer, and into Postgres once it is back.

One file per process, held by a lock; files of dead processes are taken over. Replay: the file is closed and renamed, its rows
are inserted (their ids were made at receipt: a second replay changes nothing), then it is deleted. A torn tail is a request
that was never answered with success. A row that Postgres refuses holds up no other: it is set aside in a file of its own,
which becomes a spool again by a rename to `.replay`.
"""

import asyncio
import contextlib
import fcntl
import os
import secrets
import struct
import zlib
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import msgspec
import structlog

from api.hooks.collector import Broken, connect, store
from db import halving
from db.messages.inbox import Received

log = structlog.get_logger("api.hooks")

LIVE, REPLAY, REFUSED = ".spool", ".replay", ".refused"
CHUNK = 200
LOOK = 1.0  # seconds between looks for something to replay
MAX_BYTES = 2 * 1024**3  # bytes; a disk filled by webhooks would stop everything else

_HEAD = struct.Struct(">II")  # length, crc32
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Received).decode


class SpoolFull(Exception):
    """The disk does not take it; nothing was promised."""


class Spool:
    """`append` returns once the row is on disk. `replayed` is told of every row that reached Postgres."""

    def __init__(self, folder: Path, dsn: str, replayed: Callable[[Received], None]) -> None:
        self._folder = folder
        self._dsn = dsn
        self._replayed = replayed
        self._file: int | None = None
        self._path = folder
        self._waiting: list[tuple[bytes, asyncio.Future[None]]] = []
        self._writer: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()  # the live file is either written or renamed
        self._broken = False  # said in the log

    async def append(self, row: Received) -> None:
        """Raises SpoolFull."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((_record(row), future))
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())
        await future

    async def _write(self) -> None:
        """All that wait share one write and one fsync."""
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                async with self._lock:
                    await asyncio.to_thread(self._put, b"".join(record for record, _ in batch))
            except OSError as error:
                if not self._broken:
                    self._broken = True
                    log.error("hooks.spool_failed", error=repr(error))
                for _, future in batch:
                    if not future.done():
                        future.set_exception(SpoolFull(str(error)))
            else:
                if self._broken:
                    self._broken = False
                    log.warning("hooks.spool_writes_again")
                for _, future in batch:
                    if not future.done():
                        future.set_result(None)

    def _put(self, records: bytes) -> None:
        if self._file is None:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._path = self._folder / f"hooks-{secrets.token_hex(8)}{LIVE}"
            self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_EXCL, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX)
            _sync_folder(self._folder)
        start = os.fstat(self._file).st_size
        if start + len(records) > MAX_BYTES:
            raise OSError("the spool is full")
        try:
            view = memoryview(records)
            while view:
                view = view[os.write(self._file, view) :]
            os.fsync(self._file)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, start)  # half a record must not hide the ones after it
            raise

    async def run(self) -> None:
        """Until cancelled: brings spooled rows into Postgres when it is back."""
        while True:
            try:
                await self.replay()
            except Broken:
                pass  # still away
            await asyncio.sleep(LOOK)

    async def replay(self) -> int:
        """Rows brought into Postgres now. Raises what asyncpg and the disk raise."""
        ready = await asyncio.to_thread(self._ready)
        if not ready:
            return 0
        connection = await connect(self._dsn)  # first, so that files are only closed when there is somewhere to go
        count = 0

        async def some(rows: Sequence[Received]) -> None:
            nonlocal count
            await store(connection, list(rows))
            count += len(rows)
            for row in rows:
                self._replayed(row)

        try:
            async with self._lock:
                files = await asyncio.to_thread(self._seal)
            for path in files:
                async for rows in _chunks(path):
                    await halving.write(rows, some, self._set_aside)
                await asyncio.to_thread(path.unlink, missing_ok=True)
        finally:
            await connection.close(timeout=2)
        log.info("hooks.replayed", rows=count)
        return count

    async def _set_aside(self, row: Received, error: Exception) -> None:
        path = self._folder / f"hooks-{row.id.hex}{REFUSED}"
        log.error("hooks.row_refused", channel_id=str(row.channel_id), kept=path.name, error=repr(error)[:300])
        await asyncio.to_thread(_keep, path, _record(row))

    def _ready(self) -> bool:
        return self._folder.is_dir() and any(path.suffix in (LIVE, REPLAY) for path in self._folder.iterdir())

    def _seal(self) -> list[Path]:
        """Our live file and those of dead processes, renamed, with what an earlier replay left."""
        if self._file is not None:
            self._path.rename(self._path.with_suffix(REPLAY))
            os.close(self._file)
            self._file = None
        for path in self._folder.glob(f"*{LIVE}"):
            with contextlib.suppress(FileNotFoundError, BlockingIOError), open(path, "rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)  # held by a living process: left alone
                path.rename(path.with_suffix(REPLAY))
        return sorted(self._folder.glob(f"*{REPLAY}"))

    async def close(self) -> None:
        if self._writer is not None:
            await self._writer
        if self._file is not None:
            os.close(self._file)
            self._file = None


async def _chunks(path: Path) -> AsyncIterator[list[Received]]:
    """The whole records of a file; what follows a torn one was never promised."""
    with contextlib.suppress(FileNotFoundError):
        with open(path, "rb") as file:  # noqa: ASYNC230 - small local reads, one file at a time
            rows: list[Received] = []
            while len(head := file.read(_HEAD.size)) == _HEAD.size:
                length, crc = _HEAD.unpack(head)
                body = file.read(length)
                if len(body) != length or zlib.crc32(body) != crc:
                    log.warning("hooks.spool_torn", path=path.name, at=file.tell())
                    break
                rows.append(_decode(body))
                if len(rows) >= CHUNK:
                    yield rows
                    rows = []
            if rows:
                yield rows


def _record(row: Received) -> bytes:
    body = _encode(row)
    return _HEAD.pack(len(body), zlib.crc32(body)) + body


def _keep(path: Path, record: bytes) -> None:
    """A whole file, on disk when this returns."""
    with open(path, "wb", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
        file.write(record)
        file.flush()
        os.fsync(file.fileno())
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Makes the new file's name durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
