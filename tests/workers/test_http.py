"""The client for tenant-given URLs: what it refuses, and that the checked address is the one it connects to."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.workers.providers.certificate import contexts
from tests.workers.providers.peer import Peer, answering, free_port, peer, reset
from workers.http import Blocked, GuardedBackend, OutboundClient, OutboundError, Resolve, public_address

PUBLIC = "93.184.216.34"
CHECKER = OutboundClient()


def resolving(*answers: list[str]) -> Resolve:
    """A resolver that gives these lists one after the other, the last one for ever."""
    left = list(answers)

    async def resolve(host: str, port: int) -> list[str]:
        return left.pop(0) if len(left) > 1 else left[0]

    return resolve


@pytest.fixture
async def inside() -> AsyncIterator[OutboundClient]:
    async with OutboundClient(allow_private=True, connect_timeout=1) as client:
        yield client


@pytest.fixture
async def outside() -> AsyncIterator[OutboundClient]:
    async with OutboundClient(connect_timeout=1) as client:
        yield client


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.9.9.9", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1"),
        *("100.64.0.1", "100.127.255.255", "169.254.169.254", "224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255"),
        *("192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "192.88.99.1"),
        *("::", "::1", "fe80::1", "fe80::1%eth0", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::"),
        *("2001::1", "3fff::1", "100::1", "", "example.test", "2130706433"),
    ],
)
def test_not_public(address: str) -> None:
    assert not public_address(address)


@pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "2a00:1450::1"])
def test_public(address: str) -> None:
    assert public_address(address)


@pytest.mark.parametrize(
    "url",
    [
        *("", "x", "http://example.test/", "ftp://example.test/", "file:///etc/passwd", "https://", "https:///x"),
        *("https://example.test:22/", "https://example.test:99999/", "https://example.test:x/"),
        *("https://user:pw@example.test/", "https://user@example.test/", "https://:@example.test/"),
        *(
            "https://localhost/",
            "https://LOCALHOST./",
            "https://a.localhost/",
            "https://db.internal/",
            "https://p.local/",
        ),
        *("https://h.test/" + "x" * 2048, "https://[::1/", "javascript:alert(1)", "https://exa mple.test/"),
    ],
)
def test_form_refused(outside: OutboundClient, url: str) -> None:
    with pytest.raises(Blocked):
        outside.check_url(url)


@given(st.text(max_size=80))
def test_any_text_is_a_url_or_blocked(url: str) -> None:
    try:
        CHECKER.check_url(url)
    except Blocked:
        pass


@pytest.mark.parametrize("url", ["https://hooks.example.test/x", "https://hooks.example.test:8443/x?y=1"])
def test_form_allowed(outside: OutboundClient, url: str) -> None:
    assert str(outside.check_url(url)) == url


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "2130706433", "0x7f.1", "017700000001", "127.1", "[::1]", "[::ffff:127.0.0.1]"],
)
async def test_every_spelling_of_loopback_is_blocked(outside: OutboundClient, host: str) -> None:
    with pytest.raises(OutboundError) as refused:
        await outside.request("POST", f"https://{host}/", content=b"x")
    assert refused.value.kind in {"blocked", "dns"}


async def test_one_private_address_among_public_ones_blocks() -> None:
    async with OutboundClient(resolve=resolving([PUBLIC, "10.0.0.1"])) as client:
        with pytest.raises(Blocked):
            await client.check("https://mixed.example.test/")
        with pytest.raises(Blocked):
            await client.request("GET", "https://mixed.example.test/")


async def test_own_public_address_is_blocked_even_when_private_ones_are_allowed() -> None:
    async with OutboundClient(resolve=resolving([PUBLIC]), own_addresses=[PUBLIC], allow_private=True) as client:
        with pytest.raises(Blocked):
            await client.request("GET", "https://us.example.test/")


async def test_name_that_flips_after_the_check_is_blocked_at_the_call() -> None:
    async with OutboundClient(resolve=resolving([PUBLIC], ["127.0.0.1"])) as client:
        await client.check("https://flip.example.test/")
        with pytest.raises(Blocked):
            await client.request("GET", "https://flip.example.test/")


async def test_name_without_addresses(outside: OutboundClient) -> None:
    for resolve in (resolving([]), None):
        async with OutboundClient(resolve=resolve) if resolve else OutboundClient() as client:
            with pytest.raises(OutboundError) as failed:
                await client.request("GET", "https://nosuch.invalid/")
            assert failed.value.kind == "dns"


async def test_slow_resolver_is_cut_off() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        await asyncio.sleep(10)
        return []

    async with OutboundClient(resolve=resolve, connect_timeout=0.1) as client:
        with pytest.raises(OutboundError) as failed:
            await client.request("GET", "https://slow.example.test/")
        assert failed.value.kind == "dns"


async def test_unix_sockets_are_refused() -> None:
    backend = GuardedBackend(allow_private=True, resolve=resolving([]))
    with pytest.raises(Blocked):
        await backend.connect_unix_socket("/nowhere/x")


async def test_resolves_once_and_connects_to_that_address_with_host_and_sni_of_the_name(tmp_path: Path) -> None:
    server, trusting = contexts(tmp_path, "hooks.example.test")
    names: list[str | None] = []
    server.sni_callback = lambda _socket, name, _context: names.append(name)
    asked: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    async with peer(answering(200, b"ok"), tls=server) as far:
        async with OutboundClient(allow_private=True, resolve=resolve, tls=trusting) as client:
            answer = await client.request("POST", f"https://hooks.example.test:{far.port}/in?a=1", content=b"{}")
            assert (answer.status, answer.body) == (200, b"ok")
            assert asked == ["hooks.example.test"]
            assert names == ["hooks.example.test"]
            assert f"host: hooks.example.test:{far.port}\r\n" in far.requests[0][0].lower()
            assert far.requests[0][0].startswith("POST /in?a=1 ")


async def test_untrusted_certificate(inside: OutboundClient, tmp_path: Path) -> None:
    server, _ = contexts(tmp_path, "localhost")
    async with peer(answering(200), tls=server) as far:
        with pytest.raises(OutboundError) as failed:
            await inside.request("GET", f"https://localhost:{far.port}/")
        assert failed.value.kind == "tls"
        assert far.requests == []


async def test_next_address_is_tried_when_the_first_refuses() -> None:
    async with peer(answering(204)) as far:
        async with OutboundClient(allow_private=True, resolve=resolving(["::1", "127.0.0.1"])) as client:
            assert (await client.request("GET", f"http://two.example.test:{far.port}/")).status == 204


async def test_redirect_is_an_answer(inside: OutboundClient) -> None:
    async with peer(answering(302, location="http://169.254.169.254/")) as far:
        assert (await inside.request("GET", far.url)).status == 302
        assert len(far.requests) == 1


async def test_large_answer_is_cut_or_refused(inside: OutboundClient) -> None:
    async with peer(answering(200, b"x" * 300_000)) as far:
        answer = await inside.request("GET", far.url, max_bytes=1000)
        assert (len(answer.body), answer.truncated) == (1000, True)
        assert not (await inside.request("GET", far.url, max_bytes=300_000)).truncated
        with pytest.raises(OutboundError) as failed:
            await inside.request("GET", far.url, max_bytes=1000, truncate=False)
        assert failed.value.kind == "too_large"


async def test_compressed_answer_is_not_unfolded(inside: OutboundClient) -> None:
    packed = gzip.compress(b"0" * 5_000_000)
    async with peer(answering(200, packed, content_encoding="gzip")) as far:
        answer = await inside.request("GET", far.url, headers={"Accept-Encoding": "gzip"})
        assert answer.body == packed
        assert "accept-encoding: identity" in far.requests[0][0].lower()


async def test_slow_drip_hits_the_total_timeout(inside: OutboundClient) -> None:
    async def drip(far: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await far.read(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with peer(drip) as far:
        with pytest.raises(OutboundError) as failed:
            await inside.request("GET", far.url, timeout=0.4)
        assert failed.value.kind == "timeout"


async def test_reset_and_refusal(inside: OutboundClient) -> None:
    async def drop(far: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await far.read(reader)
        reset(writer)

    async with peer(drop) as far:
        with pytest.raises(OutboundError) as failed:
            await inside.request("POST", far.url, content=b"x")
        assert failed.value.kind == "protocol"
        assert far.connections == 1
    with pytest.raises(OutboundError) as refused:
        await inside.request("GET", f"http://127.0.0.1:{free_port()}/")
    assert refused.value.kind == "connect"


async def test_no_cookies_and_no_reuse(inside: OutboundClient) -> None:
    async with peer(answering(200, set_cookie="a=1; Path=/")) as far:
        for _ in range(2):
            await inside.request("GET", far.url)
        assert far.connections == 2
        assert "cookie" not in far.requests[1][0].lower()


async def test_proxy_of_the_environment_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{free_port()}")
    async with peer(answering(200)) as far, OutboundClient(allow_private=True) as client:
        assert (await client.request("GET", far.url)).status == 200


async def test_header_that_cannot_be_sent(inside: OutboundClient) -> None:
    with pytest.raises(OutboundError):
        await inside.request("GET", f"http://127.0.0.1:{free_port()}/", headers={"x": "a\r\nb: c"})
