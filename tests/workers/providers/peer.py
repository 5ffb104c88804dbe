"""A scripted far end on a loopback socket: real bytes, real resets, and a count of the requests it read."""

import asyncio
import contextlib
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable

Step = Callable[["Peer", asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Peer:
    """Runs `step` for every connection. `requests` are the heads and bodies read so far."""

    def __init__(self, step: Step) -> None:
        self._step = step
        self.requests: list[tuple[str, bytes]] = []
        self.connections = 0
        self.port = 0
        self.failures: list[Exception] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self._step(self, reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        except Exception as error:
            self.failures.append(error)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(lambda _: writer.close())  # also of one that was ended before it began

    async def read(self, reader: asyncio.StreamReader) -> tuple[str, bytes]:
        """One request: head and body."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next((int(line.split(":")[1]) for line in head.lower().split("\r\n") if line.startswith("content-length")), 0)
        request = (head, await reader.readexactly(length))
        self.requests.append(request)
        return request

    async def answer(self, writer: asyncio.StreamWriter, status: int, body: bytes = b"", **headers: str) -> None:
        """One whole HTTP answer; header names with `_` for `-`."""
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\n{lines}\r\n".encode() + body)
        await writer.drain()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def reset(writer: asyncio.StreamWriter) -> None:
    """Close with a TCP reset."""
    raw: socket.socket = writer.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@contextlib.asynccontextmanager
async def peer(step: Step, tls: ssl.SSLContext | None = None) -> AsyncIterator[Peer]:
    """A listening peer for the length of a test; ends its connections and checks that the script itself held."""
    far = Peer(step)
    server = await asyncio.start_server(far._accept, "127.0.0.1", 0, ssl=tls)
    far.port = server.sockets[0].getsockname()[1]
    try:
        yield far
    finally:
        server.close()
        for task in list(far._tasks):
            task.cancel()
        await asyncio.gather(*far._tasks, return_exceptions=True)
        await asyncio.sleep(0.01)  # what is closed is gone before the loop is
    assert far.failures == []


def answering(status: int, body: bytes = b"", **headers: str) -> Step:
    """A peer that reads a request and gives this answer, on every request of a connection."""

    async def step(far: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await far.read(reader)
            await far.answer(writer, status, body, **headers)

    return step


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
