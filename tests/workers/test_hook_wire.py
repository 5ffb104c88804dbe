"""The way out to addresses of tenants that keeps its connections: checked when they are opened, cut short, and honest about what failed."""

import asyncio
import socket
import ssl
import threading
from collections import Counter
from typing import Any

import pytest

from tests.workers.providers.peer import Peer, answering, free_port, peer
from workers.hook_wire import HookWire, Names
from workers.http import Blocked, OutboundError


async def test_a_connection_is_used_again_and_an_endless_answer_cut() -> None:
    async with peer(answering(200, b"ok")) as far, peer(answering(200, b"x" * 10_000_000)) as endless:
        async with HookWire(allow_private=True) as wire:
            for _ in range(3):
                assert (await wire.post(far.url, {}, b"{}")).body == b"ok"
            assert far.connections == 1
            answer = await wire.post(endless.url, {}, b"{}")
            assert answer.status == 200
            assert 2048 <= len(answer.body) < 1_000_000


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "https://127.0.0.1/",
        "https://2130706433/",
        "https://0177.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/latest/meta-data",
        "https://localhost/",
        "https://user:secret@example.com/",
        "https://example.com:22/",
        "https://0x7f.1/",
        "https://017700000001/",
        "https://127。0。0。1/",
        "https://[::1%25lo]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://[fd00:ec2::254]/",
        "https://0.0.0.0/",
        "https://100.64.0.1/",
        "https://example.com\\@127.0.0.1/",
        "https://127.0.0.1#@example.com/",
        "https://metadata.google.internal/",
        "https://panel.example.com/v1/hooks/in/abc",
        "https://PANEL.example.com./",
    ],
)
async def test_only_public_https_addresses_are_called(url: str) -> None:
    async with HookWire(own_hosts=("panel.example.com",)) as wire:
        with pytest.raises(Blocked):
            await wire.post(url, {}, b"{}")


async def test_whether_a_name_of_this_network_is_there_is_not_told() -> None:
    asked: list[str] = []

    async def resolve(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["10.0.0.1"]

    async with HookWire(resolve=resolve) as wire:
        for name in ("postgres", "valkey", "n8n"):
            with pytest.raises(Blocked):
                await wire.post(f"https://{name}/", {}, b"{}")
    assert asked == []


async def test_hosts_of_this_network_that_were_named_are_called_and_no_others() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    async with peer(answering(204)) as far, HookWire(resolve=resolve, local_hosts=("n8n.intra",)) as wire:
        assert (await wire.post(f"http://n8n.intra:{far.port}/", {}, b"{}")).status == 204
        for url in (f"http://127.0.0.1:{far.port}/", f"http://x.n8n.intra:{far.port}/", "https://n8n.intra.example.com/"):
            with pytest.raises(Blocked):
                await wire.post(url, {}, b"{}")
    assert far.connections == 1


async def test_silent_name_servers_hold_up_no_other_look_up(monkeypatch: pytest.MonkeyPatch) -> None:
    go, asked = threading.Event(), Counter[str]()
    found = socket.getaddrinfo

    def silent(host: str, *rest: Any, **more: Any) -> Any:
        asked[host] += 1
        if host.endswith(".silent"):
            go.wait(60)
            raise socket.gaierror("no answer")
        return found(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", silent)
    names = Names()
    waiting = [asyncio.create_task(names(f"{n % 40}.silent", 443)) for n in range(400)]
    try:
        while len(asked) < 40:
            await asyncio.sleep(0.01)
        loop = asyncio.get_running_loop()
        assert await loop.getaddrinfo("127.0.0.1", 443, type=socket.SOCK_STREAM)  # a provider's, in the loop's own threads
        assert await names("127.0.0.1", 443) == ["127.0.0.1"]
    finally:
        go.set()
        done = await asyncio.gather(*waiting, return_exceptions=True)
        names.close()
    assert {type(one) for one in done} == {socket.gaierror}
    assert all(count == 1 for host, count in asked.items() if host.endswith(".silent"))


async def test_a_name_that_turns_inward_is_refused_when_it_is_called() -> None:
    names = iter((["93.184.216.34", "127.0.0.1"], ["10.0.0.1"]))

    async def resolve(host: str, port: int) -> list[str]:
        return next(names)

    async with HookWire(resolve=resolve) as wire:
        for _ in range(2):
            with pytest.raises(Blocked):
                await wire.post("https://example.com/", {}, b"{}")


async def test_what_failed_is_told() -> None:
    async def silent(far: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await far.read(reader)
        await asyncio.sleep(30)

    async def no_tls(far: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(b"HTTP/1.1 400 Bad\r\n\r\n")
        await writer.drain()

    kinds = []
    async with (
        peer(silent) as slow,
        peer(no_tls) as plain,
        HookWire(allow_private=True, timeout=0.2, tls=ssl.create_default_context()) as wire,
    ):
        for url in (slow.url, plain.url.replace("http:", "https:"), f"http://127.0.0.1:{free_port()}", "http://nowhere.invalid"):
            with pytest.raises(OutboundError) as told:
                await wire.post(url, {}, b"{}")
            kinds.append(told.value.kind)
    assert kinds == ["timeout", "tls", "connect", "dns"]
