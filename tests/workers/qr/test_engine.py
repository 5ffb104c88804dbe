"""The engine's process: one that stands still is ended, and what it keeps of a message that is over has none of the keys that it was opened and sealed
with. Heap snapshots of the real one say so."""

import asyncio
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from uuid import uuid4

import pytest

from db.qr.keys import Name
from tests.workers.qr.conftest import PACKAGES
from workers.qr import bridge, port
from workers.qr.bridge import Bridge
from workers.qr.port import AnyTold, Letter, Line, Opening
from workers.qr.words import words
from workers.sandbox.linked.server import playing

WARM, MORE = 45, 60
EACH = 12_000
"""Bytes that may be left of each for some minutes: its text, its id, what is sent again when a phone asks."""


class Memory:
    """Who holds the keys of one number."""

    def __init__(self) -> None:
        self.kept: dict[Name, str] = {}
        self.told_: list[AnyTold] = []

    async def told(self, line: Line, events: Sequence[AnyTold]) -> None:
        self.told_ += events

    async def keys(self, line: Line, names: Sequence[Name]) -> dict[Name, str]:
        return {name: self.kept[name] for name in names if name in self.kept}

    async def keep(self, line: Line, batch: Mapping[Name, str | None]) -> None:
        for name, text in batch.items():
            self.kept.pop(name, None)
            if text is not None:
                self.kept[name] = text

    async def sent(self, line: Line, message_id: str) -> str | None:
        return None

    def count(self, kind: type[AnyTold]) -> int:
        return sum(isinstance(one, kind) for one in self.told_)


async def _until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not done():
            await asyncio.sleep(0.05)


async def _heap(process: Bridge, folder: Path) -> int:
    """Bytes that live: a snapshot tidies up first."""
    before = set(folder.iterdir())
    os.kill(process.pid, signal.SIGUSR2)
    await _until(lambda: bool(set(folder.iterdir()) - before))
    (made,) = set(folder.iterdir()) - before
    size, last = 0, -1
    while size != last or size == 0:
        await asyncio.sleep(0.5)
        size, last = made.stat().st_size, size
    return size


async def test_an_engine_that_stands_still_is_ended(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bridge, "BEAT", 0.3)
    process = await Bridge.started(Memory(), engine, PACKAGES)
    await asyncio.sleep(0.3 * (bridge.UNANSWERED + 4))
    assert not process.gone.is_set(), "one that answers lives"
    os.kill(process.pid, signal.SIGSTOP)
    async with asyncio.timeout(30):
        await process.gone.wait()
        await process._process.wait()
    with pytest.raises(ProcessLookupError):
        os.kill(process.pid, 0)


async def test_nothing_of_a_transaction_is_kept_for_longer_than_it_lasts(engine: str, tmp_path: Path) -> None:
    host = Memory()
    more = {"NODE_OPTIONS": f"--heapsnapshot-signal=SIGUSR2 --diagnostic-dir={tmp_path}"}
    async with playing(words(PACKAGES)) as wa:
        process = await Bridge.started(host, engine, PACKAGES, wa.environment | more)
        channel_id = uuid4()
        await process.start(Line(channel_id, 1), Opening(device="Master IA"))
        await _until(lambda: host.count(port.Code) > 0)
        code = next(one.text for one in host.told_ if isinstance(one, port.Code))
        device = await wa.scan(code, "5511999990000")
        await _until(lambda: host.count(port.Closed) > 0)
        line = Line(channel_id, 2)
        await process.start(line, Opening(device="Master IA"))
        await _until(lambda: host.count(port.Opened) > 0 and device.bundle is not None)
        bia = wa.person("5511900000001")

        async def talk(times: int) -> None:
            for number in range(times):
                await wa.says(bia, device, f"Pergunta {number}")
                letter = Letter(
                    to=bia.jid, id=f"3EB0{uuid4().hex[:18].upper()}", message={"extendedTextMessage": {"text": "Sim"}}
                )
                await process.send(line, bia.jid, letter)
            said = len([one for one in wa.ledger if one.to == bia.jid])
            await _until(lambda: host.count(port.Message) >= said)

        await talk(WARM)  # she begins a new session each time, of which the cipher keeps the last forty
        before = await _heap(process, tmp_path)
        await talk(MORE)
        grown = await _heap(process, tmp_path) - before
        await process.close()
    assert grown < MORE * 3 * EACH, f"{grown / MORE:.0f} bytes of a snapshot for each message"
