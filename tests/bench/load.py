"""A load generator that costs little: prepared requests over keep-alive connections, answers only counted and timed.

Closed loop (`flood`): as fast as the far end answers. Open loop (`offer`): at a fixed rate whatever the far end does, each
answer timed from the moment its request was due, so that a stall is not hidden by waiting for it.
"""

import asyncio
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass
class Load:
    """What came back. Seconds."""

    sent: int
    refused: int  # anything but 200
    seconds: float
    latencies: list[float]

    @property
    def rate(self) -> float:
        return self.sent / self.seconds

    def quantile(self, share: float) -> float:
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, math.ceil(share * len(ordered)) - 1)]


class Connection(asyncio.Protocol):
    """One request at a time; `answered` is told the status."""

    def __init__(self) -> None:
        self._buffer = b""
        self._waiting: asyncio.Future[int] | None = None
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        lower = self._buffer[:head].lower()
        at = lower.find(b"content-length:")
        length = int(lower[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self._buffer) < head + 4 + length:
            return
        status = int(self._buffer[9:12])
        self._buffer = b""
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(status)

    @property
    def closed(self) -> bool:
        """Whether the far end has closed it, as it does with one that is idle."""
        return self._transport.is_closing()

    def connection_lost(self, error: Exception | None) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(0)

    async def ask(self, request: bytes) -> int:
        self._waiting = self._loop.create_future()
        self._transport.write(request)  # type: ignore[attr-defined]
        return await self._waiting

    def close(self) -> None:
        self._transport.close()


async def _connect(port: int, count: int) -> list[Connection]:
    loop = asyncio.get_running_loop()
    return [(await loop.create_connection(Connection, "127.0.0.1", port))[1] for _ in range(count)]


async def flood(port: int, requests: Sequence[bytes], count: int, *, connections: int = 64) -> Load:
    """`count` requests, each connection sending its next one as soon as it has its answer."""
    lines = await _connect(port, connections)
    todo = iter(range(count))
    latencies: list[float] = []
    refused = 0

    async def work(line: Connection) -> None:
        nonlocal refused
        for number in todo:
            began = time.perf_counter()
            refused += await line.ask(requests[number % len(requests)]) != 200
            latencies.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(work(line) for line in lines))
    seconds = time.perf_counter() - began
    for line in lines:
        line.close()
    return Load(count, refused, seconds, latencies)


async def offer(port: int, requests: Sequence[bytes], rate: float, seconds: float, *, connections: int = 100) -> Load:
    """`rate` requests per second for so long."""
    lines = asyncio.Queue[Connection]()
    for line in await _connect(port, connections):
        lines.put_nowait(line)
    latencies: list[float] = []
    refused = 0
    count = int(rate * seconds)

    async def one(number: int, due: float) -> None:
        nonlocal refused
        line = await lines.get()
        refused += await line.ask(requests[number % len(requests)]) != 200
        latencies.append(time.perf_counter() - due)
        lines.put_nowait(line)

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(count):
            due = began + number / rate
            if (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            group.create_task(one(number, due))
    took = time.perf_counter() - began
    while not lines.empty():
        lines.get_nowait().close()
    return Load(count, refused, took, latencies)
