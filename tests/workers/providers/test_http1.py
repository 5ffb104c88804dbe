"""Our own HTTP/1.1 connections: every shape an answer may have, and that no answer is ever taken for another request's."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.workers.providers.certificate import contexts
from tests.workers.providers.peer import Peer, Step, answering, peer
from workers.providers import http1
from workers.providers.http1 import Broken, NotSent, Pool, Target, TooLate

HEADERS = {"authorization": "Bearer t", "content-type": "application/json"}


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    async with Pool(connect_timeout=60, timeout=60) as made:
        yield made


@pytest.fixture
async def hasty() -> AsyncIterator[Pool]:
    """For answers that do not come in time."""
    async with Pool(connect_timeout=1, timeout=2) as made:
        yield made


def saying(*answers: bytes, then_close: bool = False) -> Step:
    """For each request of a connection, these bytes in turn (the last one for ever)."""

    async def step(far: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number in range(100):
            await far.read(reader)
            for piece in answers[min(number, len(answers) - 1)].split(b"|"):
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(0.01)
            if then_close:
                return

    return step


@pytest.mark.parametrize(
    ("answer", "close"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", False),
        (b"HTTP/1.1 200 OK\r\nContent-Le|ngth: 5\r\n\r|\nhe|llo", False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n|3\r\nllo\r\n0\r\n\r\n", False),
        (
            b"HTTP/1.1 100 Continue\r\n\r\n|HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
            False,
        ),
        (b"HTTP/1.1 200 OK\r\nserver: old\r\n\r\nhel|lo", True),
        (b"HTTP/1.0 200 OK\r\ncontent-length: 5\r\n\r\nhello", True),
    ],
    ids=["whole", "in pieces", "chunked", "after 100 and 103", "until the end", "HTTP/1.0"],
)
async def test_every_shape_of_an_answer(pool: Pool, answer: bytes, close: bool) -> None:
    async with peer(saying(answer, then_close=close)) as far:
        target = Target(f"{far.url}/v25.0/1/messages?x=1", HEADERS)
        for number in (1, 2):
            status, body, headers = await pool.post(target, b"{}")
            assert (status, body) == (200, b"hello")
            assert headers is not None
            await asyncio.sleep(0.03)
            assert far.connections == (number if close else 1)
        head, sent = far.requests[0]
        assert head.startswith("POST /v25.0/1/messages?x=1 HTTP/1.1\r\nhost: 127.0.0.1:")
        assert "authorization: Bearer t\r\n" in head
        assert sent == b"{}"


async def test_an_answer_too_many_is_nobody_s(pool: Pool) -> None:
    """Two answers to one request, the second one cut in two: it must not pass for the next request's."""
    twice = b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nAHTTP/1.1 200 OK\r\ncontent-len|gth: 1\r\n\r\nB"
    right = b"HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nC"
    async with peer(saying(twice, right)) as far:
        target = Target(far.url, HEADERS)
        assert (await pool.post(target, b"1"))[1] == b"A"
        for body in (b"2", b"3"):
            assert (await pool.post(target, body))[1] in (b"A", b"C")  # a new connection, or the script's second answer
        assert far.connections >= 2


