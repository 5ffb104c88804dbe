"""On real sockets: every trouble lands on the right side of "surely not sent"."""

import asyncio
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from db.messages.reasons import FailureReason
from tests.workers.providers.certificate import contexts
from tests.workers.providers.peer import Peer, Step, answering, free_port, peer, reset
from workers.outcomes import PauseChannel, RetryAfter, Unknown
from workers.providers.wire import Answer, ProviderError, Wire

HEADERS = {"content-type": "application/json"}
BODY = b'{"a":1}'


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    async with Wire(connect_timeout=1.5, timeout=3) as made:
        yield made


def assert_not_sent(outcome: object) -> None:
    assert isinstance(outcome, RetryAfter)
    assert outcome.reason is FailureReason.NETWORK


async def test_refused_port_is_not_sent(wire: Wire) -> None:
    assert_not_sent(await wire.post(f"http://127.0.0.1:{free_port()}/x", HEADERS, BODY))


async def test_unknown_name_is_not_sent(wire: Wire) -> None:
    assert_not_sent(await wire.post("http://nosuch.invalid/x", HEADERS, BODY))


@pytest.mark.parametrize(
    ("url", "failure"),
    [
        ("http://nosuch.invalid/x", "name_not_found nosuch.invalid"),
        ("http://127.0.0.1:{port}/x", "connection_refused 127.0.0.1"),
    ],
)
async def test_a_failure_of_the_network_is_a_code_and_a_host(wire: Wire, url: str, failure: str) -> None:
    address = url.format(port=free_port())
    sent = await wire.post(address, HEADERS, BODY)
    assert isinstance(sent, RetryAfter)
    assert sent.message == failure
    with pytest.raises(ProviderError) as caught:
        await wire.call(httpx.Request("GET", address))
    assert isinstance(caught.value.outcome, RetryAfter)
    assert caught.value.outcome.message == failure


async def test_black_hole_is_not_sent(wire: Wire) -> None:
    """A full backlog swallows the handshake: no connection, so nothing can have been sent."""
    with socket.socket() as hole:
        hole.bind(("127.0.0.1", 0))
        hole.listen(0)
        address = hole.getsockname()
        fill = [socket.socket() for _ in range(4)]
        for one in fill:
            one.setblocking(False)
            one.connect_ex(address)
        await asyncio.sleep(0.1)
        try:
            assert_not_sent(await wire.post(f"http://127.0.0.1:{address[1]}/x", HEADERS, BODY))
        finally:
            for one in fill:
                one.close()


async def test_failed_tls_handshake_is_not_sent(wire: Wire, tmp_path: Path) -> None:
    server, _ = contexts(tmp_path, "localhost")
    async with peer(answering(200), tls=server) as far:
        assert_not_sent(await wire.post(f"https://localhost:{far.port}/x", HEADERS, BODY))
        assert far.requests == []


