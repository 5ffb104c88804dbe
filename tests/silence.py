"""A way to a server that can fall silent, as a network does that drops packets: connections stay open and nothing comes through."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


class Way:
    """A TCP port that leads to another TCP port or to a Unix socket."""

    def __init__(self, target: int | str) -> None:
        self._target = target
        self._silent = False
        self._mute: set[asyncio.StreamWriter] = set()
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._lead, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    def fall_silent(self) -> None:
        """Whatever is sent from now on is lost, on the connections there are and on new ones."""
        self._silent = True
        self._mute |= self._open

    def speak(self) -> None:
        """New connections work; those that fell silent stay so, like what a router has forgotten."""
        self._silent = False

    async def _lead(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._open.add(writer)
        if self._silent:
            self._mute.add(writer)
        other = None
        try:
            if isinstance(self._target, str):
                back, other = await asyncio.open_unix_connection(self._target)
            else:
                back, other = await asyncio.open_connection("127.0.0.1", self._target)
            await asyncio.gather(self._pump(reader, other, writer), self._pump(back, writer, writer))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            self._open.discard(writer)
            self._mute.discard(writer)
            self._tasks.discard(task)
            writer.close()
            if other is not None:
                other.close()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, connection: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            if connection not in self._mute:
                sink.write(data)
                await sink.drain()
        if connection not in self._mute:
            sink.close()

    async def close(self) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        for task in list(self._tasks):
            with suppress(asyncio.CancelledError):
                await task
        await asyncio.sleep(0)


@asynccontextmanager
async def way_to(target: int | str) -> AsyncIterator[Way]:
    way = Way(target)
    await way.start()
    try:
        yield way
    finally:
        await way.close()