async def test_late_answer_is_nobody_s(hasty: Pool) -> None:
    async def step(far: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = far.connections
        await far.read(reader)
        await asyncio.sleep(2.5 if number == 1 else 0)
        await far.answer(writer, 200, str(number).encode())

    async with peer(step) as far:
        target = Target(far.url, HEADERS)
        with pytest.raises(Broken, match="in time"):
            await hasty.post(target, b"1")
        assert (await hasty.post(target, b"2"))[1] == b"2"
        await asyncio.sleep(1)
        assert (await hasty.post(target, b"3"))[1] == b"3"


async def test_a_drip_does_not_hold_a_slot_for_ever(hasty: Pool) -> None:
    drops: list[int] = []

    async def step(far: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await far.read(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
        for number in range(1000):
            writer.write(b"x")
            drops.append(number)
            await asyncio.sleep(0.05)

    async with peer(step) as far:
        with pytest.raises(Broken):
            await hasty.post(Target(far.url, HEADERS), b"1")
        assert len(drops) < 500


async def test_an_endless_answer_is_cut(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http1, "MAX_BODY", 10_000)
    async with peer(answering(200, b"x" * 20_000)) as far:
        with pytest.raises(Broken, match="too long"):
            await pool.post(Target(far.url, HEADERS), b"1")


async def test_unasked_words_end_an_idle_connection(pool: Pool) -> None:
    async def step(far: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await far.read(reader)
        await far.answer(writer, 200, b"1")
        await asyncio.sleep(0.05)
        writer.write(b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\n\r\n")
        await reader.read()

    async with peer(step) as far:
        for _ in range(2):
            assert (await pool.post(Target(far.url, HEADERS), b"1"))[0] == 200
            await asyncio.sleep(0.1)
        assert far.connections == 2


async def test_tls_with_its_name_checked(tmp_path: Path) -> None:
    server, client = contexts(tmp_path, "localhost")
    async with peer(answering(200, b"{}"), tls=server) as far:
        async with Pool(connect_timeout=2, timeout=2, tls=client) as pool:
            for _ in range(3):
                assert (await pool.post(Target(f"https://localhost:{far.port}/x", HEADERS), b"1"))[0] == 200
            assert far.connections == 1
            with pytest.raises(NotSent):
                await pool.post(Target(f"https://127.0.0.1:{far.port}/x", HEADERS), b"1")


async def test_nothing_is_begun_after_its_time(pool: Pool) -> None:
    async with peer(answering(200, b"{}")) as far:
        target = Target(far.url, HEADERS)
        with pytest.raises(TooLate):  # over before a connection is looked for
            await pool.post(target, b"1", latest=time.monotonic() - 0.001)
        assert far.connections == 0
        asyncio.get_running_loop().call_soon(time.sleep, 0.2)  # frozen while the connection is opened: it stays, for the next
        with pytest.raises(TooLate):
            await pool.post(target, b"2", latest=time.monotonic() + 0.1)
        assert (await pool.post(target, b"3", latest=time.monotonic() + 10))[0] == 200
        with pytest.raises(TooLate):
            await pool.post(target, b"4", latest=time.monotonic() - 0.001)
        assert (await pool.post(target, b"5"))[0] == 200
        assert far.connections == 1
        assert [body for _, body in far.requests] == [b"3", b"5"]


async def test_many_at_once_get_their_own_answers(pool: Pool) -> None:
    async def echo(far: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            _, body = await far.read(reader)
            await asyncio.sleep(0.001 * (int(body) % 7))
            await far.answer(writer, 200, body)

    async with peer(echo) as far:
        target = Target(far.url, HEADERS)
        todo = iter(range(2000))

        async def crew() -> None:
            for number in todo:
                assert (await pool.post(target, str(number).encode()))[1] == str(number).encode()

        await asyncio.gather(*(crew() for _ in range(50)))
        assert far.connections <= 50


async def test_closing_ends_what_is_on_the_wire() -> None:
    async def step(far: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await far.read(reader)
        await asyncio.sleep(5)

    async with peer(step) as far:
        pool = Pool(connect_timeout=1, timeout=5)
        flying = asyncio.create_task(pool.post(Target(far.url, HEADERS), b"1"))
        await asyncio.sleep(0.1)
        pool.close()
        with pytest.raises(Broken):
            await flying
        with pytest.raises(NotSent):
            await pool.post(Target(far.url, HEADERS), b"1")


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        ("ftp://x/y", {}),
        ("http:///y", {}),
        ("http://x/a b", {}),
        ("http://x/\r\nhost: y", {}),
        ("http://x:99999/y", {}),
        ("http://x/y", {"a": "b\r\nc: d"}),
        ("http://x/y", {"a\n": "b"}),
        ("http://x/y", {"a": "é"}),
    ],
)
def test_what_cannot_be_a_request(url: str, headers: dict[str, str]) -> None:
    with pytest.raises(ValueError):
        Target(url, headers)


@pytest.mark.asyncio(loop_factories=["asyncio"])  # uvloop asks the resolver from C
async def test_a_dead_address_costs_no_message_its_time(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name has two addresses, and the first one swallows everything (a broken IPv6 route)."""
    with socket.socket() as hole, contextlib.ExitStack() as fill:
        hole.bind(("127.0.0.2", 0))
        hole.listen(0)
        for _ in range(4):
            one = fill.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(hole.getsockname())
        await asyncio.sleep(0.1)
        async with peer(answering(200, b"{}")) as far:
            dead, alive = hole.getsockname(), ("127.0.0.1", far.port)

            def both(*_: object, **__: object) -> list[tuple[object, ...]]:
                return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in (dead, alive)]

            monkeypatch.setattr(socket, "getaddrinfo", both)
            assert (await pool.post(Target(f"http://two.test:{far.port}/x", HEADERS), b"1"))[0] == 200
            assert far.connections == 1
