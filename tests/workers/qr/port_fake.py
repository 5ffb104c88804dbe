"""The port in memory: what a platform does with messages, decided by the test. Its ledger says what arrived."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from workers.qr.port import AnyTold, Group, Host, Letter, Line, Lost, NotSent, Opening, Refused, Taken, Uploads


class PortFake:
    """`script`: what becomes of the next messages, in turn; "taken" when it is empty."""

    engine = "fake 1"

    def __init__(self, host: Host) -> None:
        self.host = host
        self.lines: dict[Line, Opening] = {}
        self.started: list[Line] = []
        self.stopped: list[Line] = []
        self.arrived: list[str] = []  # the platform has it
        self.shown: set[str] = set()  # the person sees it: once, whatever arrived
        self.script: list[str | int] = []
        self.absent: set[str] = set()
        self.broken = False
        self.deaf = False
        self.granted = 0
        self.read: list[tuple[str, str]] = []
        self.typed: list[tuple[str, str]] = []
        self.watched: list[str] = []
        self.left: list[Line] = []
        self.asked: list[tuple[Line, str, str]] = []
        self.subjects: dict[str, str] = {}
        self.admins: list[str] = []
        self.online: list[bool] = []

    def times(self) -> Counter[str]:
        return Counter(self.arrived)

    async def tell(self, line: Line, *events: AnyTold) -> None:
        await self.host.told(line, events)

    async def start(self, line: Line, opening: Opening) -> None:
        if self.broken:
            raise Lost
        self.started.append(line)
        self.lines[line] = opening

    async def stop(self, line: Line) -> None:
        self.stopped.append(line)
        self.lines.pop(line, None)

    async def logout(self, line: Line) -> None:
        self.left.append(line)

    async def send(self, line: Line, jid: str, letter: Letter) -> Taken | Refused:
        step = self.script.pop(0) if self.script else "taken"
        if line not in self.lines or step == "not_sent":
            raise NotSent
        if isinstance(step, int):
            return Refused(step)
        if step != "lost_before":
            self.arrived.append(letter.id)
            self.shown.add(letter.id)
        if step in ("lost_before", "lost_after"):
            raise Lost
        if step == "silent":
            await asyncio.Event().wait()
        return Taken()

    async def find(self, line: Line, numbers: Sequence[str]) -> dict[str, str]:
        if line not in self.lines:
            raise NotSent
        if self.deaf:
            raise Lost
        return {number: f"{number.lstrip('+')}@s.whatsapp.net" for number in numbers if number not in self.absent}

    async def uploads(self, line: Line) -> Uploads:
        if line not in self.lines:
            raise NotSent
        self.granted += 1
        return Uploads(["media.whatsapp.net"], f"right-{self.granted}", 3600)

    async def mark_read(self, line: Line, chat: str, message_ids: Sequence[str]) -> None:
        if self.deaf:
            raise Lost
        self.read += [(chat, one) for one in message_ids]

    async def show(self, line: Line, chat: str, what: Literal["typing", "nothing"]) -> None:
        if self.deaf:
            raise Lost
        self.typed.append((chat, what))

    async def watch(self, line: Line, chat: str, seconds: float) -> None:
        if line not in self.lines:
            raise NotSent
        self.watched.append(chat)

    async def group(self, line: Line, chat: str) -> Group:
        return Group(self.subjects.get(chat, ""), self.admins)

    async def available(self, line: Line, on: bool) -> None:
        self.online.append(on)

    async def history(self, line: Line, chat: str, message_id: str, at: datetime, count: int) -> None:
        self.asked.append((line, chat, message_id))

    async def close(self) -> None:
        self.lines.clear()
