"""What a hostile far end may do to the sender: memory stays flat, and no answer passes for one that was asked for."""

import asyncio
import contextlib
import itertools
import socket
import threading
import time
import tracemalloc
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

import pytest
from aiohappyeyeballs import start_connection

from tests.workers.providers.peer import Peer, Step, answering, peer
from workers.providers.http1 import MAX_BODY, MAX_HEAD, Broken, NotSent, Pool, Target

HEADERS = {"authorization": "Bearer t"}
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    async with Pool(connect_timeout=60, timeout=60) as made:
        yield made


def without_end(opening: bytes, piece: Callable[[int], bytes], taken: list[int]) -> Step:
    """Writes for as long as somebody takes it; `taken` are the bytes of each connection."""

    async def step(far: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await far.read(reader)
        writer.write(opening)
        sent = 0
        try:
            for number in itertools.count():
                block = b"".join(piece(number * 500 + i) for i in range(500))
                writer.write(block)
                await writer.drain()
                await asyncio.sleep(0)  # the other side's turn
                sent += len(block)
        finally:
            taken.append(sent)

    return step


HOSTILE: dict[str, tuple[bytes, Callable[[int], bytes], str]] = {
    "endless headers": (b"HTTP/1.1 200 OK\r\n", lambda n: b"x-%d: y\r\n" % n, "too many headers"),
    "endless header value": (b"HTTP/1.1 200 OK\r\nx: ", lambda n: b"y" * 100, "too long"),
    "endless header name": (b"HTTP/1.1 200 OK\r\n", lambda n: b"y" * 100, "too long"),
    "endless reason": (b"HTTP/1.1 200 ", lambda n: b"y" * 100, "too long"),
    "flood of 1xx": (b"", lambda n: b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n", "informational"),
    "flood of tiny chunks": (CHUNKED, lambda n: b"1\r\nx\r\n", "too many chunks"),
    "endless chunk extension": (CHUNKED + b"1;x=", lambda n: b"y" * 100, "too long"),
    "endless trailers": (CHUNKED + b"0\r\n", lambda n: b"x-%d: y\r\n" % n, "too many headers"),
    "endless body": (b"HTTP/1.1 200 OK\r\n\r\n", lambda n: b"x" * 100, "too long"),
}


@pytest.mark.parametrize("case", HOSTILE)
async def test_an_answer_without_end_costs_neither_memory_nor_time(case: str, pool: Pool) -> None:
    opening, piece, why = HOSTILE[case]
    taken: list[int] = []
    async with peer(without_end(opening, piece, taken)) as far:
        target = Target(far.url, HEADERS)
        tracemalloc.start()
        try:
            answers = await asyncio.gather(*(pool.post(target, b"{}") for _ in range(4)), return_exceptions=True)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert [type(answer) for answer in answers] == [Broken] * 4
    assert all(why in str(answer) for answer in answers)
    assert peak < 4 * 3 * (MAX_BODY + MAX_HEAD)
    assert len(taken) == 4


async def test_a_long_answer_in_usual_pieces_is_read(pool: Pool) -> None:
    """The bounds are far from what providers send."""
    early = b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" * 3
    head = CHUNKED[:-2] + b"".join(b"x-%d: %s\r\n" % (n, b"y" * 200) for n in range(80)) + b"\r\n"
    body = b"".join(b"3e8\r\n%s\r\n" % (b"z" * 1000) for _ in range(900)) + b"0\r\n\r\n"

    async def step(far: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await far.read(reader)
            writer.write(early + head + body)

    async with peer(step) as far:
        for _ in range(2):
            status, answer, _ = await pool.post(Target(far.url, HEADERS), b"{}")
            assert (status, len(answer)) == (200, 900_000)
        assert far.connections == 1


@contextlib.contextmanager
def thread(step: Callable[[socket.socket], None], *, receive_buffer: int | None = None) -> Iterator[str]:
    """A far end with a processor of its own; the loop of the test may stand still meanwhile."""
    held: list[socket.socket] = []
    with socket.socket() as listener:
        if receive_buffer:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection = listener.accept()[0]
                    held.append(connection)
                    step(connection)

        running = threading.Thread(target=serve, daemon=True)
        running.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        running.join()
    for connection in held:
        connection.close()


async def test_an_answer_before_the_request_is_nobody_s(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """It stands in the socket before a byte of ours is written: the message surely did not leave."""

    async def slowly(*args: Any, **named: Any) -> socket.socket:
        connected: socket.socket = await start_connection(*args, **named)
        time.sleep(0.02)  # the other side speaks, and the loop has not looked
        return connected

    monkeypatch.setattr("workers.providers.http1.start_connection", slowly)
    with thread(lambda connection: connection.sendall(OK + b"{}")) as url:
        for _ in range(20):
            with pytest.raises(NotSent):
                await pool.post(Target(url, HEADERS), b"{}")


async def test_an_unasked_answer_on_a_kept_connection_is_nobody_s(pool: Pool) -> None:
    """The second answer is in the socket and the loop has not seen it when the next request begins."""
    connections: list[socket.socket] = []

    def step(connection: socket.socket) -> None:
        connections.append(connection)
        connection.recv(4096)
        connection.sendall(OK + b"%02d" % len(connections))

    with thread(step) as url:
        assert (await pool.post(Target(url, HEADERS), b"{}"))[1] == b"01"
        connections[0].sendall(OK + b"no")
        time.sleep(0.05)  # the loop must not look
        assert (await pool.post(Target(url, HEADERS), b"{}"))[1] == b"02"


@pytest.mark.parametrize("size", [200_000, 20_000_000], ids=["in the system's buffer", "in ours"])
async def test_an_answer_to_half_a_request_is_unknown(size: int, pool: Pool) -> None:
    def step(connection: socket.socket) -> None:
        connection.recv(1000)
        connection.sendall(OK + b"{}")

    with thread(step, receive_buffer=4096) as url:
        for _ in range(10):
            with pytest.raises(Broken, match="before the request"):
                await pool.post(Target(url, HEADERS), b"x" * size)


async def test_a_far_end_that_closes_at_once_got_nothing(pool: Pool) -> None:
    with thread(lambda connection: connection.close()) as url:
        for _ in range(10):
            with pytest.raises((NotSent, Broken)):
                await pool.post(Target(url, HEADERS), b"{}")


async def test_honest_answers_are_never_taken_for_early_ones(pool: Pool) -> None:
    """Whether a request was taken is asked of the kernel, which must not err."""
    async with peer(answering(200, b"{}")) as far:
        target = Target(far.url, HEADERS)

        async def crew(size: int) -> None:
            for _ in range(100):
                assert (await pool.post(target, b"x" * size))[0] == 200

        await asyncio.gather(*(crew(size) for size in (1, 10, 500, 1000, 5000, 50_000, 200_000)))