async def test_hanging_tls_handshake_is_not_sent(wire: Wire) -> None:
    async def step(far: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(20)

    async with peer(step) as far:
        assert_not_sent(await wire.post(f"https://127.0.0.1:{far.port}/x", HEADERS, BODY))


async def read_then_close(far: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await far.read(reader)


async def read_then_reset(far: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await far.read(reader)
    reset(writer)


async def reset_at_once(far: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    reset(writer)


async def read_then_hang(far: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await far.read(reader)
    await asyncio.sleep(20)


async def hang(far: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(20)


async def half_a_body(far: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await far.read(reader)
    writer.write(b'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"mess')
    await writer.drain()


async def stalled_body(far: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await half_a_body(far, reader, writer)
    await asyncio.sleep(20)


async def garbage(far: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await far.read(reader)
    writer.write(b"garbage\r\n\r\n")
    await writer.drain()


@pytest.mark.parametrize(
    "step",
    [read_then_close, read_then_reset, reset_at_once, read_then_hang, hang, half_a_body, stalled_body, garbage],
    ids=lambda step: step.__name__,
)
async def test_trouble_after_connecting_is_unknown(wire: Wire, step: Step) -> None:
    async with peer(step) as far:
        outcome = await wire.post(f"{far.url}/x", HEADERS, BODY)
        assert isinstance(outcome, Unknown)
        assert outcome.cause
        assert far.connections == 1, "never tried again behind the sender's back"


@pytest.mark.parametrize("end", ["close", "reset"])
async def test_reused_connection_that_ends_after_the_request_is_unknown(wire: Wire, end: str) -> None:
    async def step(far: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await far.read(reader)
        await far.answer(writer, 200, b"{}")
        await far.read(reader)
        if end == "reset":
            reset(writer)

    async with peer(step) as far:
        assert isinstance(await wire.post(f"{far.url}/x", HEADERS, BODY), Answer)
        assert isinstance(await wire.post(f"{far.url}/x", HEADERS, BODY), Unknown)
        assert (far.connections, len(far.requests)) == (1, 2)


async def test_idle_connection_closed_by_the_other_side_is_replaced(wire: Wire) -> None:
    async def step(far: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await far.read(reader)
        await far.answer(writer, 200, b"{}")

    async with peer(step) as far:
        for _ in range(3):
            assert isinstance(await wire.post(f"{far.url}/x", HEADERS, BODY), Answer)
            await asyncio.sleep(0.05)
        assert (far.connections, len(far.requests)) == (3, 3)


async def test_closing_race_never_sends_twice(wire: Wire) -> None:
    """The far end closes at about the moment of the next request: any outcome is fine but a doubled request."""

    async def step(far: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await far.read(reader)
        await far.answer(writer, 200, b"{}")
        await asyncio.sleep(0)

    async with peer(step) as far:
        bodies = [str(number).encode() for number in range(100)]
        answers = [await wire.post(f"{far.url}/x", HEADERS, body) for body in bodies]
        got = [body for _, body in far.requests]
        assert len(got) == len(set(got))
        for body, outcome in zip(bodies, answers, strict=True):
            assert not isinstance(outcome, RetryAfter) or body not in got


async def test_redirect_is_not_followed_and_connections_are_reused(wire: Wire) -> None:
    async with peer(answering(307, location="/elsewhere")) as far:
        for _ in range(3):
            answer = await wire.post(f"{far.url}/x", HEADERS, BODY)
            assert isinstance(answer, Answer)
            assert answer.status == 307
        assert far.connections == 1
        assert all(head.startswith("POST /x ") and body == BODY for head, body in far.requests)


async def test_proxy_of_the_environment_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = f"http://127.0.0.1:{free_port()}"
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, proxy)
    async with peer(answering(200, b"{}")) as far, Wire(connect_timeout=1.5, timeout=3) as wire:
        assert isinstance(await wire.post(f"{far.url}/x", HEADERS, BODY), Answer)
        assert (await wire.call(httpx.Request("GET", f"{far.url}/y"))).status == 200


@pytest.mark.parametrize("token", ["a\nb", "a\ud800"])
async def test_token_that_cannot_be_a_header_pauses_the_channel(wire: Wire, token: str) -> None:
    outcome = await wire.post("http://127.0.0.1:9/x", {"authorization": f"Bearer {token}"}, BODY)
    assert isinstance(outcome, PauseChannel)
    assert token not in outcome.message


async def test_malformed_address_pauses_the_channel(wire: Wire) -> None:
    assert isinstance(await wire.post("http://[::1/x", HEADERS, BODY), PauseChannel)


async def test_closed_wire_gives_an_outcome_too() -> None:
    wire = Wire(connect_timeout=1.5, timeout=3)
    await wire.close()
    outcome = await wire.post(f"http://127.0.0.1:{free_port()}/x", HEADERS, BODY)
    assert isinstance(outcome, Unknown | RetryAfter)  # closed before or while connecting


async def test_cancellation_passes_through(wire: Wire) -> None:
    async with peer(read_then_hang) as far:
        task = asyncio.create_task(wire.post(f"{far.url}/x", HEADERS, BODY))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        ("7", 7, 7),
        ("999999999", 86400, 86400),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0, 0),
        ("Fri, 31 Dec 2100 00:00:00 GMT", 86400, 86400),
    ],
)
def test_retry_after(value: str, low: float, high: float) -> None:
    seconds = Answer(429, b"", httpx.Headers({"Retry-After": value})).retry_after
    assert seconds is not None
    assert low <= seconds <= high


@pytest.mark.parametrize("value", ["", "soon", "-1", "1.5", "٣x"])
def test_unreadable_retry_after(value: str) -> None:
    assert Answer(429, b"", httpx.Headers({b"Retry-After": value.encode()})).retry_after is None


async def test_control_call_classifies_trouble(wire: Wire) -> None:
    with pytest.raises(ProviderError) as refused:
        await wire.call(httpx.Request("GET", f"http://127.0.0.1:{free_port()}/"))
    assert_not_sent(refused.value.outcome)
    async with peer(read_then_close) as far:
        with pytest.raises(ProviderError) as dropped:
            await wire.call(httpx.Request("POST", f"{far.url}/"))
    assert isinstance(dropped.value.outcome, Unknown)


def test_connect_timeout_must_be_the_smaller() -> None:
    with pytest.raises(ValueError, match="smaller"):
        Wire(connect_timeout=5, timeout=5)
