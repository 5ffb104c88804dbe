"""The way out to addresses of tenants that keeps its connections: checked when they are opened, cut short, and honest about what failed."""

import asyncio
import ssl

import pytest

from tests.workers.providers.peer import Peer, answering, free_port, peer
from workers.hook_wire import HookWire
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
    ],
)
async def test_only_public_https_addresses_are_called(url: str) -> None:
    async with HookWire() as wire:
        with pytest.raises(Blocked):
            await wire.post(url, {}, b"{}")


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
